"""Settings of an adaptation."""

from __future__ import annotations

from dataclasses import dataclass

from ctr_env.errors import ConfigurationError
from ctr_env.runs.configuration import require_length, require_range
from ctr_env.runs.device import require_device

__all__ = ["AdaptationConfig"]


@dataclass(frozen=True, kw_only=True)
class AdaptationConfig:
    """How a network is adapted to unlabelled images.

    The first two terms are the paper's (CtRNet, arXiv 2302.14332, section 3.3); a weight of zero leaves a term out.
    """

    robot: str = "panda"
    """Robot, by name."""
    fixed_camera: bool = True
    """Whether each camera stood still, so that its images share one pose."""
    minutes: float | None = None
    """Length of the adaptation in minutes, pauses not counted."""
    steps: int | None = None
    """Length of the adaptation in optimiser steps instead."""
    silhouette: float = 1.0
    """Weight of the difference between the silhouette at PnP's pose and the predicted mask, which moves the points."""
    mask: float = 1.0
    """Weight of the cross-entropy between the predicted mask and the silhouette, which moves the mask."""
    trust_px: float = 10.0
    """Reprojection error, in pixels of a image 320 wide, at which a image counts 1/e in ``mask``."""
    distance: float = 0.0
    """Weight of the silhouette's distance from the predicted mask, for poses beyond the reach of their borders."""
    pseudo: float = 1.0
    """Weight of the points' distance from where the teacher's pose has them: that of the averaged network, aligned with
    contours, and shared by all images of a fixed camera."""
    replay_share: float = 0.5
    """Share of synthetic images in every step, so that nothing is forgotten."""
    batch: int = 16
    """Images in a step."""
    learning_rate: float = 2e-4
    """Highest learning rate; it rises in the first 5 % and falls as a cosine."""
    ema: float = 0.995
    """Decay of the averaged weights, which are the teacher and what is kept."""
    rounds: int = 5
    """How often the teacher looks at all images anew."""
    seed: int = 0
    """Seed of augmentation and synthetic images."""
    device: str = "auto"
    """Where networks run: ``auto`` (a CUDA device if there is one), ``cpu``, ``cuda`` or ``cuda:N``."""

    def __post_init__(self) -> None:
        """Check every value."""
        require_length(self)
        require_range(self, 0.0, 1e6, "silhouette", "mask", "distance", "pseudo")
        require_range(self, 1e-3, 1e6, "trust_px")
        require_range(self, 0.0, 0.9, "replay_share")
        require_range(self, 2, 4096, "batch")
        require_range(self, 1e-8, 1.0, "learning_rate")
        require_range(self, 0.0, 0.999999, "ema")
        require_range(self, 1, 1000, "rounds")
        require_range(self, 0, 99_999, "seed")
        require_device(self)
        if not any((self.silhouette, self.mask, self.distance, self.pseudo)):
            raise ConfigurationError("an adaptation needs a term: silhouette, mask, distance and pseudo are all 0")
