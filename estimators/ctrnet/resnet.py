"""ResNet-50 with output stride 8, parameter for parameter that of torchvision."""

from __future__ import annotations

from torch import Tensor, nn
from torch.nn import functional

__all__ = ["ResNet50Trunk"]

_EXPANSION = 4


class ResNet50Trunk(nn.Module):
    """The convolutional part of ResNet-50; the last two stages are dilated instead of strided.

    Parameter names and shapes are those of torchvision's ``resnet50(replace_stride_with_dilation=[False, True, True])``
    without its classifier ``fc``: 23,508,032 parameters.
    """

    out_channels = 512 * _EXPANSION

    def __init__(self) -> None:
        super().__init__()
        self.conv1 = nn.Conv2d(3, 64, 7, stride=2, padding=3, bias=False)
        self.bn1 = nn.BatchNorm2d(64)
        # A stage whose stride became a dilation still opens with the dilation of the stage before.
        self.layer1 = _stage(64, 64, blocks=3)
        self.layer2 = _stage(256, 128, blocks=4, stride=2)
        self.layer3 = _stage(512, 256, blocks=6, first_dilation=1, dilation=2)
        self.layer4 = _stage(1024, 512, blocks=3, first_dilation=2, dilation=4)
        for module in self.modules():
            if isinstance(module, nn.Conv2d):
                nn.init.kaiming_normal_(module.weight, mode="fan_out", nonlinearity="relu")

    def forward(self, images: Tensor) -> Tensor:
        """Features ``(B, 2048, ceil(H / 8), ceil(W / 8))`` of images ``(B, 3, H, W)``."""
        x = functional.relu(self.bn1(self.conv1(images)), inplace=True)
        x = functional.max_pool2d(x, 3, stride=2, padding=1)
        features: Tensor = self.layer4(self.layer3(self.layer2(self.layer1(x))))
        return features


def _stage(
    channels: int, width: int, *, blocks: int, stride: int = 1, first_dilation: int = 1, dilation: int = 1
) -> nn.Sequential:
    first = _Bottleneck(channels, width, stride, first_dilation)
    rest = (_Bottleneck(width * _EXPANSION, width, 1, dilation) for _ in range(blocks - 1))
    return nn.Sequential(first, *rest)


class _Bottleneck(nn.Module):
    """1x1, 3x3 and 1x1 convolutions beside a shortcut, which is a 1x1 convolution where the shape changes."""

    def __init__(self, channels: int, width: int, stride: int, dilation: int) -> None:
        super().__init__()
        out_channels = width * _EXPANSION
        self.conv1 = nn.Conv2d(channels, width, 1, bias=False)
        self.bn1 = nn.BatchNorm2d(width)
        self.conv2 = nn.Conv2d(width, width, 3, stride, padding=dilation, dilation=dilation, bias=False)
        self.bn2 = nn.BatchNorm2d(width)
        self.conv3 = nn.Conv2d(width, out_channels, 1, bias=False)
        self.bn3 = nn.BatchNorm2d(out_channels)
        self.downsample: nn.Sequential | None = None
        if stride != 1 or channels != out_channels:
            shortcut = nn.Conv2d(channels, out_channels, 1, stride, bias=False)
            self.downsample = nn.Sequential(shortcut, nn.BatchNorm2d(out_channels))

    def forward(self, x: Tensor) -> Tensor:
        shortcut = x if self.downsample is None else self.downsample(x)
        y = functional.relu(self.bn1(self.conv1(x)), inplace=True)
        y = functional.relu(self.bn2(self.conv2(y)), inplace=True)
        return functional.relu(self.bn3(self.conv3(y)) + shortcut, inplace=True)
