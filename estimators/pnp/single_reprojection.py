"""The reprojection cost of one problem and its exact derivatives, in numpy; see :mod:`.reprojection` for batches."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from .reprojection import NEAR

__all__ = ["SingleExpansion", "SingleProblem", "expand_single"]

_Array = NDArray[np.float64]


class SingleProblem(NamedTuple):
    """Weighted correspondences of one image.

    Attributes:
        pixels: ``(2, K)`` continuous pixels.
        points: ``(K, 3)`` metres.
        weights: ``(K,)`` inverse variances of a pixel coordinate, px⁻², positive.
        focal: ``(2, 1)`` focal lengths, pixels.
        centre: ``(2, 1)`` principal point, pixels.
    """

    pixels: _Array
    points: _Array
    weights: _Array
    focal: _Array
    centre: _Array


class SingleExpansion(NamedTuple):
    """Second-order expansion of the cost by a twist, as :class:`.reprojection.Expansion`.

    Attributes:
        cost: Infinite if a point is not in front of the camera.
        gradient: ``(6,)``.
        information: ``(6, 6)`` Gauss-Newton part of the Hessian.
        hessian: ``(6, 6)`` exact Hessian.
    """

    cost: float
    gradient: _Array
    information: _Array
    hessian: _Array


def expand_single(problem: SingleProblem, rotation: _Array, translation: _Array) -> SingleExpansion:
    """Expand the cost at a pose ``(3, 3)``, ``(3,)``; the formulas are those of :func:`.reprojection.expand`."""
    turned = rotation @ problem.points.T  # (3, K)
    points = turned + translation[:, None]
    inverse = 1.0 / points[2]
    rays, scale = points[:2] * inverse, problem.focal * inverse
    residuals = rays * problem.focal + problem.centre - problem.pixels
    jacobian = _jacobian(turned, rays, scale)  # (6, 2, K)
    weighted = jacobian * problem.weights
    flat = weighted.reshape(6, -1)
    information = flat @ jacobian.reshape(6, -1).T
    forces = (weighted * residuals).sum(axis=1)  # (6, K)
    division = forces @ np.stack([inverse, turned[1] * inverse, -turned[0] * inverse], axis=1)
    hessian = information.copy()
    hessian[:, 2:5] -= division
    hessian[2:5, :] -= division.T
    twist = forces[:3] @ turned.T
    hessian[3:, 3:] += 0.5 * (twist + twist.T) - np.trace(twist) * np.eye(3)
    in_front = points[2].min() > NEAR
    cost = 0.5 * float((problem.weights * residuals * residuals).sum()) if in_front else np.inf
    return SingleExpansion(cost, forces.sum(axis=1), information, hessian)


def _jacobian(turned: _Array, rays: _Array, scale: _Array) -> _Array:
    """``(6, 2, K)`` derivatives of pixels by the twist."""
    jacobian = np.zeros((6, 2, turned.shape[1]))
    jacobian[0, 0], jacobian[1, 1], jacobian[2] = scale[0], scale[1], -scale * rays
    a, b, c = jacobian[:3]
    x, y, z = turned
    jacobian[3], jacobian[4], jacobian[5] = y * c - z * b, z * a - x * c, x * b - y * a
    return jacobian
