"""Pushing in the layout of goal environments."""

from __future__ import annotations

import numpy as np

from .goal_layout import GoalLayout, Positions
from .push import PushEnv

__all__ = ["PushGoalEnv"]


class PushGoalEnv(GoalLayout, PushEnv):
    """:class:`PushEnv` with observations of ``observation``, ``achieved_goal`` and ``desired_goal``.

    Goals are ``(3,)`` positions in the base frame, metres: the achieved one is that of the block, the desired one its
    goal. With ``obs_mode="estimate"`` both are by the newest valid estimate; until there is one, the block counts as at
    the origin and the goal as at the gripper in the home configuration. With ``"state"`` both are true. The reward
    follows from the two alone (dense: minus their distance); ``info["is_success"]`` tells the truth. ``observation``
    has the measured joint positions and velocities, the block minus the gripper (``apparent_block_offset``, or
    ``block_offset``) and, with ``"estimate"``, standard deviations, validity and age of the estimate.
    """

    keys = {
        "estimate": ("apparent_block_offset", "estimate_std", "estimate_valid", "estimate_age"),
        "state": ("block_offset",),
    }
    parts = {"estimate": "estimate+apparent", "state": "state"}

    def _true_goals(self) -> Positions:
        return self._block_now.base_T_goal_matrix[:3, 3], self.snapshot.base_T_goal_matrix[:3, 3]

    def _believed_goals(self) -> Positions:
        block, goal = self._block_errors.base_T_goal, self._errors.base_T_goal
        if block is None or goal is None:
            return np.zeros(3), self._home
        return block.translation, goal.translation
