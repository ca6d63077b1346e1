"""Poses as measurements: the one that many of them agree on."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray
from scipy.spatial.transform import RigidTransform, Rotation

from ctr_env.geometry import moved

__all__ = ["Fused", "fuse", "most_central", "own_and_shared"]

_ITERATIONS = 20
_CONVERGED = 1e-10
_EXACT = 1e-14  # square metres and radians: variance of what claims to be exact
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
    estimator that knows its covariance. The covariance is widened where measurements scatter more than they say, and by
    what they have in common, which no number of them averages out: that of n alike, each with covariance C, is
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
    known = np.linalg.inv(spread + _EXACT * np.eye(6))
    turns = Rotation.concatenate([pose.rotation for pose in poses])
    places = np.stack([pose.translation for pose in poses])
    pose = most_central(poses) if start is None else start
    for _ in range(_ITERATIONS):
        away = np.concatenate([places - pose.translation, (turns * pose.rotation.inv()).as_rotvec()], axis=1)
        squared = np.einsum("ni,nij,nj->n", away, known, away)
        weights = 1.0 / (1.0 + squared / _DOUBTED)
        total = np.einsum("n,nij->ij", weights, known)
        step = np.linalg.solve(total, np.einsum("n,nij,nj->i", weights, known, away))
        pose = moved(pose, step)
        if np.abs(step).max() < _CONVERGED:
            break
    scatter = float(np.sum(weights * squared) / (6.0 * np.sum(weights))) if len(poses) > 1 else 1.0
    shared = np.zeros((6, 6)) if common is None else common
    sure = np.linalg.inv(total)
    own = np.einsum("n,nij,njk,nkl->il", weights, known, own_and_shared(spread, shared)[0], known)
    own = sure @ own @ sure * max(scatter, 1.0)
    return Fused(pose, own + own_and_shared(sure * np.sum(weights), shared)[1], own, weights)


def own_and_shared(
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
