"""Servoing environments and their parts."""

from .config import ACTION_MODES, OBSERVATION_PARTS, ServoConfig
from .grasp import GraspEnv
from .push import PushEnv
from .push_goal import PushGoalEnv
from .reach import ReachEnv
from .reach_goal import ReachGoalEnv
from .servo_env import ServoEnv

__all__ = [
    "ACTION_MODES",
    "OBSERVATION_PARTS",
    "GraspEnv",
    "PushEnv",
    "PushGoalEnv",
    "ReachEnv",
    "ReachGoalEnv",
    "ServoConfig",
    "ServoEnv",
]
