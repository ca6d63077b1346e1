"""Residuals that crocoddyl does not have: weighted pose errors, twists with speed limits, distance outside half-spaces.

A cost is half the square of a residual, whose Jacobian gives the Gauss-Newton Hessian. Weights are part of the
residual, as crocoddyl's activations keep only the diagonal of their Hessians. One object may serve several nodes of a
horizon; its attributes are set anew for every problem.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import crocoddyl
import numpy as np
import pinocchio as pin
from numpy.typing import NDArray

from .camera_view import HalfSpaces

__all__ = ["PoseResidual", "PoseWeights", "TwistResidual", "ViewResidual"]


class PoseWeights:
    """Square roots of the weights of pose errors, shared by residuals.

    Attributes:
        position: ``(3, 3)`` of the position error in base axes.
        rotation: ``(3, 3)`` of the rotation vector in goal axes.
    """

    def __init__(self) -> None:
        """Begin with identities."""
        self.position = np.eye(3)
        self.rotation = np.eye(3)


class PoseResidual(crocoddyl.ResidualModelAbstract):
    """``(position (p - p_goal), rotation log(goal_R_ee))`` with the roots of :class:`PoseWeights`.

    Attributes:
        weights: The roots.
        goal_position: ``(3,)`` metres, base frame.
        goal_axes: ``(3, 3)`` rotation matrix ``base_R_goal``.
    """

    def __init__(self, state: Any, frame: int, weights: PoseWeights) -> None:
        """Measure a frame of the state's model."""
        super().__init__(state, 6, state.nv, True, False, False)
        self._frame, self._n = frame, state.nv
        self._model = state.pinocchio
        self.weights = weights
        self.goal_position, self.goal_axes = np.zeros(3), np.eye(3)

    def calc(self, data: Any, x: NDArray[np.float64], u: NDArray[np.float64] | None = None) -> None:
        """Residual."""
        pose = pin.updateFramePlacement(self._model, data.shared.pinocchio, self._frame)
        r = np.empty(6)
        r[:3] = self.weights.position @ (pose.translation - self.goal_position)
        r[3:] = self.weights.rotation @ pin.log3(self.goal_axes.T @ pose.rotation)
        data.r = r

    def calcDiff(self, data: Any, x: NDArray[np.float64], u: NDArray[np.float64] | None = None) -> None:
        """Jacobian."""
        pose = pin.updateFramePlacement(self._model, data.shared.pinocchio, self._frame)
        J = pin.getFrameJacobian(self._model, data.shared.pinocchio, self._frame, pin.LOCAL)
        Rx = np.zeros((6, 2 * self._n))
        Rx[:3, : self._n] = (self.weights.position @ pose.rotation) @ J[:3]
        Rx[3:, : self._n] = (self.weights.rotation @ pin.Jlog3(self.goal_axes.T @ pose.rotation)) @ J[3:]
        data.Rx = Rx


