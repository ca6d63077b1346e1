import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.spatial.transform import Rotation

from ctr_env.geometry import (
    inverse_covariance,
    look_at,
    moved,
    pose_error,
    pose_to_vector,
    transform,
    twist_between,
    vector_to_pose,
)

seeds = st.integers(0, 2**32 - 1)


def random_pose(rng):
    return transform(rng.uniform(-2, 2, 3), Rotation.random(rng=rng))


@given(seeds)
def test_pose_vectors_round_trip(seed):
    pose = random_pose(np.random.default_rng(seed))
    vector = pose_to_vector(pose)
    assert vector.dtype == np.float32
    distance, angle = pose_error(vector_to_pose(vector), pose)
    assert distance < 1e-5
    assert angle < 1e-5


@pytest.mark.parametrize("vector", [np.zeros(9), np.zeros(7), [0, 0, 0, 1, 0, 0, 2, 0, 0]])
def test_invalid_pose_vectors_are_rejected(vector):
    with pytest.raises(ValueError, match="pose vector"):
        vector_to_pose(vector)


@given(seeds)
def test_pose_error_is_symmetric_and_independent_of_the_reference_frame(seed):
    rng = np.random.default_rng(seed)
    a, b, frame = random_pose(rng), random_pose(rng), random_pose(rng)
    np.testing.assert_allclose(pose_error(a, b), pose_error(b, a), atol=1e-9)
    np.testing.assert_allclose(pose_error(frame * a, frame * b), pose_error(a, b), atol=1e-9)


@given(seeds, st.floats(0.01, 2.0))
def test_a_constant_twist_moves_start_to_end(seed, duration):
    rng = np.random.default_rng(seed)
    start, end = random_pose(rng), random_pose(rng)
    twist = twist_between(start, end, duration)
    arrived = transform(
        start.translation + duration * twist[:3], Rotation.from_rotvec(duration * twist[3:]) * start.rotation
    )
    np.testing.assert_allclose(pose_error(arrived, end), 0.0, atol=1e-6)


@given(seeds)
def test_look_at_centres_its_target_level_with_the_horizon(seed):
    rng = np.random.default_rng(seed)
    eye, target = rng.uniform(-2, 0, 3), rng.uniform(0.1, 2, 3)
    pose = look_at(eye, target)
    seen = pose.inv().apply(target)
    np.testing.assert_allclose(seen, [0, 0, np.linalg.norm(target - eye)], atol=1e-9)
    assert abs(pose.rotation.as_matrix()[2, 0]) < 1e-12  # the image's rows are horizontal
    assert pose.rotation.as_matrix()[2, 1] < 0  # and world-up is up in it


def test_positive_roll_turns_the_camera_clockwise():
    upright, rolled = look_at([0, 0, 0], [1, 0, 0]), look_at([0, 0, 0], [1, 0, 0], roll=0.1)
    above = np.array([1.0, 0.0, 0.2])
    # a clockwise camera sees the world turn anticlockwise: what was above moves to the left
    assert rolled.inv().apply(above)[0] < upright.inv().apply(above)[0]


def test_a_view_straight_down_is_rejected():
    with pytest.raises(ValueError, match="no level view"):
        look_at([0, 0, 2], [0, 0, 0])


@given(seeds, st.sampled_from([0.5, 1.0, 3.0]))
def test_the_twist_between_two_poses_moves_one_to_the_other(seed, duration):
    rng = np.random.default_rng(seed)
    start, end = random_pose(rng), random_pose(rng)
    there = moved(start, twist_between(start, end, duration), duration)
    assert max(pose_error(there, end)) < 1e-7
    assert moved(start, np.zeros(6)) is start


@given(seeds)
def test_the_covariance_of_an_inverse_is_that_of_inverted_samples(seed):
    """To first order: errors are small."""
    rng = np.random.default_rng(seed)
    pose, factor = random_pose(rng), rng.normal(size=(6, 6))
    errors = [twist_between(pose.inv(), moved(pose, 1e-6 * column).inv()) / 1e-6 for column in factor.T]
    np.testing.assert_allclose(
        inverse_covariance(pose, factor @ factor.T), np.transpose(errors) @ np.array(errors), rtol=1e-3, atol=1e-3
    )
