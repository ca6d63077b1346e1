"""Vector environments of the tasks beside servoing and tracking."""

from __future__ import annotations

from ctr_env.envs.grasp import GraspEnv
from ctr_env.envs.push import PushEnv
from ctr_env.envs.push_goal import PushGoalEnv
from ctr_env.envs.reach import ReachEnv
from ctr_env.envs.reach_goal import ReachGoalEnv

from .vector_env import ServoVectorEnv

__all__ = ["GraspVectorEnv", "PushGoalVectorEnv", "PushVectorEnv", "ReachGoalVectorEnv", "ReachVectorEnv"]


class ReachVectorEnv(ServoVectorEnv):
    """:class:`ServoVectorEnv` of :class:`ReachEnv`."""

    env_type = ReachEnv


class ReachGoalVectorEnv(ServoVectorEnv):
    """:class:`ServoVectorEnv` of :class:`ReachGoalEnv`."""

    env_type = ReachGoalEnv


class GraspVectorEnv(ServoVectorEnv):
    """:class:`ServoVectorEnv` of :class:`GraspEnv`."""

    env_type = GraspEnv


class PushVectorEnv(ServoVectorEnv):
    """:class:`ServoVectorEnv` of :class:`PushEnv`."""

    env_type = PushEnv


class PushGoalVectorEnv(ServoVectorEnv):
    """:class:`ServoVectorEnv` of :class:`PushGoalEnv`."""

    env_type = PushGoalEnv
