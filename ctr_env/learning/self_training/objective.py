"""Loss on unlabelled images (paper, section 3.3, and two further terms)."""

from __future__ import annotations

import cv2
import numpy as np
import torch
from torch import Tensor
from torch.nn import functional

from ctr_env.estimators.ctrnet.output import NetworkOutput
from ctr_env.estimators.silhouette.renderer import SilhouetteRenderer
from ctr_env.learning.supervised.batch import Batch
from ctr_env.learning.supervised.loss import supervised_loss
from ctr_env.learning.supervised.pose_loss import found_poses

from .config import AdaptationConfig

__all__ = ["COARSER", "unlabelled_loss"]

_PAPER_WIDTH = 320.0  # pixels
COARSER = 2
"""Network input pixels per silhouette pixel, along each axis."""


def unlabelled_loss(
    output: NetworkOutput, batch: Batch, vertices: Tensor, renderer: SilhouetteRenderer, config: AdaptationConfig
) -> dict[str, Tensor]:
    """The loss of unlabelled images and its parts.

    * ``silhouette``: mean squared difference of the silhouette at the PnP pose and the predicted mask, without gradient
      to the mask (paper, eq. 6).
    * ``mask``: cross-entropy of the predicted mask with that silhouette, each image weighted by exp(-mean squared
      reprojection error / trust_px²) (eq. 7); silhouette and weight have no gradient, since otherwise a larger
      reprojection error would lower the loss.
    * ``distance``: mean distance of the silhouette from the predicted mask, as a share of the input's width.
    * ``pseudo``: supervised loss with the teacher's poses as labels.

    Args:
        output: Output of the network.
        batch: Images, with the teacher's poses as labels.
        vertices: ``(B, V, 3)`` mesh vertices in the camera frame at the teacher's pose, metres.
        renderer: Renders silhouettes at 1 / ``COARSER`` of the input's size.
        config: Weights of the parts.

    Returns:
        Scalars by name, with the weighted sum under ``"loss"``.
    """
    parts: dict[str, Tensor] = {}
    if config.silhouette or config.mask or config.distance:
        parts |= _by_silhouette(output, batch, vertices, renderer, config.trust_px)
    if config.pseudo:
        taught = supervised_loss(output, batch)
        parts["pseudo"] = taught["heatmap"] + 0.5 * taught["place"] + 4.0 * taught["mask"]
        parts["error_px"] = taught["error_px"]
    counting = [name for name in ("silhouette", "mask", "distance", "pseudo") if getattr(config, name)]
    total = sum(getattr(config, name) * parts[name] for name in counting)
    assert isinstance(total, Tensor)
    return {"loss": total, **parts}


def _by_silhouette(
    output: NetworkOutput, batch: Batch, vertices: Tensor, renderer: SilhouetteRenderer, trust_px: float
) -> dict[str, Tensor]:
    found = found_poses(output, batch)
    moved = vertices.double() @ found.rotation.mT + found.translation[:, None]
    drawn = renderer(*_upright(moved, batch)).float()
    logits = functional.avg_pool2d(output.mask_logits.float(), COARSER)[:, 0]
    predicted = functional.avg_pool2d(torch.sigmoid(output.mask_logits.float()), COARSER)[:, 0].detach()
    located = found.valid.float()
    images = located.sum().clamp(min=1.0)
    error_px = found.rms_px * (_PAPER_WIDTH / batch.images.shape[-1])
    trust = (torch.exp(-(error_px / trust_px).square()) * located).float().detach()
    entropy = functional.binary_cross_entropy_with_logits(logits, drawn.detach(), reduction="none").mean(dim=(1, 2))
    away = _distances(predicted)
    return {
        "silhouette": ((drawn - predicted).square().mean(dim=(1, 2)) * located).sum() / images,
        "mask": (entropy * trust).sum() / images,
        "distance": ((drawn * away).sum(dim=(1, 2)) / drawn.sum(dim=(1, 2)).clamp(min=1.0) * located).sum() / images,
    }


def _upright(vertices: Tensor, batch: Batch) -> tuple[Tensor, Tensor]:
    """Vertices and intrinsics ``(B, 4)`` of a camera whose image is the coarser input.

    The affine lens of an example may contain a rotation in the image plane, which is applied to the vertices.
    """
    linear, offset = batch.lenses[:, :, :2].double(), batch.lenses[:, :, 2].double()
    focal = torch.linalg.det(linear).abs().sqrt()
    across = vertices[..., :2] @ (linear / focal[:, None, None]).mT
    lens = torch.stack([focal, focal, offset[:, 0], offset[:, 1]], dim=1) / COARSER
    return torch.cat([across, vertices[..., 2:]], dim=-1), lens


def _distances(masks: Tensor) -> Tensor:
    """``(B, h, w)`` distance of every pixel from a mask, as a share of its width; 0 inside and for empty masks."""
    found = []
    for mask in masks.cpu().numpy():
        outside = (mask <= 0.5).astype(np.uint8)
        far = cv2.distanceTransform(outside, cv2.DIST_L2, 3) if not outside.all() else np.zeros_like(mask)
        found.append(torch.from_numpy(far / mask.shape[1]))
    return torch.stack(found).to(masks)
