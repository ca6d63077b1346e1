"""Bundle adjustment: the poses and landmarks that agree best with measured poses and bearings."""

from __future__ import annotations

from dataclasses import replace
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from ctr_env.geometry import matrix_twist, moved_matrix

from .background_map import BackgroundMap

__all__ = ["Adjusted", "Residuals", "adjusted", "bearing_residuals"]

_SCENE, _SINGLE = 0.7, 2.0  # standard deviations of log depths: of the scene's mean, of a landmark from that mean
_DOUBTED = 2.5  # residual at which a bearing has half weight, in standard deviations
_LARGEST_STEP = 0.5  # of a log depth in an iteration
_LEAST_DEPTH = 0.01  # metres
_LEAST_TIME_S = 1e-3  # between two frames
_EXACT = 1e-14  # square metres and radians: least variance of the motion between two frames
_REGULAR = 1e-9  # keeps the equations of landmarks that no frame sees solvable


class Residuals(NamedTuple):
    """Measured minus predicted bearings, zero where a landmark is not seen, and derivatives of the predictions.

    Attributes:
        values: ``(K, N, 2)``.
        seen: ``(K, N)`` whether the frame sees the landmark.
        by_pose: ``(K, N, 2, 6)`` derivatives by the twists of the frames' poses (as ``PoseEstimate.covariance``).
        by_landmark: ``(K, N, 2, 3)`` derivatives by the landmarks' coordinates.
    """

    values: NDArray[np.float64]
    seen: NDArray[np.bool_]
    by_pose: NDArray[np.float64]
    by_landmark: NDArray[np.float64]


class Adjusted(NamedTuple):
    """The result of a bundle adjustment.

    Attributes:
        map: With adjusted poses and landmarks.
        covariance: ``(6, 6)`` covariance of the last frame's pose, as ``PoseEstimate.covariance``.
        distances: ``(N,)`` residuals of the last frame's bearings in standard deviations, zero where not seen.
    """

    map: BackgroundMap
    covariance: NDArray[np.float64]
    distances: NDArray[np.float64]


def bearing_residuals(background: BackgroundMap) -> Residuals:
    """Residuals of all bearings of a map, and their derivatives."""
    R, t = background.poses[:, None, :3, :3], background.poses[:, None, :3, 3]
    directions, stretch = background.coordinates.copy(), np.exp(-background.coordinates[:, 2])
    directions[:, 2] = 1.0
    offsets = np.einsum("nij,nj->ni", background.axes, directions) * stretch[:, None]
    turned = np.einsum("kij,nj->kni", R[:, 0], background.origins + offsets)
    points = turned + t
    depths = np.maximum(points[..., 2], _LEAST_DEPTH)
    predicted = points[..., :2] / depths[..., None]
    seen = np.isfinite(background.bearings[..., 0])
    by_point = np.zeros((*seen.shape, 2, 3))
    by_point[..., 0, 0] = by_point[..., 1, 1] = 1.0 / depths
    by_point[..., 2] = -predicted / depths[..., None]
    moves = np.concatenate([(background.axes * stretch[:, None, None])[..., :2], -offsets[..., None]], axis=2)
    return Residuals(
        np.where(seen[..., None], background.bearings - predicted, 0.0),
        seen,
        np.concatenate([by_point, _cross_rows(by_point, turned)], axis=-1),
        by_point @ (R @ moves),
    )


def _cross_rows(rows: NDArray[np.float64], points: NDArray[np.float64]) -> NDArray[np.float64]:
    """``-rows @ [points]x`` for ``(..., 2, 3)`` rows and ``(..., 3)`` points: derivatives by a rotation of points."""
    x, y, z = np.moveaxis(points[..., None, :], -1, 0)
    a, b, c = np.moveaxis(rows, -1, 0)
    return np.stack([c * y - b * z, a * z - c * x, b * x - a * y], axis=-1)


def adjusted(background: BackgroundMap, iterations: int, walk: NDArray[np.float64] | None = None) -> Adjusted:
    """Adjust all poses and landmarks of a map by Gauss-Newton, the bearings with Cauchy weights.

    Bearings leave the scale of the motion open; the measured poses determine it. The depths have a weak prior, by which
    they are alike (log-normal around a common mean), and the motion from each frame to the next one is, before its
    bearings are known, a random walk. Landmarks are eliminated by the Schur complement.

    Args:
        background: With a measured pose of at least one frame.
        iterations: Number of iterations, at least one.
        walk: ``(6, 6)`` covariance of the motion in a second, as ``PoseEstimate.covariance``; none: unknown motion.
    """
    for _ in range(iterations):
        found = bearing_residuals(background)
        scaled = np.sum(found.values**2, axis=-1) / background.deviations[:, None] ** 2
        weights = found.seen / ((1.0 + scaled / _DOUBTED**2) * background.deviations[:, None] ** 2)
        background, covariance = _step(background, found, weights, walk)
    return Adjusted(background, covariance[-7:-1, -7:-1], np.sqrt(scaled[-1]))


