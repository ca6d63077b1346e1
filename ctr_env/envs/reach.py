"""Reaching: bring the gripper to a point, or keep it there while the point and the camera move."""

from __future__ import annotations

import math
from numbers import Real
from typing import Any

from ctr_env.errors import ConfigurationError
from ctr_env.runs.configuration import require_choice

from .objective import Objective
from .servo_env import ServoEnv

__all__ = ["PROGRESS", "REWARDS", "ReachEnv", "ReachObjective", "check_reaching"]

REWARDS = ("dense", "sparse")
"""Kinds of reward that depend on the errors of one instant."""

PROGRESS = "progress"
"""The kind that depends on the change of the errors since the last step."""


def check_reaching(reward: Any = "dense", tolerance_m: Any = 0.01, difficulty: Any = 1.0) -> None:
    """Check arguments of :class:`ReachEnv`.

    Raises:
        ConfigurationError: If the reward is unknown or a value out of its range.
    """
    require_choice("reward", reward, (*REWARDS, PROGRESS))
    for name, value, unit in (("tolerance_m", tolerance_m, " metres"), ("difficulty", difficulty, "")):
        if not (isinstance(value, Real) and 0.0 < float(value) <= 1.0):
            raise ConfigurationError(f"{name} must lie in (0, 1]{unit}, not {value!r}")


class ReachObjective:
    """The position of the goal alone."""

    def __init__(self, kind: str, tolerance_m: float) -> None:
        """Reward by one of :data:`REWARDS` or by progress; errors below a tolerance (m) are a success."""
        self._kind, self._tolerance_m = kind, tolerance_m
        self._before, self._now = 0.0, 0.0

    def reward(self, position_error_m: float, rotation_error_rad: float) -> float:
        """Minus the true position error (m); sparse: 0 within the tolerance, else -1; progress: its decrease."""
        if self._kind == "sparse":
            return -float(position_error_m >= self._tolerance_m)
        if self._kind == PROGRESS:
            return float(self._before - position_error_m)
        return -float(position_error_m)

    def success(self, time_s: float, position_error_m: float, rotation_error_rad: float) -> bool:
        """Record the true position error; whether it is below the tolerance now."""
        self._before, self._now = self._now, position_error_m
        return position_error_m < self._tolerance_m


class ReachEnv(ServoEnv):
    """Reach a point that is known in the camera frame; the orientation of the gripper is free.

    The arm, the camera, the estimator and the meaning of actions are those of :class:`ServoEnv`, whose arguments it
    takes. Its reward and its success are of position alone, and by default it observes the error by the newest estimate
    (``obs_mode="estimate+apparent"``) and acts by twists of the gripper.

    Attributes:
        reward_kind: ``"dense"``, ``"sparse"`` or ``"progress"``.
        tolerance_m: Position error of success, metres.
    """

    task_arguments: tuple[str, ...] = ("reward", "tolerance_m", "difficulty")

    def __init__(
        self,
        render_mode: str | None = None,
        *,
        reward: str = "dense",
        tolerance_m: float = 0.01,
        difficulty: float = 1.0,
        obs_mode: str = "estimate+apparent",
        action_mode: str = "ee_twist",
        **settings: Any,
    ) -> None:
        """Make an environment.

        Args:
            render_mode: See :class:`ServoEnv`.
            reward: ``"dense"``: minus the true position error (m); ``"sparse"``: 0 within the tolerance, else -1;
                ``"progress"``: how much the true position error has fallen since the last step (m). It ranks policies
                as ``"dense"`` does, since the discounted sum of decreases is the first error minus ``1 - gamma`` times
                the discounted sum of errors, and shows at once what an action was worth.
            tolerance_m: True position error below which a step is a success, metres.
            difficulty: Share of the distance between start and goal, in (0, 1]: 1 is the whole task. It can be set
                between episodes, as a curriculum does.
            obs_mode: See :class:`ServoEnv`.
            action_mode: See :class:`ServoEnv`.
            settings: Further arguments of :class:`ServoEnv`.

        Raises:
            ConfigurationError: If a name is unknown or a value out of its range.
        """
        check_reaching(reward, tolerance_m, difficulty)
        self.reward_kind, self.tolerance_m = reward, tolerance_m
        super().__init__(render_mode, obs_mode=obs_mode, action_mode=action_mode, **settings)
        self.difficulty = difficulty

    @property
    def difficulty(self) -> float:
        """Share of the distance between start and goal, from the next reset on."""
        return self._world.goal_scale

    @difficulty.setter
    def difficulty(self, value: float) -> None:
        check_reaching(difficulty=value)
        self._world.goal_scale = value

    @property
    def tolerances(self) -> tuple[float, float] | None:
        """True position error (m) below which the goal counts as reached, and infinity: any rotation does."""
        return self.tolerance_m, math.inf

    def _make_objective(self) -> Objective:
        return ReachObjective(self.reward_kind, self.tolerance_m)
