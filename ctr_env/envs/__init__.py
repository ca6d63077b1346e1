"""Servoing environments and their parts."""

from .config import ACTION_MODES, OBSERVATION_PARTS, ServoConfig
from .servo_env import ServoEnv

__all__ = ["ACTION_MODES", "OBSERVATION_PARTS", "ServoConfig", "ServoEnv"]
