"""Reaching in the layout of goal environments."""

from __future__ import annotations

from .goal_layout import GoalLayout, Positions

__all__ = ["ReachGoalEnv"]


class ReachGoalEnv(GoalLayout):
    """:class:`ReachEnv` with observations of ``observation``, ``achieved_goal`` and ``desired_goal``.

    Goals are ``(3,)`` positions in the base frame, metres. With ``obs_mode="estimate"`` the achieved one is that of the
    gripper by the encoders, the desired one that of the goal by the newest valid estimate; until there is one, that of
    the gripper in the home configuration. With ``"state"`` both are true. The reward is computed from the two, so that
    a replay buffer can compute it for other goals; with ``"estimate"`` a real robot could compute it as well, while
    ``info["is_success"]`` tells the truth. ``observation`` has the measured joint positions and velocities and, with
    ``"estimate"``, standard deviations, validity and age of the estimate.
    """

    keys = {"estimate": ("estimate_std", "estimate_valid", "estimate_age"), "state": ()}

    def _true_goals(self) -> Positions:
        now = self.snapshot
        return now.base_T_ee_matrix[:3, 3], now.base_T_goal.translation

    def _believed_goals(self) -> Positions:
        goal = self._errors.base_T_goal
        gripper = self.kinematics.ee_matrix(self.snapshot.joint_positions)[:3, 3]
        return gripper, self._home if goal is None else goal.translation
