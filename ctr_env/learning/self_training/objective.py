"""What an adaptation minimises on images without labels."""

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
"""Times fewer pixels of silhouettes than of the network's input, per axis."""


def unlabelled_loss(
    output: NetworkOutput, batch: Batch, vertices: Tensor, renderer: SilhouetteRenderer, config: AdaptationConfig
) -> dict[str, Tensor]:
    """The loss of unlabelled images and its parts.

    * ``silhouette``: mean squared difference of the silhouette at PnP's pose and the predicted mask, which is held
      still: it moves the points (paper, eq. 6).
    * ``mask``: cross-entropy of the predicted mask with that silhouette, held still, each image weighted by
      exp(-mean squared reprojection error / trust_px²), held still too: or else it would pay to fit badly (eq. 7).
    * ``distance``: mean distance, in parts of the input's width, of the silhouette from the predicted mask.
    * ``pseudo``: what a supervised training makes of the teacher's poses.

    Args:
        output: What the network says.
        batch: Images, with the teacher's poses as labels.
        vertices: ``(B, V, 3)`` the robot's surface in the camera frame where the teacher has it, metres.
        renderer: Draws the silhouettes, ``COARSER`` times smaller than the input.
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
    drawn = renderer(*_straight(moved, batch)).float()
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


def _straight(vertices: Tensor, batch: Batch) -> tuple[Tensor, Tensor]:
    """Vertices and intrinsics ``(B, 4)`` of a camera whose image is the coarser input.

    The lens of an example may turn the image: the turn is made part of the vertices.
    """
    linear, offset = batch.lenses[:, :, :2].double(), batch.lenses[:, :, 2].double()
    focal = torch.linalg.det(linear).abs().sqrt()
    across = vertices[..., :2] @ (linear / focal[:, None, None]).mT
    lens = torch.stack([focal, focal, offset[:, 0], offset[:, 1]], dim=1) / COARSER
    return torch.cat([across, vertices[..., 2:]], dim=-1), lens


def _distances(masks: Tensor) -> Tensor:
    """``(B, h, w)`` distance of every pixel from a mask, in parts of its width; 0 in it, and where it is empty."""
    found = []
    for mask in masks.cpu().numpy():
        outside = (mask <= 0.5).astype(np.uint8)
        far = cv2.distanceTransform(outside, cv2.DIST_L2, 3) if not outside.all() else np.zeros_like(mask)
        found.append(torch.from_numpy(far / mask.shape[1]))
    return torch.stack(found).to(masks)
