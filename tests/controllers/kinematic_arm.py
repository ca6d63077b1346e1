"""An arm without dynamics to close the loop with."""

from __future__ import annotations

from typing import Any

import numpy as np
from scipy.spatial.transform import RigidTransform

from ctr_env.controllers import Controller, JointLimiter, PBVSController, ServoCommand, ServoGoal, ServoState
from ctr_env.geometry import pose_error, transform
from ctr_env.scenes.robots.kinematics import RobotKinematics

DT = 1.0 / 30.0


class Arm:
    """A kinematic arm: it moves exactly as commanded, and every command is checked against its limits."""

    def __init__(self, kinematics: RobotKinematics, q: np.ndarray | None = None, period: float = DT) -> None:
        self.kinematics, self.period = kinematics, period
        self.limiter = JointLimiter.of(kinematics)
        self.q = kinematics.home.copy() if q is None else q
        self.v = np.zeros(kinematics.n)
        self.time_s = 0.0

    @property
    def state(self) -> ServoState:
        return ServoState(self.q.copy(), self.time_s)

    @property
    def pose(self) -> RigidTransform:
        return self.kinematics.base_T_ee(self.q)

    @property
    def twist(self) -> np.ndarray:
        return self.kinematics.jacobian(self.q) @ self.v

    def apply(self, command: ServoCommand) -> ServoCommand:
        new = command.joint_velocities
        assert np.isfinite(new).all()
        assert (np.abs(new) <= self.limiter.velocity).all()
        assert (np.abs(new - self.v) <= self.limiter.acceleration * self.period * (1.0 + 1e-12)).all()
        self.q = self.q + new * self.period
        assert (self.q >= self.limiter.lower - 1e-12).all()
        assert (self.q <= self.limiter.upper + 1e-12).all()
        self.v = new
        self.time_s += self.period
        return command

    def servo(self, controller: Controller, goal: RigidTransform, steps: int, **extra: Any) -> np.ndarray:
        """Errors (m, rad) after each of a number of steps; ``extra`` are fields of the goal."""
        errors = []
        for _ in range(steps):
            self.apply(controller.command(ServoGoal(goal, self.time_s, **extra), self.state))
            errors.append(pose_error(self.pose, goal))
        return np.array(errors)


def beside(pose: RigidTransform, *offset: float) -> RigidTransform:
    """The pose, its origin moved by three metres in base axes."""
    return transform(pose.translation + np.array(offset), pose.rotation)


def moving_arm(kinematics: RobotKinematics, config: dict[str, object]) -> tuple[Arm, PBVSController, RigidTransform]:
    """An arm half a second on its way to a goal."""
    arm, controller = Arm(kinematics), PBVSController(kinematics, config, DT)
    goal = beside(arm.pose, 0.0, 0.25, 0.1)
    arm.servo(controller, goal, 15)
    assert np.linalg.norm(arm.v) > 0.1
    return arm, controller, goal