def _step(
    background: BackgroundMap, found: Residuals, weights: NDArray[np.float64], walk: NDArray[np.float64] | None
) -> tuple[BackgroundMap, NDArray[np.float64]]:
    """One iteration; the map and the ``(6 K + 1, 6 K + 1)`` covariance of poses and mean log inverse depth."""
    frames, count = weights.shape
    by_pose = found.by_pose * weights[..., None, None]
    by_landmark = found.by_landmark * weights[..., None, None]
    H, g = _pose_equations(background)
    if walk is not None:
        _add_random_walk(background, walk, H, g)
    for k in range(frames):
        rows = slice(6 * k, 6 * k + 6)
        J = found.by_pose[k].reshape(-1, 6)
        H[rows, rows] += by_pose[k].reshape(-1, 6).T @ J
        g[rows] += by_pose[k].reshape(-1, 6).T @ found.values[k].ravel()
    blocks = np.einsum("knai,knaj->nij", by_landmark, found.by_landmark) + _REGULAR * np.eye(3)
    sides = np.einsum("knai,kna->ni", by_landmark, found.values)
    coupling = np.zeros((6 * frames + 1, count, 3))
    coupling[:-1] = np.einsum("knai,knaj->kinj", by_pose, found.by_landmark).reshape(6 * frames, count, 3)
    _add_depth_prior(background, H, g, blocks, sides, coupling)
    inverse = np.linalg.inv(blocks)
    reduced = np.einsum("dni,nij->dnj", coupling, inverse).reshape(len(g), -1)
    coupling = coupling.reshape(len(g), -1)
    covariance = np.linalg.inv(H - reduced @ coupling.T)
    step = covariance @ (g - reduced @ sides.ravel())
    landmarks = np.einsum("nij,nj->ni", inverse, sides - (coupling.T @ step).reshape(-1, 3))
    landmarks[:, 2] = np.clip(landmarks[:, 2], -_LARGEST_STEP, _LARGEST_STEP)
    poses = [moved_matrix(pose, twist) for pose, twist in zip(background.poses, step[:-1].reshape(-1, 6), strict=True)]
    scene = background.scene + float(np.clip(step[-1], -_LARGEST_STEP, _LARGEST_STEP))
    coordinates = background.coordinates + landmarks
    return replace(background, poses=np.stack(poses), coordinates=coordinates, scene=scene), covariance


def _pose_equations(background: BackgroundMap) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Normal equations of the measured poses: ``(6 K + 1, 6 K + 1)`` and ``(6 K + 1,)``."""
    size = 6 * len(background.poses) + 1
    H, g = np.zeros((size, size)), np.zeros(size)
    for k, information in enumerate(background.information):
        rows = slice(6 * k, 6 * k + 6)
        H[rows, rows] = information
        g[rows] = information @ matrix_twist(background.poses[k], background.measured[k])
    return H, g


def _add_random_walk(
    background: BackgroundMap, walk: NDArray[np.float64], H: NDArray[np.float64], g: NDArray[np.float64]
) -> None:
    """Add the random walk from each frame to the next one to the normal equations."""
    for k, between in enumerate(np.diff(background.times)):
        information = np.linalg.inv(walk * max(between, _LEAST_TIME_S) + _EXACT * np.eye(6))
        here, there = slice(6 * k, 6 * k + 6), slice(6 * k + 6, 6 * k + 12)
        H[here, here] += information
        H[there, there] += information
        H[here, there] -= information
        H[there, here] -= information
        pull = information @ matrix_twist(background.poses[k], background.poses[k + 1])
        g[here] += pull
        g[there] -= pull


def _add_depth_prior(
    background: BackgroundMap,
    H: NDArray[np.float64],
    g: NDArray[np.float64],
    blocks: NDArray[np.float64],
    sides: NDArray[np.float64],
    coupling: NDArray[np.float64],
) -> None:
    """Add the prior of the landmarks' log inverse depths and of their mean, the last unknown, to the equations."""
    above = background.coordinates[:, 2] - background.offsets - background.scene
    weight = 1.0 / _SINGLE**2
    H[-1, -1] += 1.0 / _SCENE**2 + weight * len(above)
    g[-1] += (background.expected_scene - background.scene) / _SCENE**2 + weight * above.sum()
    blocks[:, 2, 2] += weight
    sides[:, 2] -= weight * above
    coupling[-1, :, 2] -= weight
