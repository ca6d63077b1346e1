"""The optimal control problem: costs and limits of a motion over the horizon."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import crocoddyl
import numpy as np
import pinocchio as pin
from numpy.typing import NDArray
from scipy.spatial.transform import RigidTransform

from ctr_env.geometry import moved
from ctr_env.scenes.robots.kinematics import RobotKinematics

from ..joint_limits import JointLimiter
from .arm_model import arm_model
from .camera_view import HalfSpaces
from .confidence import ErrorWeights
from .config import MPCConfig
from .residuals import PoseResidual, PoseWeights, TwistResidual, ViewResidual

__all__ = ["HorizonProblem", "Task"]

_SPEED_SHARE = 0.98
"""Share of the joints' velocity limits at which their barrier begins."""
_POSITION_BARRIER = 1e2
"""(m/s)² per rad² beyond a joint's stop (which the limiter's margin moved inwards)."""
_VELOCITY_BARRIER = 1e2
"""(m/s)² per (rad/s)²."""
_TORQUE_BARRIER = 1e3
"""(m/s)² per squared share of the torque limit."""
_SPEED_BARRIER = 100.0
"""Weight of squared end-effector speed beyond its limit, relative to that of squared speed."""
_PLANES = 5
"""Half-spaces of a camera's view."""
_VIEW_BARRIER = 4e2
"""(m/s)² per m² outside the image."""


@dataclass(frozen=True, kw_only=True)
class Task:
    """What a motion is to achieve.

    Attributes:
        base_T_goal: Goal at the beginning of the horizon.
        goal_twist: ``(6,)`` twist of the goal at its own origin, base axes.
        gain: Rate at which the error should decay, 1/s.
        weights: How much its directions count.
        goal_positions: ``(n,)`` joint positions of the goal at the beginning of the horizon, rad.
        goal_velocities: ``(n,)`` joint velocities of the goal's motion, rad/s.
        views: Where each of :attr:`HorizonProblem.view_links` is kept; empty for anywhere.
    """

    base_T_goal: RigidTransform
    goal_twist: NDArray[np.float64]
    gain: float
    weights: ErrorWeights
    goal_positions: NDArray[np.float64]
    goal_velocities: NDArray[np.float64]
    views: tuple[HalfSpaces, ...] = ()


