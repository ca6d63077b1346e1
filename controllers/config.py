"""Settings of the position-based controller."""

from __future__ import annotations

from dataclasses import dataclass

from ctr_env.runs.configuration import require_choice

from .features import FEATURES
from .servo_config import ServoControllerConfig

__all__ = ["PBVSConfig"]


@dataclass(frozen=True, kw_only=True)
class PBVSConfig(ServoControllerConfig):
    """Settings of :class:`~ctr_env.controllers.PBVSController`.

    Raises:
        ConfigurationError: If a value is out of its range or a name is unknown; the message lists what is valid.
    """

    feature: str = "cartesian"
    """``"cartesian"``: the gripper moves straight to its goal. ``"image"``: the goal moves straight in the image of a
    camera on the gripper."""

    def __post_init__(self) -> None:
        """Check every value."""
        require_choice("PBVSConfig.feature", self.feature, tuple(FEATURES))
        super().__post_init__()
