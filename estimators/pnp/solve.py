"""Camera pose from weighted correspondences: the entry point."""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple

import torch
from torch import Tensor

from ctr_env.errors import ConfigurationError

from .factor import factorise
from .implicit import ImplicitPose
from .inputs import REASONS, check_shapes, examine, fill_absent
from .refine import newton_step, step_size
from .reprojection import Pose, Problem, expand, rotated
from .robust import agreeing
from .search import descend, search

__all__ = ["CONVERGED", "SINGULAR", "PnPSolution", "solve_pnp"]

CONVERGED = 1e-5
"""Largest remaining Newton step of a pose that has converged, radians and shares of the distance."""
SINGULAR = 1e-12
"""Least share of a parameter's information that remains beside the other parameters."""


@dataclass(frozen=True)
class PnPSolution:
    """Poses of B problems; float64.

    Rows that are not valid hold placeholders: identity, zero translation, unit covariance, zero error.

    Attributes:
        rotation: ``(B, 3, 3)`` camera_R_base. Carries gradients.
        translation: ``(B, 3)`` base origin in the camera frame, metres. Carries gradients.
        covariance: ``(B, 6, 6)`` of the error twist (v in m, w in rad) in camera axes at the base origin:
            ``R_true = exp(w) R, t_true = t + v``, as ``PoseEstimate.covariance``.
        rms_px: ``(B,)`` weighted root mean square distance between pixels and projected points, pixels.
        used: ``(B, K)`` bool, points that determined the pose: those of positive weight that are no outliers.
        valid: ``(B,)`` bool.
        status: Reason why a row is not valid; empty if it is. ``"invalid_values"``: a value is not finite or its square
            overflows, a weight is negative, or a focal length is not positive. ``"too_few_points"``: fewer than four
            points have positive weight. ``"degenerate"``: the points are collinear, or the pose is not determined for
            another reason. ``"mirrored"``: only a pose behind the camera fits the pixels, as after a flip of the image.
            ``"no_convergence"``: no minimum was reached.
    """

    rotation: Tensor
    translation: Tensor
    covariance: Tensor
    rms_px: Tensor
    used: Tensor
    valid: Tensor
    status: tuple[str, ...]


def solve_pnp(
    points_2d: Tensor,
    points_3d: Tensor,
    weights: Tensor,
    intrinsics: Tensor,
    *,
    start: tuple[Tensor, Tensor] | None = None,
    robust: bool = False,
    local: bool = False,
) -> PnPSolution:
    """Poses that minimise the weighted squared reprojection error, differentiable by the first four arguments.

    Every row is solved independently: no row, however degenerate, raises or changes another one.

    The gradients of ``rotation`` and ``translation`` are exact for residuals of any size (see
    ``ctr_env.estimators.pnp.implicit``). They are zero for rows that are not valid, and for points of zero weight,
    which count as absent and may hold any value. The other parts of the solution are not differentiated.

    The covariance is σ² (Jᵀ W J)⁻¹ with σ² = max(1, χ² / (2K − 6)): the weights are taken as inverse variances, and the
    covariance is inflated where the residuals exceed them.

    All computations are in float64. Small batches on a CPU consist of many short operations and run fastest within
    :func:`ctr_env.runs.threads.single_threaded`.

    Args:
        points_2d: ``(B, K, 2)`` continuous pixels.
        points_3d: ``(B, K, 3)`` points in the base frame, metres.
        weights: ``(B, K)`` inverse variance of each point's pixel coordinates, px⁻²; 0 for absent points.
        intrinsics: ``(B, 4)`` fx, fy, cx, cy, pixels.
        start: Additional starts, rotations ``(B, 3, 3)`` and translations ``(B, 3)``, such as the previous poses of a
            sequence. Rows that are not finite are ignored (and not valid if ``local``).
        robust: Reject outliers, where nine or more points are given. The selection precedes the solution and has no
            gradient.
        local: Descend from ``start`` only, which takes half the time and requires an approximate pose.

    Raises:
        DataError: If a shape is wrong.
        ConfigurationError: If ``local`` is given without a start or with ``robust``.
    """
    check_shapes(points_2d, points_3d, weights, intrinsics, start)
    if local and (start is None or robust):
        raise ConfigurationError(
            "a local solution needs a start, and does not reject outliers: local=True excludes robust=True"
        )
    points_2d, points_3d, weights, intrinsics = (x.double() for x in (points_2d, points_3d, weights, intrinsics))
    problem, centroid = fill_absent(points_2d, points_3d, weights, intrinsics)
    with torch.no_grad():
        centred = problem.moved(centroid)
        normal, code = examine(centred, weights)
        rows = (code == 0).nonzero()[:, 0]
        guess = None if start is None else Pose(*(part.double()[rows] for part in start)).moved(centroid[rows])
        pose, kept, mirrored = _locate(centred.rows(rows), normal[rows], guess, robust, local)
        distance = torch.linalg.vector_norm(pose.translation, dim=1)  # to the centroid
        used = torch.zeros_like(weights, dtype=torch.bool).index_put((rows,), kept)
        fit = _finish(problem.among(used).rows(rows), pose.moved(-centroid[rows]), distance)
        code = code.index_put((rows,), torch.where(mirrored, REASONS.index("mirrored"), fit.code))
        valid = code == 0
        fills = torch.eye(3), torch.zeros(3), torch.eye(6), torch.zeros(())
        R, t, covariance, rms_px = (_spread(part, fill, rows, valid) for part, fill in zip(fit[:4], fills, strict=True))
        used = used & valid[:, None]
    rotation, translation = ImplicitPose.apply(*problem.among(used)[:3], intrinsics, R, t, valid)
    return PnPSolution(rotation, translation, covariance, rms_px, used, valid, tuple(REASONS[i] for i in code.tolist()))


