"""The servoing environments and what they are made of."""

from .config import ACTION_MODES, OBSERVATION_PARTS, ServoConfig
from .servo_env import ServoEnv

__all__ = ["ACTION_MODES", "OBSERVATION_PARTS", "ServoConfig", "ServoEnv"]
