"""One PnP problem from an approximate pose, in numpy: the hot path of tracking.

:func:`.solve_pnp` solves the same problem (``local=True``) for batches, with gradients, in many short tensor operations
that take 3 ms whatever the size of the batch. A sequence has one problem for each frame, for which numpy takes a fifth.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray
from scipy.linalg.lapack import dpotrf, dpotrs

from ctr_env.geometry import rotation_matrix

from .inputs import FEWEST, FLAT
from .refine import FIRST_DAMPING, ITERATIONS, SMALL
from .reprojection import NEAR
from .single_reprojection import SingleExpansion, SingleProblem, expand_single
from .solve import CONVERGED, SINGULAR

__all__ = ["SingleSolution", "solve_single"]

_Array = NDArray[np.float64]


class SingleSolution(NamedTuple):
    """A pose; not valid ones are placeholders, as in :class:`.PnPSolution`.

    Attributes:
        rotation: ``(3, 3)`` camera_R_base.
        translation: ``(3,)`` base origin in the camera frame, metres.
        covariance: ``(6, 6)``, as ``PoseEstimate.covariance``.
        rms_px: Weighted root mean square distance between pixels and projected points, pixels.
        status: Why the pose is not valid, see :class:`.PnPSolution`; empty if it is.
    """

    rotation: _Array
    translation: _Array
    covariance: _Array
    rms_px: float
    status: str

    @classmethod
    def failed(cls, status: str) -> SingleSolution:
        """A placeholder."""
        return cls(np.eye(3), np.zeros(3), np.eye(6), 0.0, status)


def solve_single(
    pixels: _Array, points: _Array, weights: _Array, intrinsics: _Array, start: tuple[_Array, _Array]
) -> SingleSolution:
    """The pose of least weighted squared reprojection error that a descent from an approximate one reaches.

    The same as :func:`.solve_pnp` with ``local=True``: method, status and covariance are described there.

    Args:
        pixels: ``(K, 2)`` continuous pixels.
        points: ``(K, 3)`` points in the base frame, metres.
        weights: ``(K,)`` inverse variance of each point's pixel coordinates, px⁻²; 0 for absent points.
        intrinsics: ``(4,)`` fx, fy, cx, cy, pixels.
        start: Rotation ``(3, 3)`` and translation ``(3,)``, metres, of the approximate pose.
    """
    present = weights > 0.0
    problem = SingleProblem(
        pixels[present].T, points[present], weights[present], intrinsics[:2, None], intrinsics[2:, None]
    )
    with np.errstate(all="ignore"):  # what overflows is not valid
        status = _examine(problem, weights)
        if status:
            return SingleSolution.failed(status)
        centroid = problem.weights / problem.weights.sum() @ problem.points
        centred = problem._replace(points=problem.points - centroid)
        R, t = _descend(centred, start[0], start[1] + start[0] @ centroid)
        return _finish(problem, R, t - R @ centroid, float(np.linalg.norm(t)))


def _examine(problem: SingleProblem, given_weights: _Array) -> str:
    """Why a problem cannot be solved; empty if it can."""
    sound = all(np.isfinite(part).all() for part in problem) and np.isfinite(given_weights).all()
    if not sound or given_weights.min() < 0.0 or problem.focal.min() <= 0.0:
        return "invalid_values"
    if len(problem.points) < FEWEST:
        return "too_few_points"
    centred = problem.points - problem.weights / problem.weights.sum() @ problem.points
    scatter = (problem.weights * centred.T) @ centred
    if not np.isfinite(scatter).all():
        return "invalid_values"
    spread = np.linalg.eigvalsh(scatter)
    return "degenerate" if spread[1] < FLAT**2 * spread[2] else ""


def _descend(problem: SingleProblem, R: _Array, t: _Array) -> tuple[_Array, _Array]:
    """Levenberg-Marquardt, as :func:`.refine.refine`, from a pose moved forward until all points are in view."""
    lack = 2.0 * NEAR - (problem.points @ R[2] + t[2]).min()
    t = t + np.array([0.0, 0.0, max(lack, 0.0)])
    state, damping, distance = expand_single(problem, R, t), FIRST_DAMPING, float(np.linalg.norm(t))
    if not np.isfinite(state.cost):
        return R, t
    for _ in range(ITERATIONS):
        step = _newton_step(state, damping)
        moved = rotation_matrix(step[3:]) @ R, t + step[:3]
        trial = expand_single(problem, *moved)
        arrived = _size(step, distance) < SMALL and damping <= FIRST_DAMPING
        better = trial.cost <= state.cost
        if better:
            (R, t), state = moved, trial
        if arrived:
            break
        damping = min(max(damping * (0.1 if better else 10.0), 1e-12), 1e12)
    return R, t


def _newton_step(state: SingleExpansion, damping: float) -> _Array:
    """Newton's step where the damped Hessian is positive definite, else Gauss-Newton's, else NaN."""
    ridge = np.diag(damping * state.information.diagonal())
    for curvature in (state.hessian, state.information):
        factor, failed = dpotrf(curvature + ridge, lower=1)
        if not failed:
            return np.asarray(dpotrs(factor, -state.gradient, lower=1)[0])
    return np.full(6, np.nan)


def _finish(problem: SingleProblem, R: _Array, t: _Array, distance: float) -> SingleSolution:
    """Take the last Newton step, and judge the pose by its size and the curvature of the cost."""
    state = expand_single(problem, R, t)
    unit = 1.0 / np.sqrt(state.information.diagonal())
    pivots, saddle = dpotrf(unit[:, None] * state.hessian * unit, lower=1)
    uninformative = dpotrf(state.information, lower=1)[1]
    if uninformative or not (pivots.diagonal() ** 2 > SINGULAR).all():
        return SingleSolution.failed("degenerate")
    step = _newton_step(state, 0.0)
    if saddle or not _size(step, distance) < CONVERGED:
        return SingleSolution.failed("no_convergence")
    squares = max(2.0 * state.cost + float(step @ state.gradient), 0.0)  # after the step
    freedom = 2.0 * len(problem.points) - 6.0
    return SingleSolution(
        rotation_matrix(step[3:]) @ R,
        t + step[:3],
        np.asarray(max(squares / freedom, 1.0) * np.linalg.inv(state.information), dtype=np.float64),
        float(np.sqrt(squares / problem.weights.sum())),
        "",
    )


def _size(step: _Array, distance: float) -> float:
    """The larger of rotation, rad, and translation as a share of the distance."""
    return float(max(np.linalg.norm(step[:3]) / distance, np.linalg.norm(step[3:])))
