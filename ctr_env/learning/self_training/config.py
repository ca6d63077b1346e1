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
    """Whether each camera is static, so that its images share one pose."""
    minutes: float | None = None
    """Length of the adaptation in minutes, interruptions not counted."""
    steps: int | None = None
    """Length of the adaptation in optimiser steps instead."""
    silhouette: float = 1.0
    """Weight of the difference between the silhouette at the PnP pose and the predicted mask; its gradient reaches the
    keypoints."""
    mask: float = 1.0
    """Weight of the cross-entropy between the predicted mask and the silhouette; its gradient reaches the mask."""
    trust_px: float = 10.0
    """Reprojection error, in pixels of an image 320 wide, at which the weight of an image in ``mask`` is 1/e."""
    distance: float = 0.0
    """Weight of the distance of the silhouette from the predicted mask, for poses at which they do not overlap."""
    pseudo: float = 1.0
    """Weight of the supervised loss on pseudo-labels: poses of the averaged network after contour alignment, shared by
    all images of a static camera."""
    replay_share: float = 0.5
    """Share of labelled synthetic images in every step, against forgetting."""
    batch: int = 16
    """Images in a step."""
    learning_rate: float = 2e-4
    """Peak learning rate; it is reached after 5 % of the adaptation and then decays as a cosine."""
    ema: float = 0.995
    """Decay of the exponential moving average of the weights, which is the teacher and the result."""
    rounds: int = 5
    """Number of times that the teacher poses all images again."""
    patience: int = 0
    """Number of evaluations in a row without a better score after which the adaptation ends; 0: it does not."""
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
        require_range(self, 0, 1000, "patience")
        require_range(self, 0, 99_999, "seed")
        require_device(self)
        if not any((self.silhouette, self.mask, self.distance, self.pseudo)):
            raise ConfigurationError("an adaptation needs a term: silhouette, mask, distance and pseudo are all 0")
