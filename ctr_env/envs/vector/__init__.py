"""Vector environments: physics in threads, images from worker processes, one batched estimator."""

from .vector_env import GraspVectorEnv, ReachGoalVectorEnv, ReachVectorEnv, ServoVectorEnv

__all__ = ["GraspVectorEnv", "ReachGoalVectorEnv", "ReachVectorEnv", "ServoVectorEnv"]
