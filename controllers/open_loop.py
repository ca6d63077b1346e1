"""Open loop: the goal is determined once, and the arm moves there by its encoders."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from ctr_env.geometry import moved, twist_between
from ctr_env.runs.configuration import require_range

from .base import ServoGoal
from .features import CartesianFeature
from .gains import AdaptiveGain
from .goal_memory import GoalChoice, GoalMemory
from .law import ServoLaw
from .pbvs import PoseLaw
from .servo_config import ServoControllerConfig
from .servo_controller import ServoController

__all__ = ["FirstGoals", "OpenLoopConfig", "OpenLoopController"]


@dataclass(frozen=True, kw_only=True)
class OpenLoopConfig(ServoControllerConfig):
    """Settings of :class:`~ctr_env.controllers.OpenLoopController`.

    Raises:
        ConfigurationError: If a value is out of its range or a name is unknown; the message lists what is valid.
    """

    estimates: int = 1
    """Number of valid estimates whose mean the goal is determined from, before the arm moves."""

    def __post_init__(self) -> None:
        """Check every value."""
        require_range(self, 1, 10**6, "estimates")
        super().__post_init__()


class FirstGoals(GoalMemory):
    """The mean of the first valid goals, for ever.

    Until there are enough of them the choice is to hold, for the reason ``"collecting_goals"``, or ``"no_goal"`` or
    ``"stale_goal"`` if the newest goal is not valid. Later goals, valid or not, change nothing.
    """

    def __init__(self, count: int, max_age_s: float) -> None:
        """Set the number of goals, and the age (s) beyond which a goal is not valid."""
        self.count = count
        super().__init__(max_age_s, 0.0)

    def reset(self) -> None:
        """Forget all goals."""
        super().reset()
        self._first: list[ServoGoal] = []
        self._mean: ServoGoal | None = None

    def choose(self, goal: ServoGoal | None, time_s: float) -> GoalChoice:
        """The mean goal once there is one, as if its image had been taken now."""
        if self._mean is None:
            choice = super().choose(goal, time_s)
            if choice.mode != "servo" or choice.goal is None:
                return GoalChoice(None, "hold", choice.reason)
            if not self._first or choice.goal.time_s > self._first[-1].time_s:
                self._first.append(choice.goal)
            if len(self._first) < self.count:
                return GoalChoice(None, "hold", "collecting_goals")
            self._mean = _mean_goal(self._first)
        return GoalChoice(replace(self._mean, time_s=time_s), "servo", "")


class OpenLoopController(ServoController):
    """Determines the goal from the first valid estimates and moves there without further ones.

    It is what a calibrated robot without visual feedback does, and so the control experiment of visual servoing: the
    error of those estimates stays, the noise of later ones has no effect, and goals or cameras that move are not
    followed. The motion is that of :class:`~ctr_env.controllers.PBVSController` with a Cartesian feature.
    """

    config_type = OpenLoopConfig
    config: OpenLoopConfig

    def make_law(self, gain: AdaptiveGain) -> ServoLaw:
        """A straight path to the goal."""
        return PoseLaw(CartesianFeature(), gain)

    def make_memory(self) -> GoalMemory:
        """The first goals only."""
        return FirstGoals(self.config.estimates, self.config.max_age_s)


def _mean_goal(goals: list[ServoGoal]) -> ServoGoal:
    """The last goal with the mean pose, and the mean offset of the gripper; at rest."""
    reference = goals[0].base_T_goal
    pose = moved(reference, np.mean([twist_between(reference, goal.base_T_goal) for goal in goals], axis=0))
    offsets = [goal.gripper_offset for goal in goals if goal.gripper_offset is not None]
    offset = np.mean(offsets, axis=0) if offsets else None
    return replace(goals[-1], base_T_goal=pose, twist=None, gripper_offset=offset)
