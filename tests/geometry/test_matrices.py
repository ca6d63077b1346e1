"""Matrices of poses obey the arithmetic of scipy's RigidTransform and Rotation."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.spatial.transform import RigidTransform, Rotation

from ctr_env.geometry import (
    inverse_matrix,
    matrix_error,
    matrix_to_vector,
    matrix_twist,
    moved_matrix,
    pose_from_matrix,
    pose_matrix,
    pose_to_vector,
    rotation_matrix,
    rotation_vector,
    transform,
)

seeds = st.integers(0, 2**32 - 1)
ANGLES = [0.0, 1e-300, 1e-12, 1e-8, 1e-5, 0.99e-4, 1.01e-4, 1e-3, 0.1, 1.0, 3.0, 3.0001, 3.1, np.pi - 1e-7, np.pi]


def random_pose(rng):
    return transform(rng.uniform(-2, 2, 3), Rotation.random(rng=rng))


def axis(rng):
    vector = rng.standard_normal(3)
    return vector / np.linalg.norm(vector)


@given(seeds)
def test_products_and_inverses_are_those_of_rigid_transforms(seed):
    rng = np.random.default_rng(seed)
    a, b = random_pose(rng), random_pose(rng)
    A, B = a.as_matrix(), b.as_matrix()
    np.testing.assert_allclose(A @ B, (a * b).as_matrix(), atol=1e-14)
    np.testing.assert_allclose(inverse_matrix(A), a.inv().as_matrix(), atol=1e-14)
    np.testing.assert_allclose(inverse_matrix(A) @ A, np.eye(4), atol=1e-14)
    np.testing.assert_array_equal(pose_matrix(A[:3, :3], A[:3, 3]), A)


@pytest.mark.parametrize("angle", ANGLES)
def test_rotation_vectors_are_those_of_scipy_at_every_angle(angle):
    rng = np.random.default_rng(0)
    for _ in range(20):
        vector = angle * axis(rng)
        R = Rotation.from_rotvec(vector)
        np.testing.assert_allclose(rotation_matrix(vector), R.as_matrix(), rtol=0, atol=4e-16 * 8)
        found = rotation_vector(R.as_matrix())
        if angle > np.pi - 1e-6:  # the axis may point either way
            found = found * np.sign(found @ vector)
        np.testing.assert_allclose(found, vector, rtol=1e-8, atol=1e-15)


@given(seeds)
def test_rotation_vectors_round_trip(seed):
    rng = np.random.default_rng(seed)
    vector = rng.uniform(0.0, 3.1) * axis(rng)
    np.testing.assert_allclose(rotation_vector(rotation_matrix(vector)), vector, atol=1e-12)


@given(seeds)
def test_errors_are_distance_and_angle(seed):
    rng = np.random.default_rng(seed)
    a, b = random_pose(rng), random_pose(rng)
    distance, angle = matrix_error(a.as_matrix(), b.as_matrix())
    assert distance == pytest.approx(np.linalg.norm(a.translation - b.translation))
    assert angle == pytest.approx((a.rotation.inv() * b.rotation).magnitude(), abs=1e-6)
    assert matrix_error(a.as_matrix(), a.as_matrix()) == (0.0, 0.0)


@given(seeds)
def test_a_twist_moves_start_to_end(seed):
    rng = np.random.default_rng(seed)
    start, end = random_pose(rng), random_pose(rng)
    twist = matrix_twist(start.as_matrix(), end.as_matrix())
    np.testing.assert_allclose(twist[:3], end.translation - start.translation)
    np.testing.assert_allclose(twist[3:], (end.rotation * start.rotation.inv()).as_rotvec(), atol=1e-7)
    np.testing.assert_allclose(moved_matrix(start.as_matrix(), twist), end.as_matrix(), atol=1e-9)


def test_the_pose_object_is_that_of_the_matrix():
    pose = random_pose(np.random.default_rng(0))
    same = pose_from_matrix(pose.as_matrix())
    assert isinstance(same, RigidTransform) and same.single
    np.testing.assert_array_equal(same.as_matrix(), pose.as_matrix())
    np.testing.assert_array_equal(matrix_to_vector(pose.as_matrix()), pose_to_vector(pose))
