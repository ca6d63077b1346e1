"""Model predictive control: every command is the beginning of a motion that is optimal over a horizon."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.spatial.transform import RigidTransform

from ctr_env.geometry import moved, twist_between

from ..base import ServoCommand, ServoGoal, ServoState, as_twist
from ..features import CartesianFeature
from ..gains import AdaptiveGain
from ..law import ServoContext, ServoLaw
from ..motion import MotionRequest
from ..pbvs import PoseLaw
from ..servo_controller import ServoController
from .camera_view import HalfSpaces, view_half_spaces
from .confidence import ErrorWeights, error_weights, goal_covariance
from .config import MPCConfig
from .goal_configuration import GoalConfiguration
from .planner import Planner
from .problem import Task

__all__ = ["MPCController"]


class MPCController(ServoController):
    """Drives the end effector to a goal pose by model predictive control; see :class:`ServoController`.

    For every command a motion of the joints over the next :attr:`MPCConfig.horizon_s` seconds is optimised
    (:class:`~ctr_env.controllers.mpc.problem.HorizonProblem`): errors of the pose, weighted by the covariance of the
    estimate that the goal was made with, under limits of joint position, velocity, acceleration and torque, of the end
    effector's speed, and of the image that it should stay in. Its first velocities are the command.

    While it holds or stalls it does as the other controllers do, with one more reason to hold: ``"no_plan"`` (the
    solver failed). Twists, and a residual twist, are executed by inverse kinematics. Progress is judged by the twist
    of position-based servoing with the same gains.
    """

    config_type = MPCConfig
    config: MPCConfig

    def make_law(self, gain: AdaptiveGain) -> ServoLaw:
        """The law by which progress is judged; the planner is made beside it."""
        self._gain = gain
        self._configuration = GoalConfiguration(self.kinematics, self.limiter, self.config)
        self._planner = Planner(self.kinematics, self.config, self.limiter)
        self._residual: NDArray[np.float64] | None = None
        return PoseLaw(CartesianFeature(), gain)

    def reset(self) -> None:
        """Forget everything: the arm is at rest and has no goal yet."""
        super().reset()
        self._planner.reset()
        self._configuration.reset()

    def command(
        self, goal: ServoGoal | None, state: ServoState, residual_twist: ArrayLike | None = None
    ) -> ServoCommand:
        """Joint velocities towards a goal.

        Args:
            goal: The newest goal; ``None`` when the newest estimate is not valid.
            state: The arm now.
            residual_twist: ``(6,)`` m/s and rad/s in base axes, added to the planned twist; not used while holding.

        Raises:
            DataError: If the residual twist is not six finite numbers.
        """
        self._residual = None if residual_twist is None else as_twist(residual_twist, "residual_twist")
        return super().command(goal, state, residual_twist)

    def joint_velocities(self, request: MotionRequest) -> NDArray[np.float64]:
        """``(n,)`` joint velocities (rad/s) that begin the planned motion.

        Raises:
            NoMotionError: If the solver fails.
        """
        if request.context is None:
            return super().joint_velocities(request)
        state = request.state
        task = self._task(request.context, state.joint_positions, request.period)
        plan = self._planner.solve(state.joint_positions, request.previous, state.time_s, request.period, task)
        twist = self.kinematics.jacobian(state.joint_positions) @ plan.command
        limited = self._shaping.limit(twist)
        if self._residual is not None and self._residual.any():
            return self._with_residual(request, limited + self._residual)
        speed = float(np.linalg.norm(twist))
        return plan.command * (float(np.linalg.norm(limited)) / speed if speed > 0.0 else 1.0)

    def _with_residual(self, request: MotionRequest, twist: NDArray[np.float64]) -> NDArray[np.float64]:
        """Inverse kinematics of the planned twist and the residual one."""
        return super().joint_velocities(replace(request, twist=self._shaping.limit(twist)))

    def _hold(self, reason: str, period: float) -> ServoCommand:
        self._planner.reset()
        return super()._hold(reason, period)

    def _task(self, context: ServoContext, q: NDArray[np.float64], period: float) -> Task:
        goal = self._goal(context, q)
        positions = self._configuration.update(goal, q, period)
        error = twist_between(context.base_T_ee, context.base_T_goal)
        return Task(
            base_T_goal=goal,
            goal_twist=context.goal_twist,
            gain=min(self._gain(error), context.max_gain),
            weights=self._error_weights(context, goal),
            goal_positions=positions,
            goal_velocities=self._goal_velocities(positions, context.goal_twist),
            views=self._views(context, goal, q),
        )

    def _goal(self, context: ServoContext, q: NDArray[np.float64]) -> RigidTransform:
        """The goal that has from the measured end effector the error that it has from the context's."""
        if self.config.latency == "encoders":
            return context.base_T_goal
        return moved(self.kinematics.base_T_ee(q), twist_between(context.base_T_ee, context.base_T_goal))

    def _error_weights(self, context: ServoContext, goal: RigidTransform) -> ErrorWeights:
        c, covariance = self.config, None
        if context.covariance is not None and context.camera_T_base is not None:
            covariance = goal_covariance(context.camera_T_base, context.covariance, goal)
        return error_weights(covariance, goal, c.tolerance, c.rotation_length, c.least_weight)

    def _goal_velocities(
        self, goal_positions: NDArray[np.float64], goal_twist: NDArray[np.float64]
    ) -> NDArray[np.float64]:
        """``(n,)`` joint velocities (rad/s) of the goal's motion; damped."""
        if not goal_twist.any():
            return np.zeros(self.kinematics.n)
        weights = np.repeat([1.0, self.config.rotation_length], 3)
        J = weights[:, None] * self.kinematics.jacobian(goal_positions)
        damped = J.T @ np.linalg.inv(J @ J.T + self.config.max_damping**2 * np.eye(6))
        return np.asarray(damped @ (weights * goal_twist))

    def _views(self, context: ServoContext, goal: RigidTransform, q: NDArray[np.float64]) -> tuple[HalfSpaces, ...]:
        """The camera's view for each point of the gripper; it includes where the goal takes that point."""
        camera, camera_T_base = context.camera, context.camera_T_base
        if not self.config.keep_in_view or camera is None or camera_T_base is None:
            return ()
        view = view_half_spaces(camera, camera_T_base, self.config.view_margin)
        if context.gripper_offset is not None:
            view = view.displaced(context.gripper_offset[:3])
        rotations, origins = self.kinematics.link_poses(q, self._planner.problem.view_links)
        points = (origins - origins[0]) @ rotations[0]  # in the end effector's frame; it is the first link
        T = goal.as_matrix()
        return tuple(view.including(T[:3, :3] @ point + T[:3, 3]) for point in points)
