"""The network that acts: that of a trained policy of Stable-Baselines3, in PyTorch alone."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from itertools import pairwise

import torch
from torch import Tensor, nn

__all__ = ["ACTIVATIONS", "CLIP", "ActorNetwork", "ActorSpec", "Normaliser"]

ACTIVATIONS: Mapping[str, type[nn.Module]] = {"tanh": nn.Tanh, "relu": nn.ReLU, "elu": nn.ELU, "silu": nn.SiLU}
"""Activation functions by name."""

CLIP = 10.0
"""Standard deviations from the mean at which a normalised observation is clipped."""

_IMAGE_DIMENSIONS = 3


@dataclass(frozen=True, kw_only=True)
class ActorSpec:
    """What an actor network is made of."""

    observations: Mapping[str, tuple[int, ...]]
    """Shapes of the observations by key, in the order in which their features are concatenated; ``(H, W, C)`` are
    uint8 images."""
    actions: int
    """Number of elements of an action."""
    layers: tuple[int, ...]
    """Sizes of the hidden layers."""
    activation: str
    """Activation function of the hidden layers, by name."""
    squashed: bool
    """Whether actions are the hyperbolic tangent of the output (SAC, TQC), rather than the output clipped to
    [-1, 1] (PPO)."""
    image_features: int = 256
    """Number of features of an image."""
    normalised: tuple[str, ...] = ()
    """Observations that are normalised by the mean and standard deviation that they had in the training, by key."""

    def is_image(self, key: str) -> bool:
        """Whether an observation is an image."""
        return len(self.observations[key]) == _IMAGE_DIMENSIONS


class ActorNetwork(nn.Module):
    """From batches of observations to deterministic actions in [-1, 1].

    Images pass the convolutions of Stable-Baselines3's ``NatureCNN``; vectors are normalised or taken as they are.
    """

    def __init__(self, spec: ActorSpec) -> None:
        """Make the layers, with arbitrary weights."""
        super().__init__()
        self.spec = spec
        self.extractors, self.normalisers = nn.ModuleDict(), nn.ModuleDict()
        features = 0
        for key, shape in spec.observations.items():
            if spec.is_image(key):
                self.extractors[key] = _ImageFeatures(shape, spec.image_features)
                features += spec.image_features
            else:
                features += torch.Size(shape).numel()
        for key in spec.normalised:
            self.normalisers[key] = Normaliser(spec.observations[key])
        sizes, activation = (features, *spec.layers), ACTIVATIONS[spec.activation]
        self.hidden = nn.Sequential(*(part for n, m in pairwise(sizes) for part in (nn.Linear(n, m), activation())))
        self.output = nn.Linear(sizes[-1], spec.actions)

    def forward(self, observations: Mapping[str, Tensor]) -> Tensor:
        """``(N, actions)`` from observations ``(N, *shape)`` by key; others are ignored."""
        features = torch.cat([self._features(key, observations[key]) for key in self.spec.observations], dim=1)
        output: Tensor = self.output(self.hidden(features))
        return torch.tanh(output) if self.spec.squashed else output.clamp(-1.0, 1.0)

    def _features(self, key: str, value: Tensor) -> Tensor:
        if key in self.extractors:
            features: Tensor = self.extractors[key](value.permute(0, 3, 1, 2).float() / 255.0)
            return features
        value = value.float()
        return (self.normalisers[key](value) if key in self.normalisers else value).flatten(1)


class Normaliser(nn.Module):
    """Subtracts a mean and divides by a standard deviation, as Stable-Baselines3's ``VecNormalize`` does.

    Attributes:
        mean: Mean, of the shape of an observation.
        std: Standard deviation, of the same shape.
    """

    mean: Tensor
    std: Tensor

    def __init__(self, shape: tuple[int, ...]) -> None:
        """Normalise observations of a shape, by zero and one."""
        super().__init__()
        self.register_buffer("mean", torch.zeros(shape))
        self.register_buffer("std", torch.ones(shape))

    def forward(self, value: Tensor) -> Tensor:
        """Observations ``(N, *shape)`` in standard deviations, clipped."""
        return ((value - self.mean) / self.std).clamp(-CLIP, CLIP)


class _ImageFeatures(nn.Module):
    """``NatureCNN``, with its names."""

    def __init__(self, shape: tuple[int, ...], features: int) -> None:
        super().__init__()
        height, width, channels = shape
        self.cnn = nn.Sequential(
            nn.Conv2d(channels, 32, 8, stride=4), nn.ReLU(),
            nn.Conv2d(32, 64, 4, stride=2), nn.ReLU(),
            nn.Conv2d(64, 64, 3, stride=1), nn.ReLU(),
            nn.Flatten(),
        )  # fmt: skip
        for kernel, stride in ((8, 4), (4, 2), (3, 1)):
            height, width = ((size - kernel) // stride + 1 for size in (height, width))
        self.linear = nn.Sequential(nn.Linear(64 * height * width, features), nn.ReLU())

    def forward(self, planes: Tensor) -> Tensor:
        features: Tensor = self.linear(self.cnn(planes))
        return features
