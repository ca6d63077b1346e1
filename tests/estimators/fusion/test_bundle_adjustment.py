"""Maps and their adjustment on simulated landmarks."""

from dataclasses import replace

import numpy as np
import pytest

from ctr_env.estimators.fusion.background_map import BackgroundMap
from ctr_env.estimators.fusion.bundle_adjustment import adjusted, bearing_residuals
from ctr_env.geometry import inverse_matrix, matrix_error, matrix_twist, moved_matrix, pose_matrix, rotation_matrix

START = pose_matrix(rotation_matrix([1.5, 0.2, -0.1]), [0.1, 0.0, 1.3])
DEVIATION = 5e-4
POSE_DEVIATIONS = np.array([0.005] * 3 + [0.008] * 3)
INFORMATION = np.diag(POSE_DEVIATIONS**-2)


def path(count):
    """True ``camera_T_base`` of a camera that moves 0.2 m sideways and turns."""
    return [moved_matrix(START, k / (count - 1) * np.array([0.2, 0.05, 0.02, 0.0, 0.1, 0.02])) for k in range(count)]


def seen(pose, points):
    camera = points @ pose[:3, :3].T + pose[:3, 3]
    return camera[:, :2] / camera[:, 2:]


def scene(rng, count=60):
    """``(count, 3)`` points in the base frame, in front of the first camera."""
    depth = rng.uniform(1.0, 4.0, count)
    camera = np.column_stack([rng.uniform(-0.5, 0.5, (count, 2)) * depth[:, None], depth])
    back = inverse_matrix(START)
    return camera @ back[:3, :3].T + back[:3, 3]


def simulated(rng, frames=6, outliers=0):
    """A map of all frames, whose poses start at the measured ones, and the true poses."""
    points, true = scene(rng), path(frames)
    background = None
    for pose in true:
        measured = moved_matrix(pose, POSE_DEVIATIONS * rng.standard_normal(6))
        bearings = seen(pose, points) + DEVIATION * rng.standard_normal((len(points), 2))
        if background is None:
            background = BackgroundMap.around(measured)
            background = background.with_frame(measured, measured, INFORMATION, np.zeros((0, 2)), DEVIATION)
            background = background.with_landmarks(bearings)
        else:
            bearings[:outliers] += rng.normal(0.0, 0.02, (outliers, 2))
            background = background.with_frame(measured, measured, INFORMATION, bearings, DEVIATION)
    return background, true


def test_a_new_landmark_lies_on_its_ray_at_the_expected_depth():
    background, true = simulated(np.random.default_rng(0), frames=2)
    first = background.without_frame(1)
    np.testing.assert_allclose(bearing_residuals(first).values, 0.0, atol=1e-12)
    assert np.exp(-background.scene) == pytest.approx(2.0 * np.linalg.norm(background.poses[0, :3, 3]))
    assert background.bearings.shape == (2, 60, 2) and len(true) == 2


def test_new_landmarks_below_the_horizon_lie_on_the_ground_and_others_far_away():
    level = pose_matrix(np.array([[0.0, -1.0, 0.0], [0.0, 0.0, -1.0], [1.0, 0.0, 0.0]]), [0.0, 0.5, 1.5])
    background = BackgroundMap.around(level)
    background = background.with_frame(level, level, INFORMATION, np.zeros((0, 2)), DEVIATION)
    background = background.with_landmarks(np.array([[0.1, 0.25], [0.1, 0.01], [0.0, -0.3]]))
    usual = 2.0 * np.linalg.norm([0.5, 1.5])
    np.testing.assert_allclose(np.exp(-background.coordinates[:, 2]), [2.0, usual, usual])
    np.testing.assert_allclose(background.offsets[1:], 0.0, atol=1e-12)


def test_frames_and_landmarks_can_be_taken_away():
    background, _ = simulated(np.random.default_rng(0), frames=4)
    kept = np.arange(60) % 3 == 0
    less = background.without_frame(-1).with_landmarks_of(kept)
    np.testing.assert_array_equal(less.bearings, background.bearings[:3, kept])
    np.testing.assert_array_equal(less.poses, background.poses[:3])
    assert len(less.coordinates) == len(less.axes) == len(less.origins) == 20


