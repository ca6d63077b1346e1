"""Vector environments: physics in threads, images from worker processes, one batched estimator."""

from .tasks import GraspVectorEnv, PushGoalVectorEnv, PushVectorEnv, ReachGoalVectorEnv, ReachVectorEnv
from .vector_env import ServoVectorEnv

__all__ = [
    "GraspVectorEnv",
    "PushGoalVectorEnv",
    "PushVectorEnv",
    "ReachGoalVectorEnv",
    "ReachVectorEnv",
    "ServoVectorEnv",
]
