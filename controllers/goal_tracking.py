"""From the goals that come to the one context that a law acts on."""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

from ctr_env.geometry import moved
from ctr_env.scenes.robots.kinematics import RobotKinematics

from .base import ServoGoal, ServoState
from .endpoint import EndpointCorrection
from .goal_memory import GoalChoice, GoalMemory
from .goal_motion import GoalMotion
from .latency import LatencyCompensation
from .law import ServoContext
from .servo_config import ServoControllerConfig

__all__ = ["GoalTracking"]


class GoalTracking:
    """Chooses a goal and brings it and the gripper to one instant.

    A goal is chosen (:class:`GoalMemory`), both are brought to one instant (:class:`LatencyCompensation`,
    :class:`GoalMotion`), and the goal is shifted by what the image shows of the gripper (:class:`EndpointCorrection`).
    """

    def __init__(
        self, kinematics: RobotKinematics, config: ServoControllerConfig, dt: float, memory: GoalMemory
    ) -> None:
        """Compose the parts for an arm, by the settings, the nominal period (s) and the rule of choice."""
        c = config
        self._kinematics = kinematics
        self._dt = dt
        self._closed = c.endpoint == "closed"
        self._memory = memory
        self._motion = GoalMotion(c.feed_forward, c.feed_forward_time_constant)
        self._latency = LatencyCompensation(c.latency, c.max_age_s + c.coast_s + dt)
        self._endpoint = EndpointCorrection(c.endpoint_time_constant)

    def reset(self) -> None:
        """Forget goals and states."""
        for part in (self._memory, self._motion, self._latency, self._endpoint):
            part.reset()

    def record(self, state: ServoState, velocities: NDArray[np.float64]) -> None:
        """Take in a state, and the ``(n,)`` joint velocities (rad/s) that were commanded until then."""
        self._latency.record(state, velocities)

    def choose(self, goal: ServoGoal | None, time_s: float) -> GoalChoice:
        """The goal to act on at ``time_s``, given the newest one."""
        return self._memory.choose(goal, time_s)

    def context(self, goal: ServoGoal, state: ServoState, period: float, fresh: bool) -> ServoContext:
        """Gripper and goal at the instant for which they are compared.

        Args:
            goal: The chosen goal.
            state: The arm now, as recorded last.
            period: Time for which the command will act, seconds.
            fresh: Whether the goal is valid now.
        """
        goal_twist = self._motion.twist(goal)
        shifted = self._endpoint.shifted(goal) if self._closed else goal.base_T_goal
        instant = self._latency.instant(goal.time_s, fresh)
        q = self._latency.configuration(goal.time_s, instant)
        return ServoContext(
            base_T_ee=self._kinematics.base_T_ee(q),
            base_T_goal=moved(shifted, goal_twist, max(instant - goal.time_s, 0.0)),
            time_s=state.time_s,
            goal_twist=goal_twist,
            camera_T_base=goal.camera_T_base,
            camera=goal.camera,
            covariance=goal.covariance,
            gripper_offset=self._endpoint.offset if self._closed else None,
            max_gain=math.inf if period == self._dt else 1.0 / period,
        )
