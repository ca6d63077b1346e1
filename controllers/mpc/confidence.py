"""How much each direction of a pose error counts, by the covariance of the estimate that it comes from."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.spatial.transform import RigidTransform

from ctr_env.geometry import inverse_covariance

__all__ = ["ErrorWeights", "error_weights", "goal_covariance"]


@dataclass(frozen=True)
class ErrorWeights:
    """Weights of squared errors; identities where the goal is known exactly.

    Attributes:
        position: ``(3, 3)`` of the position error in base axes.
        rotation: ``(3, 3)`` of the rotation vector ``goal_R_ee`` in goal axes (before it is scaled to metres).
    """

    position: NDArray[np.float64]
    rotation: NDArray[np.float64]

    @property
    def roots(self) -> ErrorWeights:
        """Their square roots: the factors of the rates at which errors decay."""
        return ErrorWeights(_root(self.position), _root(self.rotation))


def goal_covariance(
    camera_T_base: RigidTransform, covariance: NDArray[np.float64], base_T_goal: RigidTransform
) -> NDArray[np.float64]:
    """``(6, 6)`` covariance of a goal that was observed in the camera frame and brought to the base frame.

    Args:
        camera_T_base: Estimate that brought it there.
        covariance: ``(6, 6)`` covariance of the estimate, see :attr:`~ctr_env.estimators.PoseEstimate.covariance`.
        base_T_goal: The goal.

    Returns:
        Covariance of the goal's error twist ``(v, w)`` in base axes at the goal's origin. A rotation error of the
        estimate displaces the goal by its distance from the camera.
    """
    arm = base_T_goal.translation - camera_T_base.inv().translation
    x, y, z = arm
    lever = np.eye(6)
    lever[:3, 3:] = -np.array([[0.0, -z, y], [z, 0.0, -x], [-y, x, 0.0]])
    return np.asarray(lever @ inverse_covariance(camera_T_base, covariance) @ lever.T)


def error_weights(
    covariance: NDArray[np.float64] | None,
    base_T_goal: RigidTransform,
    tolerance: float,
    rotation_length: float,
    least: float,
) -> ErrorWeights:
    """Weights of the errors to a goal with a covariance.

    An error e of which a deviation of ``tolerance`` is acceptable, to a goal that is known with the covariance C, has
    the Mahalanobis distance ``e (tolerance^2 I + C)^-1 e``. In units of the exactly known goal's this is ``e W e`` with
    ``W = (I + C / tolerance^2)^-1``: a direction with the standard deviation of the tolerance counts half.

    Args:
        covariance: ``(6, 6)`` of the goal's error twist, base axes; ``None``: known exactly.
        base_T_goal: The goal.
        tolerance: Metres; radians count as ``rotation_length`` metres.
        rotation_length: Metres per radian.
        least: Least eigenvalue of the weights, so that no direction is given up.
    """
    if covariance is None:
        return ErrorWeights(np.eye(3), np.eye(3))
    R = base_T_goal.as_matrix()[:3, :3]
    rotation = rotation_length**2 * (R.T @ covariance[3:, 3:] @ R)
    return ErrorWeights(_weight(covariance[:3, :3], tolerance, least), _weight(rotation, tolerance, least))


def _weight(covariance: NDArray[np.float64], tolerance: float, least: float) -> NDArray[np.float64]:
    variances, axes = np.linalg.eigh(covariance)
    weights = np.maximum(1.0 / (1.0 + variances.clip(0.0) / tolerance**2), least)
    return np.asarray((axes * weights) @ axes.T)


def _root(weight: NDArray[np.float64]) -> NDArray[np.float64]:
    values, axes = np.linalg.eigh(weight)
    return np.asarray((axes * np.sqrt(values)) @ axes.T)
