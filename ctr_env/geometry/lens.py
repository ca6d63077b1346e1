"""Lens distortion of normalised image coordinates ``(x / z, y / z)``, and its inverse.

``opencv`` is OpenCV's model ``(k1, k2, p1, p2[, k3[, k4, k5, k6[, s1, s2, s3, s4[, tx, ty]]]])``: Brown-Conrady,
rational, thin prism and tilt. ``equidistant`` is the model of ``cv2.fisheye`` (Kannala and Brandt, 2006): a ray at the
angle ``a`` from the optical axis is seen at the radius ``a (1 + k1 a^2 + k2 a^4 + k3 a^6 + k4 a^8)``.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

__all__ = ["COEFFICIENTS", "distort", "undistort"]

COEFFICIENTS = {"opencv": (0, 4, 5, 8, 12, 14), "equidistant": (4,)}
"""Numbers of coefficients that each lens model can have."""

_STEPS = 8  # intermediate points on the way from the optical axis to a distorted point
_CORRECTIONS = 3  # Newton iterations at each of them
_ITERATIONS = 8  # Newton iterations at the point itself
_TOLERANCE = 1e-9  # of normalised coordinates: 1e-6 px at a focal length of 1000 px
_AXIS = 1e-3  # tangent of the angle from the optical axis below which no lens folds
_ANGLES = np.linspace(0.0, 0.5 * np.pi - 1e-3, 1024)  # a pinhole camera has no image of rays at a right angle


def distort(xy: NDArray[np.float64], model: str, coefficients: tuple[float, ...]) -> NDArray[np.float64]:
    """Distorted ``(..., 2)`` normalised coordinates of undistorted ones.

    NaN stays NaN. Rays beyond the fold of an OpenCV model, which a polynomial brings back into the image although no
    lens shows them there, become NaN.
    """
    if model == "equidistant":
        radius = np.linalg.norm(xy, axis=-1, keepdims=True)
        angle = np.arctan(radius)
        return np.asarray(
            xy * np.divide(_radius(angle, coefficients), radius, out=np.ones_like(radius), where=radius > 0)
        )
    flat = xy.reshape(-1, 2)
    out = np.full(flat.shape, np.nan)
    seen = np.isfinite(flat).all(axis=1)
    if seen.any():
        values, jacobians = _opencv(flat[seen], coefficients)
        beside = np.sum(flat[seen] ** 2, axis=1) > _AXIS**2
        inverted = beside & (np.sum(flat[seen] * values, axis=1) < 0.0)  # folded twice: seen across the axis
        out[seen] = np.where(((_determinant(jacobians) > 0.0) & ~inverted)[:, None], values, np.nan)
    return out.reshape(xy.shape)


def undistort(xy: NDArray[np.float64], model: str, coefficients: tuple[float, ...]) -> NDArray[np.float64]:
    """Undistorted ``(..., 2)`` normalised coordinates of distorted ones: the inverse of :func:`distort`.

    Only the solution on the branch that contains the optical axis is returned. Points without one are NaN: no ray in
    front of the camera is seen there by a lens of this model.
    """
    flat = xy.reshape(-1, 2)
    invert = _undistort_equidistant if model == "equidistant" else _undistort_opencv
    return invert(flat, coefficients).reshape(xy.shape)


def _radius(angle: NDArray[np.float64], coefficients: tuple[float, ...]) -> NDArray[np.float64]:
    """Image radius of rays at an angle from the optical axis (equidistant model)."""
    return np.asarray(angle * np.polynomial.polynomial.polyval(angle**2, (1.0, *coefficients)))


def _undistort_equidistant(xy: NDArray[np.float64], coefficients: tuple[float, ...]) -> NDArray[np.float64]:
    radii = _radius(_ANGLES, coefficients)
    falling = np.flatnonzero(np.diff(radii) <= 0.0)
    last = int(falling[0]) if len(falling) else len(radii) - 1  # the radius grows with the angle up to here
    radius = np.linalg.norm(xy, axis=-1)
    angle = np.interp(radius, radii[: last + 1], _ANGLES[: last + 1])
    slope = np.polynomial.polynomial.polyder((0.0, *np.insert(np.array((1.0, *coefficients)), range(1, 5), 0.0)))
    for _ in range(_CORRECTIONS):
        angle = angle - (_radius(angle, coefficients) - radius) / np.polynomial.polynomial.polyval(angle, slope)
    scale = np.divide(np.tan(angle), radius, out=np.ones_like(radius), where=radius > 0.0)
    return np.where((radius <= radii[last])[:, None], xy * scale[:, None], np.nan)


def _undistort_opencv(xy: NDArray[np.float64], coefficients: tuple[float, ...]) -> NDArray[np.float64]:
    """Newton's method along the line from the optical axis to each point, so that it stays on the axis's branch."""
    found = np.zeros_like(xy)
    with np.errstate(all="ignore"):
        for share in np.arange(1, _STEPS + 1) / _STEPS:
            for _ in range(_ITERATIONS if share == 1.0 else _CORRECTIONS):
                values, jacobians = _opencv(found, coefficients)
                found = found - _solve(jacobians, values - share * xy)
        solved = np.abs(_opencv(found, coefficients)[0] - xy).max(axis=1) < _TOLERANCE
        ray = found[:, None] * (np.arange(1, 2 * _STEPS + 1) / (2 * _STEPS))[:, None]
        jacobians = _opencv(ray.reshape(-1, 2), coefficients)[1].reshape(*ray.shape[:2], 2, 2)
        unfolded = (_determinant(jacobians) > 0.0).all(axis=1)
    return np.where((solved & unfolded)[:, None], found, np.nan)


def _opencv(
    xy: NDArray[np.float64], coefficients: tuple[float, ...]
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """``(N, 2)`` distorted coordinates and their ``(N, 2, 2)`` derivatives by the undistorted ones."""
    import cv2

    rays, zero = np.column_stack([xy, np.ones(len(xy))]), np.zeros(3)
    points, jacobian = cv2.projectPoints(rays, zero, zero, np.eye(3), np.asarray(coefficients, dtype=float))
    return np.asarray(points.reshape(-1, 2)), np.asarray(
        jacobian[:, 3:5].reshape(-1, 2, 2)
    )  # by x and y of the translation, at z = 1


def _determinant(matrices: NDArray[np.float64]) -> NDArray[np.float64]:
    return np.asarray(matrices[..., 0, 0] * matrices[..., 1, 1] - matrices[..., 0, 1] * matrices[..., 1, 0])


def _solve(matrices: NDArray[np.float64], values: NDArray[np.float64]) -> NDArray[np.float64]:
    """Solutions of ``(N, 2, 2)`` systems by Cramer's rule; not finite where one is singular."""
    (a, b), (c, d) = np.moveaxis(matrices, 0, -1)
    x, y = values.T
    return np.stack([d * x - b * y, a * y - c * x], axis=1) / _determinant(matrices)[:, None]
