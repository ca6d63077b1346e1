"""The paper's architecture: DeepLabv3 on ResNet-50 with a mask head and a keypoint head."""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.nn import functional

from .decoding import cell_centres, expected_deviation, expected_position, mass_near, spatial_softmax
from .output import NetworkOutput
from .resnet import ResNet50Trunk

__all__ = ["DeepLabResNet50"]

_CONFIDENCE_RADIUS_CELLS = 4.0
"""A disc of some 50 cells; the authors' later code sums the 40 likeliest ones."""


class DeepLabResNet50(nn.Module):
    """DeepLabv3/ResNet-50 whose parameters have the names and shapes of the authors' public checkpoints.

    *Keypoints.* The authors' soft-argmax puts the first and the last cell of a heatmap on the image's edges, 0 and W;
    their weights were trained under that rule and give correct pixels only with it. This network
    therefore decodes keypoints by it: x = E[j] W / (w - 1). With cells that tile the image, the rule of
    :func:`~ctr_env.estimators.ctrnet.decoding.soft_argmax`, the same heatmap reads x' = (E[j] + 0.5) W / w, so that
    x = W/2 + (x' - W/2) w / (w - 1): a stretch about the centre by 2 px at the edges of 320. The pixels themselves
    need no shift: the labels (DREAM's) have a centred camera's principal point at W / 2, as pixel centres at
    integer + 0.5 demand. The heatmaps that are *returned* are resampled to cells that tile the image, so that
    losses and drawings use one rule.

    *Confidence and scale.* The network has no heads for them; both are read off the heatmap and are not calibrated:
    the confidence is the probability within four cells (16 px) of the keypoint, low where the map is flat or has two
    peaks; the scale is the map's mean absolute deviation per coordinate, never below that of one cell (1 px).

    Args:
        n_keypoints: Number of keypoints, K.
    """

    def __init__(self, n_keypoints: int = 7) -> None:
        super().__init__()
        # The names, spelling included, and the one-element containers are the authors'.
        self.backbone = nn.Sequential(ResNet50Trunk())
        self.read_out = _KeypointHead(ResNet50Trunk.out_channels, n_keypoints)
        self.classifer = nn.Sequential(_MaskHead(ResNet50Trunk.out_channels))

    def forward(self, images: Tensor, priors: Tensor | None = None) -> NetworkOutput:
        """Mask and keypoints of ``images (B, 3, H, W)``, normalised RGB."""
        height, width = images.shape[-2:]
        features = self.backbone(images)
        mask = functional.interpolate(self.classifer(features), (height, width), mode="bilinear", align_corners=False)
        heatmap = self.read_out(features).float()  # half precision does not resolve pixels
        return NetworkOutput(mask, *_decode(heatmap, (width, height)), _to_tiling_cells(heatmap))


def _decode(heatmap: Tensor, input_size: tuple[int, int]) -> tuple[Tensor, Tensor, Tensor]:
    """Keypoints ``(B, K, 2)``, confidence logits and log scales ``(B, K)`` under the authors' rule."""
    columns, rows = (
        torch.linspace(0.0, length, cells, device=heatmap.device)
        for length, cells in zip(input_size, (heatmap.shape[-1], heatmap.shape[-2]), strict=True)
    )
    cell_px = input_size[0] / heatmap.shape[-1]
    probabilities = spatial_softmax(heatmap)
    points = expected_position(probabilities, columns, rows)
    mass = mass_near(probabilities, columns, rows, points, _CONFIDENCE_RADIUS_CELLS * cell_px)
    scale = expected_deviation(probabilities, columns, rows, points)
    # A map does not resolve locations within one cell; their mean absolute distance from its centre is a quarter cell.
    return points, torch.logit(mass, eps=1e-4), torch.log(scale.clamp(min=cell_px / 4))


def _to_tiling_cells(heatmap: Tensor) -> Tensor:
    """The same map, sampled where the centres of cells that tile the image lie."""
    rows, columns = (cell_centres(cells, 2, heatmap.device) - 1.0 for cells in heatmap.shape[-2:])
    grid = torch.stack(torch.meshgrid(columns, rows, indexing="xy"), dim=-1)
    # align_corners is the authors' rule: -1 and 1 are the centres of the first and the last cell.
    return functional.grid_sample(heatmap, grid.expand(len(heatmap), *grid.shape), align_corners=True)


class _KeypointHead(nn.Module):
    """One transposed convolution to twice the resolution: ``(B, C, h, w)`` to ``(B, K, 2 h, 2 w)``."""

    def __init__(self, channels: int, n_keypoints: int) -> None:
        super().__init__()
        self.kps_score_lowres = nn.ConvTranspose2d(channels, n_keypoints, 4, stride=2, padding=1)
        nn.init.kaiming_normal_(self.kps_score_lowres.weight, mode="fan_out", nonlinearity="relu")
        nn.init.zeros_(self.kps_score_lowres.bias)  # type: ignore[arg-type]  # it has one

    def forward(self, features: Tensor) -> Tensor:
        heatmap: Tensor = self.kps_score_lowres(features)
        return heatmap


class _MaskHead(nn.Sequential):
    """DeepLabv3's head with one output channel: ``(B, C, h, w)`` to ``(B, 1, h, w)``."""

    def __init__(self, channels: int) -> None:
        context = _PyramidPooling(channels, 256)
        super().__init__(context, *_convolution(256, 256, 3, dilation=1), nn.Conv2d(256, 1, 1))


class _PyramidPooling(nn.Module):
    """Atrous spatial pyramid pooling: the same features at four dilations and averaged over the image."""

    def __init__(self, channels: int, out_channels: int) -> None:
        super().__init__()
        branches = [nn.Sequential(*_convolution(channels, out_channels, 1, dilation=1))]
        branches += [nn.Sequential(*_convolution(channels, out_channels, 3, dilation)) for dilation in (12, 24, 36)]
        branches += [nn.Sequential(nn.AdaptiveAvgPool2d(1), *_convolution(channels, out_channels, 1, dilation=1))]
        self.convs = nn.ModuleList(branches)
        joined = _convolution(len(branches) * out_channels, out_channels, 1, dilation=1)
        self.project = nn.Sequential(*joined, nn.Dropout(0.5))

    def forward(self, features: Tensor) -> Tensor:
        branches = [branch(features) for branch in self.convs]
        branches[-1] = branches[-1].expand_as(branches[0])  # one average for the whole image
        projected: Tensor = self.project(torch.cat(branches, dim=1))
        return projected


def _convolution(channels: int, out_channels: int, kernel: int, dilation: int) -> tuple[nn.Module, ...]:
    padding = dilation * (kernel // 2)
    convolution = nn.Conv2d(channels, out_channels, kernel, padding=padding, dilation=dilation, bias=False)
    return convolution, nn.BatchNorm2d(out_channels), nn.ReLU()
