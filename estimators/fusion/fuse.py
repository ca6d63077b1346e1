"""Poses as measurements: the one that many of them agree on."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray
from scipy.spatial.transform import RigidTransform

from ctr_env.geometry import moved

__all__ = ["Fused", "fuse", "independent_and_systematic", "most_central"]

_ITERATIONS = 20
_CONVERGED = 1e-10
_EXACT = 1e-14  # square metres and radians: variance of what claims to be exact
_SUSPECT = 0.02  # share of a covariance that is not known to be common, however large that is said to be
_MIDDLE = 5.348  # median of the squared distance: chi-square of six coordinates
_DOUBTED = 12.0  # squared Mahalanobis distance at which a measurement counts half: twice what six coordinates give


class Fused(NamedTuple):
    """What measurements agree on.

    Attributes:
        pose: ``camera_T_base``.
        covariance: ``(6, 6)`` as ``PoseEstimate.covariance``.
        own: The part of it that other measurements of the same kind would not share.
        weights: ``(N,)`` how much each measurement was believed, 0 to 1.
    """

    pose: RigidTransform
    covariance: NDArray[np.float64]
    own: NDArray[np.float64]
    weights: NDArray[np.float64]


def fuse(
    poses: Sequence[RigidTransform],
    covariances: Sequence[NDArray[np.float64]],
    start: RigidTransform | None = None,
    common: NDArray[np.float64] | None = None,
) -> Fused:
    """The pose with the least squared Mahalanobis distances from measurements, those far off counting little.

    Gauss-Newton with Cauchy weights: to first order what one PnP over the points of all frames would give, for any
    estimator that knows its covariance. Measurements that have an error in common differ by the rest of their
    covariances, so it is this that weighs them (generalised least squares), and that is widened where they scatter more
    than it says. No number of them averages out what they have in common: n alike, each with covariance C, leave
    ``(C - common) / n + common``.

    Args:
        poses: N measured ``camera_T_base``.
        covariances: N covariances ``(6, 6)``.
        start: A pose to begin with, such as the last result; none: the measurement that the others lie nearest to.
        common: ``(6, 6)`` part of each measurement's covariance that all of them have in common; where it is larger
            than the measurement's, all of that.

    Raises:
        ValueError: If there are none, or not as many of one as of the other.
    """
    if not poses or len(poses) != len(covariances):
        raise ValueError(f"needs as many covariances as poses, at least one; not {len(covariances)} and {len(poses)}")
    spread = np.stack(covariances)
    own, shared = independent_and_systematic(spread, np.zeros((6, 6)) if common is None else common)
    known = np.linalg.inv(own + _SUSPECT * spread + _EXACT * np.eye(6))
    together = RigidTransform.concatenate(poses)
    turns, places = together.rotation, np.asarray(together.translation)
    pose = most_central(poses) if start is None else start
    for _ in range(_ITERATIONS):
        away = np.concatenate([places - pose.translation, (turns * pose.rotation.inv()).as_rotvec()], axis=1)
        squared = np.einsum("ni,nij,nj->n", away, known, away)
        scatter = _scatter(squared)
        weights = 1.0 / (1.0 + squared / (_DOUBTED * scatter))
        total = np.einsum("n,nij->ij", weights, known)
        step = np.linalg.solve(total, np.einsum("n,nij,nj->i", weights, known, away))
        pose = moved(pose, step)
        if np.abs(step).max() < _CONVERGED:
            break
    gains = np.linalg.solve(total, weights[:, None, None] * known)  # what each measurement's error adds to the pose's
    errors = own + (scatter - 1.0) * np.linalg.inv(known)
    rest = np.einsum("nij,njk,nlk->il", gains, errors, gains) + _EXACT * np.eye(6)
    kept = np.einsum("nij,njk->ik", gains, _roots(shared))  # one error, larger or smaller in each measurement
    return Fused(pose, rest + kept @ kept.T, rest, weights)


def _scatter(squared: NDArray[np.float64]) -> float:
    """How many times as large as they say the variances of measurements are, by their scatter; not less than one.

    From the median of their squared distances: it does not see those that are far off.
    """
    count = len(squared)
    return 1.0 if count < 2 else max(float(np.median(squared)) / _MIDDLE * count / (count - 1), 1.0)


def _roots(covariances: NDArray[np.float64]) -> NDArray[np.float64]:
    """Symmetric roots of ``(..., 6, 6)`` matrices."""
    squares, axes = np.linalg.eigh(covariances)
    return np.asarray((axes * np.sqrt(np.maximum(squares, 0.0))[..., None, :]) @ np.swapaxes(axes, -1, -2))


def independent_and_systematic(
    covariances: NDArray[np.float64], common: NDArray[np.float64]
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Parts of ``(..., 6, 6)`` covariances: what is a measurement's own, and what it has in common with others.

    The latter is ``common`` ``(6, 6)``, cut in the directions in which it is larger than the covariance itself.
    """
    spread = covariances + _EXACT * np.eye(6)
    roots = np.linalg.cholesky(spread)
    inverse = np.linalg.inv(roots)
    ratios, axes = np.linalg.eigh(inverse @ common @ np.swapaxes(inverse, -1, -2))
    axes = roots @ axes
    shared = np.asarray((axes * np.minimum(ratios, 1.0)[..., None, :]) @ np.swapaxes(axes, -1, -2))
    return spread - shared, shared


def most_central(poses: Sequence[RigidTransform]) -> RigidTransform:
    """The pose that the others lie nearest to, a metre counting as much as a radian: outliers do not move it."""
    matrices = np.stack([pose.as_matrix()[:3] for pose in poses]).reshape(len(poses), -1)
    distances = np.linalg.norm(matrices[:, None] - matrices[None], axis=-1)
    return poses[int(np.median(distances, axis=1).argmin())]
