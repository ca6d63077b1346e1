"""Output of a keypoint and mask network."""

from __future__ import annotations

from typing import NamedTuple

from torch import Tensor

__all__ = ["NetworkOutput"]


class NetworkOutput(NamedTuple):
    """Output of one network for a batch of images."""

    mask_logits: Tensor
    """``(B, 1, H, W)`` logits of the robot's mask, at the input's size."""
    keypoints_px: Tensor
    """``(B, K, 2)`` continuous pixels of the network's input, pixel centres at integer + 0.5."""
    confidence_logits: Tensor
    """``(B, K)`` logits of the keypoint confidence: that the image shows the robot at the predicted place."""
    log_scale: Tensor
    """``(B, K)`` log of the expected absolute error per coordinate, network-input pixels (Laplace scale)."""
    heatmap_logits: Tensor
    """``(B, K, h, w)`` logits of the keypoint locations, cell centres as in :mod:`.decoding`."""
