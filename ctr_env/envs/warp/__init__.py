"""Thousands of environments on one device: MuJoCo Warp's physics and images, the estimator and control beside them."""

from .reach_env import WarpReachEnv
from .servo_env import WarpServoEnv

__all__ = ["WarpReachEnv", "WarpServoEnv"]