def _locate(
    centred: Problem, normal: Tensor, guess: Pose | None, robust: bool, local: bool
) -> tuple[Pose, Tensor, Tensor]:
    """Poses of N problems, the mask ``(N, K)`` of their inliers, and which images are mirrored."""
    kept = centred.weights > 0.0
    if local and guess is not None:
        pose, mirrored = descend(centred, guess)
        return pose, kept, mirrored
    pose, mirrored = search(centred, normal, guess)
    if robust:
        kept, pose = agreeing(centred, normal, pose)
        pose, mirrored = search(centred.among(kept), normal, pose)
    return pose, kept, mirrored


class _Fit(NamedTuple):
    """N refined poses: covariance ``(N, 6, 6)``, RMS error ``(N,)`` px, code ``(N,)`` of the reason if not valid."""

    rotation: Tensor
    translation: Tensor
    covariance: Tensor
    rms_px: Tensor
    code: Tensor


def _finish(problem: Problem, pose: Pose, distance: Tensor) -> _Fit:
    """Take the last Newton step, and classify the pose by the step's size and the curvature of the cost.

    A pose is degenerate where the information matrix is singular, or a parameter is hardly determined beside the
    others; it has not converged where the step is large, or the Hessian not positive definite (a saddle point).

    Args:
        problem: N problems, points as given.
        pose: Their poses.
        distance: ``(N,)`` metres from the camera to the points' centroid.
    """
    state = expand(problem, *pose)
    step = newton_step(state, torch.zeros_like(state.cost))
    # scaled to unit information of each parameter alone, squared pivots are the shares that the other parameters leave
    unit = state.information.diagonal(dim1=1, dim2=2).rsqrt()
    pivots, saddle = torch.linalg.cholesky_ex(unit[:, :, None] * state.hessian * unit[:, None])
    root, informative = factorise(state.information)
    determined = informative & (pivots.diagonal(dim1=1, dim2=2).square() > SINGULAR).all(dim=1)
    arrived = (step_size(step, distance) < CONVERGED) & (saddle == 0)
    code = torch.where(
        determined, torch.where(arrived, 0, REASONS.index("no_convergence")), REASONS.index("degenerate")
    )
    squares = (2.0 * state.cost + (step * state.gradient).sum(dim=1)).clamp(min=0.0)  # after the step
    weights = problem.weights
    freedom = 2.0 * (weights > 0.0).sum(dim=1) - 6.0
    variance = (squares / freedom).clamp(min=1.0)
    return _Fit(
        rotated(pose.rotation, step[:, 3:]),
        pose.translation + step[:, :3],
        variance[:, None, None] * torch.cholesky_inverse(root),
        (squares / weights.sum(dim=1)).sqrt(),
        code,
    )


def _spread(values: Tensor, fill: Tensor, rows: Tensor, valid: Tensor) -> Tensor:
    """Values of N of the B problems, with a placeholder wherever the solution is not valid."""
    fills = fill.to(values).expand(len(valid), *values.shape[1:])
    placed = fills.index_put((rows,), values)
    return torch.where(valid.view(-1, *[1] * (values.dim() - 1)), placed, fills)