class HorizonProblem:
    """crocoddyl's shooting problem of the arm, made once and set anew for every command.

    The state are joint positions and velocities, the controls joint accelerations a, constant over each step. Torques
    are those of the inverse dynamics without gravity, which robots compensate beside what they are commanded (as the
    simulated ones do; the springs in Baxter's shoulder carry more than its motors could).

    With the position error e, the rotation error r, the end-effector twist V and the weights of :class:`Task`, the
    running cost per second is half of

    ``g^2 (e W_p e + l^2 r W_r r) + |V - V_goal|^2 + c_a |a|^2 + c_q |q - q_goal|^2 + c_v |v - v_goal|^2``

    (l metres per radian), and the final cost half of
    ``g (e sqrt(W_p) e + l^2 r sqrt(W_r) r) + sqrt(c_q c_v) |q - q_goal|^2``: the value function of ``de/dt = V`` and of
    ``dq/dt = v``, so that a short horizon plans as an endless one would. Without an active limit the solution is
    ``V = -g sqrt(W) e``: the exponential decay of position-based servoing, slower by ``sqrt(W)`` in uncertain
    directions. No cost remains when the arm rests at its goal, so that it is reached without offset; the small cost of
    joint positions has no local minimum at the joints' stops, as that of the pose may have.

    Accelerations are bounded; positions, velocities, torques, end-effector speeds and the view have quadratic
    barriers, which cost nothing inside. Steeper ones than these stop the solver: it meets them without warning.

    Attributes:
        model: The arm.
        view_links: Links whose origins are kept in view: the end effector and the last keypoint's, at its other end.
        shooting: crocoddyl's problem.
    """

    def __init__(self, kinematics: RobotKinematics, config: MPCConfig, limiter: JointLimiter) -> None:
        """Set up ``config.nodes`` nodes for an arm and its limits."""
        robot = kinematics.robot
        self.view_links = tuple(dict.fromkeys((robot.end_effector, robot.keypoint_frames[-1])))
        self.model = arm_model(kinematics, self.view_links)
        self.model.gravity = pin.Motion.Zero()  # compensated by the robot, see the class
        self._config = config
        self._limiter = limiter
        self._torque_limits = kinematics.effort_limits * config.torque_share
        self._state = crocoddyl.StateMultibody(self.model)
        self._actuation = crocoddyl.ActuationModelFull(self._state)
        self._n = kinematics.n
        self._frame = self.model.getFrameId(robot.end_effector)
        self._running_weights, self._final_weights = PoseWeights(), PoseWeights()
        self._view = ViewResidual(self._state, [self.model.getFrameId(link) for link in self.view_links], _PLANES)
        self._twist = TwistResidual(
            self._state,
            self._frame,
            (config.max_linear_speed, config.max_angular_speed),
            config.rotation_length,
            _SPEED_BARRIER,
        )
        self._poses: list[Any] = []
        self._states: list[Any] = []
        nodes = [self._node(final=False) for _ in range(config.nodes)]
        self.shooting = crocoddyl.ShootingProblem(self._state.zero(), nodes, self._node(final=True))

    def update(self, q: NDArray[np.float64], v: NDArray[np.float64], steps: NDArray[np.float64], task: Task) -> None:
        """Set state, steps and task.

        Args:
            q: ``(n,)`` joint positions, rad.
            v: ``(n,)`` joint velocities, rad/s.
            steps: ``(N,)`` lengths of the steps, seconds.
            task: What the motion is to achieve.
        """
        self.shooting.x0 = np.concatenate([q, v])
        for node, step in zip(self.shooting.runningModels, steps, strict=True):
            node.dt = float(step)
        self._set_weights(task)
        self._set_goals(task, np.concatenate([[0.0], np.cumsum(steps)]))
        self._twist.reference = task.goal_twist
        self._view.set_views(task.views)

    def _set_weights(self, task: Task) -> None:
        length, roots = self._config.rotation_length, task.weights.roots
        self._running_weights.position = task.gain * roots.position
        self._running_weights.rotation = task.gain * length * roots.rotation
        fourth = roots.roots
        self._final_weights.position = task.gain**0.5 * fourth.position
        self._final_weights.rotation = task.gain**0.5 * length * fourth.rotation

    def _set_goals(self, task: Task, times: NDArray[np.float64]) -> None:
        moving = bool(task.goal_twist.any())
        T = task.base_T_goal.as_matrix()
        for pose, state, time in zip(self._poses, self._states, times, strict=True):
            if moving:
                T = moved(task.base_T_goal, task.goal_twist, float(time)).as_matrix()
            pose.goal_position, pose.goal_axes = T[:3, 3], T[:3, :3]
            positions = task.goal_positions + float(time) * task.goal_velocities
            state.reference = np.concatenate([positions, task.goal_velocities])

    def _node(self, *, final: bool) -> Any:
        """An action model: the costs of one node, and the step to the next."""
        n, state = self._n, self._state
        costs = crocoddyl.CostModelSum(state, n)
        pose = PoseResidual(state, self._frame, self._final_weights if final else self._running_weights)
        self._poses.append(pose)
        self._add(costs, "pose", pose)
        self._add(costs, "configuration", self._configuration_residual(), self._configuration_weights(final=final))
        self._add(costs, "view", self._view, weight=_VIEW_BARRIER)
        self._add(costs, "limits", crocoddyl.ResidualModelState(state, state.zero(), n), self._state_barrier())
        if not final:
            self._add_motion_costs(costs)
        dynamics = crocoddyl.DifferentialActionModelFreeInvDynamics(state, self._actuation, costs)
        node = crocoddyl.IntegratedActionModelEuler(dynamics, 0.0 if final else 0.05)
        node.u_lb, node.u_ub = -self._limiter.acceleration, self._limiter.acceleration
        return node

    def _add_motion_costs(self, costs: Any) -> None:
        n, state, c = self._n, self._state, self._config
        self._add(costs, "twist", self._twist)
        acceleration = crocoddyl.ActivationModelWeightedQuad(np.full(n, c.acceleration_cost))
        self._add(costs, "acceleration", crocoddyl.ResidualModelControl(state, n), acceleration)
        torque = crocoddyl.ResidualModelJointEffort(state, self._actuation, np.zeros(n), n, False)
        bounds = crocoddyl.ActivationBounds(-self._torque_limits, self._torque_limits)
        weights = _TORQUE_BARRIER / self._torque_limits**2
        self._add(costs, "torque", torque, crocoddyl.ActivationModelWeightedQuadraticBarrier(bounds, weights))

    def _configuration_residual(self) -> Any:
        """State relative to the goal's, which is set for every node."""
        self._states.append(crocoddyl.ResidualModelState(self._state, self._state.zero(), self._n))
        return self._states[-1]

    def _configuration_weights(self, *, final: bool) -> Any:
        positions, velocities = self._config.configuration_cost, self._config.joint_speed_cost
        if final:
            positions, velocities = (positions * velocities) ** 0.5, 0.0
        return crocoddyl.ActivationModelWeightedQuad(np.repeat([positions, velocities], self._n))

    def _state_barrier(self) -> Any:
        limiter, speed = self._limiter, _SPEED_SHARE * self._limiter.velocity
        bounds = crocoddyl.ActivationBounds(
            np.concatenate([limiter.lower, -speed]), np.concatenate([limiter.upper, speed])
        )
        weights = np.repeat([_POSITION_BARRIER, _VELOCITY_BARRIER], self._n)
        return crocoddyl.ActivationModelWeightedQuadraticBarrier(bounds, weights)

    def _add(self, costs: Any, name: str, residual: Any, activation: Any = None, weight: float = 1.0) -> None:
        activation = crocoddyl.ActivationModelQuad(residual.nr) if activation is None else activation
        costs.addCost(name, crocoddyl.CostModelResidual(self._state, activation, residual), weight)
