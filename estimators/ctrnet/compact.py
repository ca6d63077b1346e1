"""The package's own architecture: camera rate on two CPU cores, a predicted scale for every keypoint."""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.nn import functional

from .decoding import soft_argmax
from .output import NetworkOutput

__all__ = ["CompactNet"]

_WIDTHS = (48, 96, 192, 288)
_BLOCKS = (1, 2, 3, 2)
_DECODER = 64
_MASK_CELLS = 4  # mask pixels per decoder cell and axis


class CompactNet(nn.Module):
    """A residual trunk of dense 3x3 convolutions, a top-down path to a quarter of the input's resolution, three heads.

    Dense convolutions use a CPU's matrix units better than depthwise ones. The mask head predicts 4x4
    pixels per cell (no upsampling blur at thin links). Keypoints are spatial soft-argmaxes of heatmaps; their
    confidence and scale are read from the features below each heatmap.

    Args:
        n_keypoints: Number of keypoints.
    """

    def __init__(self, n_keypoints: int) -> None:
        super().__init__()
        stem = _WIDTHS[0] // 2
        self.stem = nn.Sequential(_conv(6, stem, stride=2), _conv(stem, _WIDTHS[0], stride=2))
        stages, incoming = [], _WIDTHS[0]
        for i, (width, blocks) in enumerate(zip(_WIDTHS, _BLOCKS, strict=True)):
            layers = [_Residual(incoming if b == 0 else width, width, 2 if b == 0 and i else 1) for b in range(blocks)]
            stages.append(nn.Sequential(*layers))
            incoming = width
        self.stages = nn.ModuleList(stages)
        self.context = _Context(_WIDTHS[-1])
        self.lateral = nn.ModuleList(_conv(width, _DECODER, kernel=1) for width in _WIDTHS)
        self.merge = nn.ModuleList(_conv(_DECODER, _DECODER) for _ in _WIDTHS[:-1])
        self.mask = nn.Sequential(_conv(_DECODER, 48), nn.Conv2d(48, _MASK_CELLS**2, 1))
        self.heatmap = nn.Sequential(_conv(_DECODER, _DECODER), nn.Conv2d(_DECODER, n_keypoints, 1))
        self.descriptor = nn.Linear(2 * _DECODER, 64)
        self.judge = nn.Parameter(torch.randn(n_keypoints, 64, 2) * 0.02)
        self.judge_bias = nn.Parameter(torch.tensor([0.0, 1.0]).repeat(n_keypoints, 1))

    def forward(self, images: Tensor, priors: Tensor | None = None) -> NetworkOutput:
        """Mask and keypoints of images.

        Args:
            images: ``(B, 3, H, W)`` normalised RGB; H and W must be multiples of 4.
            priors: ``(B, 3, H, W)`` rendered pose priors, 0 to 1 (see :mod:`.pose_prior`); ``None``: black.

        Returns:
            Everything in pixels of the input.
        """
        priors = torch.zeros_like(images) if priors is None else priors
        levels, features = [], self.stem(torch.cat([images, priors], dim=1))
        for stage in self.stages:
            features = stage(features)
            levels.append(features)
        top = self.context(levels.pop())
        features = self.lateral[-1](top)
        for i in reversed(range(len(levels))):
            size = levels[i].shape[-2:]
            features = functional.interpolate(features, size=size, mode="bilinear", align_corners=False)
            features = self.merge[i](features + self.lateral[i](levels[i]))
        mask = functional.pixel_shuffle(self.mask(features), _MASK_CELLS)
        heatmaps = self.heatmap(features)
        height, width = images.shape[-2:]
        confidence, log_scale = self._judge(features, heatmaps)
        return NetworkOutput(mask, soft_argmax(heatmaps.float(), (width, height)), confidence, log_scale, heatmaps)

    def _judge(self, features: Tensor, heatmaps: Tensor) -> tuple[Tensor, Tensor]:
        """``(B, K)`` logit of the confidence and log scale (px), from the features that each heatmap points at."""
        weights = heatmaps.float().flatten(2).softmax(dim=-1).to(features.dtype)  # (B, K, h w)
        flat = features.flatten(2).transpose(1, 2)  # (B, h w, C)
        local = weights @ flat
        everywhere = flat.mean(dim=1, keepdim=True).expand_as(local)
        hidden = functional.relu(self.descriptor(torch.cat([local, everywhere], dim=-1)))
        judged = torch.einsum("bkc,kco->bko", hidden.float(), self.judge.float()) + self.judge_bias.float()
        return judged[..., 0], judged[..., 1]


class _Residual(nn.Module):
    def __init__(self, incoming: int, width: int, stride: int) -> None:
        super().__init__()
        self.first = _conv(incoming, width, stride=stride)
        self.second = nn.Sequential(nn.Conv2d(width, width, 3, padding=1, bias=False), nn.BatchNorm2d(width))
        self.shortcut: nn.Module = nn.Identity()
        if stride != 1 or incoming != width:
            self.shortcut = nn.Sequential(
                nn.Conv2d(incoming, width, 1, stride=stride, bias=False), nn.BatchNorm2d(width)
            )

    def forward(self, features: Tensor) -> Tensor:
        return functional.relu(self.second(self.first(features)) + self.shortcut(features))


class _Context(nn.Module):
    """Global context: the mean of all cells is transformed and added to each."""

    def __init__(self, width: int) -> None:
        super().__init__()
        self.mix = nn.Linear(width, width)

    def forward(self, features: Tensor) -> Tensor:
        summary = self.mix(features.mean(dim=(2, 3)))
        return features + functional.relu(summary)[..., None, None]


def _conv(incoming: int, outgoing: int, kernel: int = 3, stride: int = 1) -> nn.Sequential:
    return nn.Sequential(
        nn.Conv2d(incoming, outgoing, kernel, stride=stride, padding=kernel // 2, bias=False),
        nn.BatchNorm2d(outgoing),
        nn.ReLU(inplace=True),
    )
