"""Robust fusion of poses that were measured with known covariances."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray
from scipy.spatial.transform import RigidTransform

from ctr_env.errors import DataError
from ctr_env.geometry import moved

__all__ = ["Fused", "JointOffsets", "fuse", "independent_and_systematic", "is_covariance", "most_central"]

_ITERATIONS = 20
_CONVERGED = 1e-10
_EXACT = 1e-14  # square metres and radians: least variance, for measurements that claim to be exact
_VAST = 1e12  # square metres and radians: variance from which the arithmetic may overflow
_SUSPECT = 0.02  # share of a covariance that counts as independent even where all of it is said to be systematic
_MEDIAN = 5.348  # of the squared Mahalanobis distance: chi-square distribution with six degrees of freedom
_DOUBTED = 12.0  # squared Mahalanobis distance at which a measurement has half weight: twice the expectation


class JointOffsets(NamedTuple):
    """How unknown joint offsets, which all measurements share, move the measured poses.

    Attributes:
        sensitivities: ``(N, 6, n)`` of each measurement, as ``PoseEstimate.joint_sensitivity``.
        std_rad: Standard deviation of each joint's offset, rad.
    """

    sensitivities: NDArray[np.float64]
    std_rad: float


class Fused(NamedTuple):
    """The pose that measurements agree on.

    Attributes:
        pose: ``camera_T_base``.
        covariance: ``(6, 6)`` as ``PoseEstimate.covariance``.
        independent: ``(6, 6)`` part of it that other measurements of the same kind would not share.
        weights: ``(N,)`` robust weight of each measurement, 0 to 1.
        joint_offsets: ``(n,)`` joint offsets that they agree on, rad; none where they were not asked for.
        joint_covariance: ``(6 + n, 6 + n)`` covariance of pose and joint offsets together.
    """

    pose: RigidTransform
    covariance: NDArray[np.float64]
    independent: NDArray[np.float64]
    weights: NDArray[np.float64]
    joint_offsets: NDArray[np.float64]
    joint_covariance: NDArray[np.float64]


def fuse(
    poses: Sequence[RigidTransform],
    covariances: Sequence[NDArray[np.float64]],
    start: RigidTransform | None = None,
    systematic: NDArray[np.float64] | None = None,
    joints: JointOffsets | None = None,
) -> Fused:
    """The pose that minimises a robust sum of squared Mahalanobis distances to measurements.

    Gauss-Newton on SE(3) with Cauchy weights. To first order the result equals one PnP over the points of all frames,
    for any estimator with an honest covariance. Measurements that share a systematic error differ only by the
    independent parts of their covariances, so these parts weigh them (generalised least squares); they are inflated
    where the measurements scatter more than they predict. The systematic part is not averaged out: n measurements,
    each with covariance C, leave ``(C - systematic) / n + systematic``. Joint offsets move the poses of different
    joint configurations in different ways: they are unknowns beside the pose, with a normal prior.

    Args:
        poses: N measured ``camera_T_base``.
        covariances: N covariances ``(6, 6)``.
        start: First iterate, such as the last result; none: the measurement that the others are nearest to.
        systematic: ``(6, 6)`` part of each measurement's covariance that all of them share; where it exceeds the
            measurement's covariance, that covariance is taken.
        joints: Joint offsets that all of them share, and that their covariances contain.

    Raises:
        DataError: If there are no poses, not as many covariances, or a covariance is none (see :func:`is_covariance`).
    """
    if not poses or len(poses) != len(covariances):
        raise DataError(f"needs as many covariances as poses, at least one; not {len(covariances)} and {len(poses)}")
    spread = np.stack(covariances)
    if not is_covariance(spread):
        bad = next(i for i, covariance in enumerate(spread) if not is_covariance(covariance))
        raise DataError(f"covariances must be finite and positive semidefinite; number {bad} is {spread[bad]!r}")
    systematic = np.zeros((6, 6)) if systematic is None else systematic
    _, shared = independent_and_systematic(spread, systematic)
    by_joints = np.zeros((len(poses), 6, 0)) if joints is None else joints.sensitivities
    common = systematic if joints is None else systematic + joints.std_rad**2 * by_joints @ np.swapaxes(by_joints, 1, 2)
    independent, _ = independent_and_systematic(spread, common)
    information = np.linalg.inv(independent + _SUSPECT * spread + _EXACT * np.eye(6))
    design = np.concatenate([np.broadcast_to(np.eye(6), (len(poses), 6, 6)), -by_joints], axis=2)  # (N, 6, 6 + n)
    sides = np.swapaxes(design, 1, 2) @ information
    prior = np.zeros(design.shape[2])
    prior[6:] = 0.0 if joints is None else joints.std_rad**-2
    together = RigidTransform.concatenate(poses)
    rotations, translations = together.rotation, np.asarray(together.translation)
    pose, offsets = most_central(poses) if start is None else start, np.zeros(by_joints.shape[2])
    for _ in range(_ITERATIONS):
        away = np.concatenate([translations - pose.translation, (rotations * pose.rotation.inv()).as_rotvec()], axis=1)
        away = away + by_joints @ offsets
        squared = np.einsum("ni,nij,nj->n", away, information, away)
        scatter = _scatter(squared)
        weights = 1.0 / (1.0 + squared / (_DOUBTED * scatter))
        total = np.einsum("n,nij->ij", weights, sides @ design) + np.diag(prior)
        force = np.einsum("n,nij,nj->i", weights, sides, away)
        force[6:] -= prior[6:] * offsets
        step = np.linalg.solve(total, force)
        pose, offsets = moved(pose, step[:6]), offsets + step[6:]
        if np.abs(step).max() < _CONVERGED:
            break
    gains = np.linalg.solve(total, weights[:, None, None] * sides)  # derivatives of the unknowns by each measurement
    errors = independent + (scatter - 1.0) * np.linalg.inv(information)
    unknown = np.linalg.solve(total, np.diag(np.sqrt(prior)))  # what the joint offsets' prior leaves open
    rest = np.einsum("nij,njk,nlk->il", gains, errors, gains) + unknown @ unknown.T + _EXACT * np.eye(len(prior))
    kept = np.einsum("nij,njk->ik", gains, _roots(shared))  # the same error in all, scaled in each measurement
    every = rest + kept @ kept.T
    return Fused(pose, every[:6, :6], rest[:6, :6], weights, offsets, every)


def is_covariance(matrices: NDArray[np.float64]) -> bool:
    """Whether ``(..., 6, 6)`` matrices are finite, positive semidefinite up to rounding, and below 1e12 m² and rad²."""
    if not (np.isfinite(matrices).all() and np.abs(matrices).max() < _VAST):
        return False
    try:
        np.linalg.cholesky(matrices + _EXACT * np.eye(6))
    except np.linalg.LinAlgError:
        return False
    return True


def _scatter(squared: NDArray[np.float64]) -> float:
    """Factor by which the measurements' variances exceed their covariances, at least one.

    From the median of their squared distances, which outliers do not influence.
    """
    count = len(squared)
    return 1.0 if count < 2 else max(float(np.median(squared)) / _MEDIAN * count / (count - 1), 1.0)


def _roots(covariances: NDArray[np.float64]) -> NDArray[np.float64]:
    """Symmetric square roots of ``(..., 6, 6)`` matrices."""
    squares, axes = np.linalg.eigh(covariances)
    return np.asarray((axes * np.sqrt(np.maximum(squares, 0.0))[..., None, :]) @ np.swapaxes(axes, -1, -2))


def independent_and_systematic(
    covariances: NDArray[np.float64], systematic: NDArray[np.float64]
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Split ``(..., 6, 6)`` covariances into the independent part and the part shared by all measurements.

    The latter is ``systematic`` ``(6, 6)``, limited in the directions in which it exceeds the covariance itself.
    """
    spread = covariances + _EXACT * np.eye(6)
    roots = np.linalg.cholesky(spread)
    inverse = np.linalg.inv(roots)
    ratios, axes = np.linalg.eigh(inverse @ systematic @ np.swapaxes(inverse, -1, -2))
    axes = roots @ axes
    shared = np.asarray((axes * np.minimum(ratios, 1.0)[..., None, :]) @ np.swapaxes(axes, -1, -2))
    return spread - shared, shared


def most_central(poses: Sequence[RigidTransform]) -> RigidTransform:
    """The pose with the least median distance to the others, 1 m counting as 1 rad; outliers do not influence it."""
    matrices = np.stack([pose.as_matrix()[:3] for pose in poses]).reshape(len(poses), -1)
    distances = np.linalg.norm(matrices[:, None] - matrices[None], axis=-1)
    return poses[int(np.median(distances, axis=1).argmin())]
