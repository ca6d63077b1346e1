"""Batches of training examples, and the network inputs made of them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import torch
from torch import Tensor

from ctr_env.estimators.ctrnet.weights import WeightsHeader

from .augmentation import Example

__all__ = ["Batch", "collate", "example_tensors", "network_inputs"]


class Batch(NamedTuple):
    """Examples of one size that pass through the network together."""

    images: Tensor
    """``(B, 3, h, w)`` uint8 RGB."""
    priors: Tensor
    """``(B, 3, h, w)`` uint8 rendered pose priors."""
    masks: Tensor
    """``(B, 1, h, w)`` float32 in [0, 1]."""
    pixels: Tensor
    """``(B, K, 2)`` float32 input pixels."""
    inside: Tensor
    """``(B, K)`` bool."""
    seen: Tensor
    """``(B, K)`` bool."""
    points: Tensor
    """``(B, K, 3)`` float32 camera-frame points, metres."""
    lenses: Tensor
    """``(B, 2, 3)`` float32 from normalised, distorted camera coordinates to input pixels."""

    def to(self, device: torch.device) -> Batch:
        """The same batch on a device."""
        return Batch(*(part.to(device, non_blocking=True) for part in self))

    def rows(self, rows: slice) -> Batch:
        """Some of the examples."""
        return Batch(*(part[rows] for part in self))


def example_tensors(example: Example) -> list[Tensor]:
    """One example as tensors in the order of :class:`Batch`, without the batch dimension."""
    return [
        torch.from_numpy(example.image).permute(2, 0, 1),
        torch.from_numpy(example.prior).permute(2, 0, 1),
        torch.from_numpy(example.mask)[None].float() / 255.0,
        *map(torch.from_numpy, (example.pixels, example.inside, example.seen, example.points, example.lens)),
    ]


def collate(examples: Sequence[list[Tensor]]) -> Batch:
    """A batch of examples as :func:`example_tensors` returns them."""
    return Batch(*map(torch.stack, zip(*examples, strict=True)))


def network_inputs(batch: Batch, header: WeightsHeader) -> tuple[Tensor, Tensor]:
    """Normalised RGB and pose priors in [0, 1], both ``(B, 3, h, w)`` float32 in channels-last layout."""
    mean, std = (torch.tensor(v, device=batch.images.device)[:, None, None] for v in (header.mean, header.std))
    images, priors = (batch.images.float() / 255.0 - mean) / std, batch.priors.float() / 255.0
    layout = torch.channels_last
    return images.contiguous(memory_format=layout), priors.contiguous(memory_format=layout)
