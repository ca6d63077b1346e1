"""Position-based visual servoing of an arm."""

from __future__ import annotations

from .config import PBVSConfig
from .features import make_feature
from .gains import AdaptiveGain
from .law import ServoLaw
from .pbvs import PoseLaw
from .servo_controller import ServoController

__all__ = ["PBVSController"]


class PBVSController(ServoController):
    """Drives the end effector to a goal pose by the errors of that pose; see :class:`ServoController`."""

    config_type = PBVSConfig
    config: PBVSConfig

    def make_law(self, gain: AdaptiveGain) -> ServoLaw:
        """The law of the pose feature that the settings name."""
        return PoseLaw(make_feature(self.config.feature), gain)