def test_derivatives_agree_with_finite_differences():
    rng, step = np.random.default_rng(1), 1e-6
    background, _ = simulated(rng, frames=3)
    background = replace(background, coordinates=background.coordinates + rng.normal(0, 0.1, (60, 3)))
    base = bearing_residuals(background)
    for i in range(6):
        twist = step * np.eye(6)[i]
        poses = np.stack([moved_matrix(pose, twist) for pose in background.poses])
        change = -(bearing_residuals(replace(background, poses=poses)).values - base.values) / step
        np.testing.assert_allclose(change, base.by_pose[..., i], atol=1e-5)
    for i in range(3):
        moved = replace(background, coordinates=background.coordinates + step * np.eye(3)[i])
        change = -(bearing_residuals(moved).values - base.values) / step
        np.testing.assert_allclose(change, base.by_landmark[..., i], atol=1e-5)


def test_bearings_and_poses_together_are_better_than_measured_poses_and_the_covariance_says_how_much():
    before, after, squares = [], [], []
    for seed in range(30):
        background, true = simulated(np.random.default_rng(seed))
        result = adjusted(background, 8)
        before.append(matrix_error(background.poses[-1], true[-1]))
        after.append(matrix_error(result.map.poses[-1], true[-1]))
        away = matrix_twist(result.map.poses[-1], true[-1])
        squares.append(away @ np.linalg.solve(result.covariance, away))
    assert (np.median(after, axis=0) < 0.6 * np.median(before, axis=0)).all()
    assert 4.5 < np.mean(squares) < 8.0


def test_the_measured_poses_give_the_scale_of_the_motion():
    exact, true = simulated(np.random.default_rng(2))
    exact = replace(exact, measured=np.stack(true), information=np.tile(1e8 * np.eye(6), (6, 1, 1)))
    points = adjusted(exact, 15).map
    distances = np.linalg.norm(points.origins - inverse_matrix(true[0])[:3, 3], axis=1)
    assert distances.max() < 0.05
    depths = np.exp(-points.coordinates[:, 2])
    camera = scene(np.random.default_rng(2)) @ START[:3, :3].T + START[:3, 3]
    np.testing.assert_allclose(depths, camera[:, 2], rtol=0.15)


def test_bearings_that_do_not_fit_have_little_weight_and_large_distances():
    clean, true = simulated(np.random.default_rng(3))
    spoiled, _ = simulated(np.random.default_rng(3), outliers=10)
    good, bad = adjusted(clean, 8), adjusted(spoiled, 8)
    assert matrix_error(bad.map.poses[-1], true[-1])[0] < matrix_error(good.map.poses[-1], true[-1])[0] + 0.004
    assert np.median(bad.distances[:10]) > 5.0
    assert np.median(bad.distances[10:]) < 2.0


def test_a_frame_without_a_measured_pose_is_located_by_its_bearings():
    background, true = simulated(np.random.default_rng(4))
    information = background.information.copy()
    information[-1] = 0.0
    poses = background.poses.copy()
    poses[-1] = poses[-2]
    result = adjusted(replace(background, poses=poses, information=information), 8)
    position, rotation = matrix_error(result.map.poses[-1], true[-1])
    assert position < 0.015 and rotation < 0.015


def test_a_frame_without_bearings_is_where_the_random_walk_leaves_it():
    walk, nothing = np.diag([1e-3] * 3 + [2e-3] * 3), np.zeros((0, 2))
    background = BackgroundMap.around(START)
    background = background.with_frame(START, START, INFORMATION, nothing, DEVIATION, 1.0)
    guess = moved_matrix(START, 0.01 * np.ones(6))
    background = background.with_frame(guess, guess, np.zeros((6, 6)), nothing, DEVIATION, 1.5)
    result = adjusted(background, 3, walk)
    np.testing.assert_allclose(result.map.poses[-1], START, atol=1e-6)
    np.testing.assert_allclose(result.covariance, np.diag(POSE_DEVIATIONS**2) + 0.5 * walk, atol=1e-9)


def test_a_prior_of_the_motion_makes_the_covariance_smaller_and_does_no_harm():
    exact, true = simulated(np.random.default_rng(5), frames=3)
    exact = replace(exact, times=np.arange(3.0))
    free, held = adjusted(exact, 8), adjusted(exact, 8, 0.1**2 * np.eye(6))
    assert np.linalg.slogdet(held.covariance)[1] < np.linalg.slogdet(free.covariance)[1]
    assert matrix_error(held.map.poses[-1], true[-1])[1] < 0.02
