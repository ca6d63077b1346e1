"""Supervised loss: heatmaps, sub-pixel keypoints with calibrated scales, confidence, mask."""

from __future__ import annotations

import torch
from torch import Tensor
from torch.nn import functional

from ctr_env.estimators.ctrnet.decoding import cell_centres
from ctr_env.estimators.ctrnet.output import NetworkOutput

from .batch import Batch

__all__ = ["supervised_loss"]

_SPREAD_CELLS = 1.0  # standard deviation of target heatmaps
_WEIGHTS = {"heatmap": 1.0, "place": 0.5, "confidence": 0.5, "mask": 8.0}
_LOG_SCALE = (-3.0, 5.0)


def supervised_loss(output: NetworkOutput, batch: Batch) -> dict[str, Tensor]:
    """The loss of a batch and its parts.

    * ``heatmap``: cross-entropy with a Gaussian around the true point, for points inside the input;
    * ``place``: negative log-likelihood of the soft-argmax under a Laplace distribution with the predicted scale
      (Kendall and Gal, 2017); PnP weights keypoints by these scales;
    * ``confidence``: binary cross-entropy with "inside the input and not occluded";
    * ``mask``: binary cross-entropy and soft Dice.

    Returns:
        Scalars by name, with the weighted sum under ``"loss"``.
    """
    width, height = batch.images.shape[-1], batch.images.shape[-2]
    inside = batch.inside.float()
    count = inside.sum().clamp(min=1.0)
    parts = {
        "heatmap": (_heatmap(output.heatmap_logits.float(), batch.pixels, width, height) * inside).sum() / count,
        "place": (_place(output, batch.pixels) * inside).sum() / count,
        "confidence": functional.binary_cross_entropy_with_logits(output.confidence_logits.float(), batch.seen.float()),
        "mask": _mask(output.mask_logits.float(), batch.masks),
    }
    total = sum(_WEIGHTS[name] * value for name, value in parts.items())
    assert isinstance(total, Tensor)
    with torch.no_grad():
        error = torch.linalg.vector_norm(output.keypoints_px - batch.pixels, dim=-1)
        seen = batch.seen.float()
        parts["error_px"] = (error * seen).sum() / seen.sum().clamp(min=1.0)
    return {"loss": total, **parts}


def _heatmap(logits: Tensor, pixels: Tensor, width: int, height: int) -> Tensor:
    """``(B, K)`` cross-entropies; the target factorises over columns and rows."""
    rows, columns = logits.shape[-2:]
    across = _gaussian(cell_centres(columns, width, logits.device), pixels[..., 0], _SPREAD_CELLS * width / columns)
    down = _gaussian(cell_centres(rows, height, logits.device), pixels[..., 1], _SPREAD_CELLS * height / rows)
    expected = torch.einsum("bkhw,bkh,bkw->bk", logits, down, across)
    return torch.logsumexp(logits.flatten(2), dim=-1) - expected


def _gaussian(centres: Tensor, at: Tensor, spread: float) -> Tensor:
    """``(B, K, n)`` normalised Gaussians sampled at cell centres."""
    return torch.softmax(-0.5 * ((centres - at[..., None]) / spread) ** 2, dim=-1)


def _place(output: NetworkOutput, pixels: Tensor) -> Tensor:
    """``(B, K)`` mean over x and y of the Laplace negative log-likelihood."""
    log_scale = output.log_scale.float().clamp(*_LOG_SCALE)
    error = (output.keypoints_px.float() - pixels).abs().mean(dim=-1)
    return log_scale + error * torch.exp(-log_scale)


def _mask(logits: Tensor, masks: Tensor) -> Tensor:
    entropy = functional.binary_cross_entropy_with_logits(logits, masks)
    share = torch.sigmoid(logits)
    overlap = (share * masks).sum(dim=(1, 2, 3))
    total = (share + masks).sum(dim=(1, 2, 3))
    dice = 1.0 - (2.0 * overlap + 1.0) / (total + 1.0)
    return entropy + 0.25 * dice.mean()