class TwistResidual(crocoddyl.ResidualModelAbstract):
    """Six numbers that are zero at a reference twist, and two that are zero below the speed limits.

    ``D (V - reference)`` for the twist V of a frame, and ``sqrt(barrier) d_i (|V_i| - limit_i)_+`` for its linear and
    its angular part i; D weights radians as ``rotation_length`` metres.

    Attributes:
        reference: ``(6,)`` twist without cost, m/s and rad/s in base axes.
    """

    def __init__(
        self, state: Any, frame: int, limits: tuple[float, float], rotation_length: float, barrier: float
    ) -> None:
        """Set the frame of the state's model, its limits (m/s, rad/s) and the relative cost of exceeding them."""
        super().__init__(state, 8, state.nv, True, True, False)
        self._frame, self._n = frame, state.nv
        self._model = state.pinocchio
        self._weights = np.repeat([1.0, rotation_length], 3)
        self._parts = tuple(
            (6 + i, slice(3 * i, 3 * i + 3), limits[i], math.sqrt(barrier) * (1.0, rotation_length)[i])
            for i in range(2)
        )
        self.reference = np.zeros(6)

    def calc(self, data: Any, x: NDArray[np.float64], u: NDArray[np.float64] | None = None) -> None:
        """Residual."""
        twist, r = self._twist(data), np.zeros(8)
        r[:6] = self._weights * (twist - self.reference)
        for row, part, limit, weight in self._parts:
            r[row] = weight * max(math.hypot(*twist[part]) - limit, 0.0)
        data.r = r

    def calcDiff(self, data: Any, x: NDArray[np.float64], u: NDArray[np.float64] | None = None) -> None:
        """Jacobian."""
        twist, Rx = self._twist(data), np.zeros((8, 2 * self._n))
        J = self._jacobian(data, twist)
        Rx[:6] = self._weights[:, None] * J
        for row, part, limit, weight in self._parts:
            speed = math.hypot(*twist[part])
            if speed > limit:
                Rx[row] = (weight / speed) * (twist[part] @ J[part])
        data.Rx = Rx

    def _twist(self, data: Any) -> NDArray[np.float64]:
        """``(6,)`` twist in base axes."""
        return np.array(
            pin.getFrameVelocity(self._model, data.shared.pinocchio, self._frame, pin.LOCAL_WORLD_ALIGNED).vector
        )

    def _jacobian(self, data: Any, twist: NDArray[np.float64]) -> NDArray[np.float64]:
        """``(6, 2 n)`` derivative of the twist by the state.

        pinocchio's own derivatives in base axes leave out that these axes do not turn with the frame.
        """
        model, shared = self._model, data.shared.pinocchio
        by_q, by_v = pin.getFrameVelocityDerivatives(model, shared, self._frame, pin.LOCAL)
        R = pin.updateFramePlacement(model, shared, self._frame).rotation
        J = np.empty((6, 2 * self._n))
        turned = R @ by_v[3:]
        for part in (slice(0, 3), slice(3, 6)):
            J[part, self._n :] = R @ by_v[part]
            J[part, : self._n] = R @ by_q[part] - pin.skew(twist[part]) @ turned
        return J


class ViewResidual(crocoddyl.ResidualModelAbstract):
    """Distances (m) of the origins of some frames outside half-spaces; zero inside."""

    def __init__(self, state: Any, frames: Sequence[int], planes: int) -> None:
        """Measure frames of the state's model against up to ``planes`` half-spaces each."""
        super().__init__(state, planes * len(frames), state.nv, True, False, False)
        self._frames, self._planes, self._n = tuple(frames), planes, state.nv
        self._model = state.pinocchio
        self.set_views(())

    def set_views(self, views: Sequence[HalfSpaces]) -> None:
        """Set the half-spaces of each frame; none: no limits."""
        self._views = tuple((view.normals, view.offsets) for view in views)

    def calc(self, data: Any, x: NDArray[np.float64], u: NDArray[np.float64] | None = None) -> None:
        """Residual."""
        r, k = np.zeros(self.nr), self._planes
        for i, (normals, offsets) in enumerate(self._views):
            point = pin.updateFramePlacement(self._model, data.shared.pinocchio, self._frames[i]).translation
            r[i * k : (i + 1) * k] = np.maximum(offsets - normals @ point, 0.0)
        data.r = r

    def calcDiff(self, data: Any, x: NDArray[np.float64], u: NDArray[np.float64] | None = None) -> None:
        """Jacobian."""
        Rx, k = np.zeros((self.nr, 2 * self._n)), self._planes
        for i, (normals, offsets) in enumerate(self._views):
            point = pin.updateFramePlacement(self._model, data.shared.pinocchio, self._frames[i]).translation
            outside = offsets - normals @ point > 0.0
            if outside.any():
                J = pin.getFrameJacobian(self._model, data.shared.pinocchio, self._frames[i], pin.LOCAL_WORLD_ALIGNED)
                Rx[i * k : (i + 1) * k, : self._n] = -(normals @ J[:3]) * outside[:, None]
        data.Rx = Rx
