"""Weights of error directions by the covariance of the estimate."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.spatial.transform import Rotation

from ctr_env.controllers.mpc.confidence import error_weights, goal_covariance
from ctr_env.geometry import moved, transform, twist_between

CAMERA = transform([0.1, -0.2, 1.3], Rotation.from_rotvec([1.2, -1.0, 0.4]))
GOAL = transform([0.5, 0.1, 0.4], Rotation.from_rotvec([0.3, 2.0, -0.5]))


def covariance(rng: np.random.Generator) -> np.ndarray:
    A = rng.normal(size=(6, 6))
    return 1e-4 * A @ A.T


def test_the_goal_has_the_covariance_of_the_estimate_that_brought_it(rng):
    """Finite differences: an error of the estimate displaces the goal that the camera sees at a fixed pose."""
    camera_T_goal = CAMERA * GOAL
    step = 1e-6
    columns = [twist_between(GOAL, moved(CAMERA, step * e).inv() * camera_T_goal) / step for e in np.eye(6)]
    jacobian = np.stack(columns, axis=1)
    C = covariance(rng)
    np.testing.assert_allclose(goal_covariance(CAMERA, C, GOAL), jacobian @ C @ jacobian.T, rtol=1e-4, atol=1e-9)


def test_an_exactly_known_goal_has_unit_weights():
    for C in (None, np.zeros((6, 6))):
        weights = error_weights(C, GOAL, 0.01, 0.3, 0.1)
        np.testing.assert_allclose(weights.position, np.eye(3), atol=1e-12)
        np.testing.assert_allclose(weights.rotation, np.eye(3), atol=1e-12)


def test_a_direction_as_uncertain_as_the_tolerance_counts_half():
    along = np.array([2.0, -1.0, 2.0]) / 3.0
    C = np.zeros((6, 6))
    C[:3, :3] = 0.01**2 * np.outer(along, along)
    weight = error_weights(C, GOAL, 0.01, 0.3, 0.1).position
    assert along @ weight @ along == pytest.approx(0.5)
    across = np.cross(along, [1.0, 0.0, 0.0])
    np.testing.assert_allclose(weight @ across, across, atol=1e-12)


def test_rotation_errors_count_in_metres_and_in_goal_axes():
    axis = np.array([0.0, 0.6, 0.8])  # in the goal's axes
    turned = GOAL.rotation.apply(axis)
    C = np.zeros((6, 6))
    C[3:, 3:] = (0.01 / 0.3) ** 2 * np.outer(turned, turned)
    weight = error_weights(C, GOAL, 0.01, 0.3, 0.1).rotation
    assert axis @ weight @ axis == pytest.approx(0.5)
    assert np.trace(weight) == pytest.approx(2.5)


def test_no_direction_is_given_up(rng):
    weights = error_weights(1e6 * np.eye(6), GOAL, 0.01, 0.3, 0.1)
    np.testing.assert_allclose(np.linalg.eigvalsh(weights.position), 0.1)
    np.testing.assert_allclose(np.linalg.eigvalsh(weights.rotation), 0.1)


def test_roots_are_square_roots(rng):
    weights = error_weights(covariance(rng), GOAL, 0.01, 0.3, 0.01)
    for name in ("position", "rotation"):
        root = getattr(weights.roots, name)
        np.testing.assert_allclose(root @ root, getattr(weights, name), atol=1e-12)
