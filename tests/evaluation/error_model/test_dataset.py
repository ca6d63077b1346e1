import numpy as np
import pytest

from ctr_env.estimators.error_model.covariance import covariance_from_vector
from ctr_env.estimators.error_model.view import feature_names, twist_map, view_arm
from ctr_env.evaluation.error_model.dataset import camera_of, episode_data
from ctr_env.geometry import matrix_twist
from ctr_env.scenes.robots.kinematics import RobotKinematics

PRESETS = ("mild", "strong")
SYSTEMATIC = (0.002, 0.003)


@pytest.fixture(scope="module")
def panda():
    return RobotKinematics("panda")


def test_whitened_errors_have_the_nees_of_the_estimate(panda, record):
    episode = record(1, invalid=(3, 4))
    data = episode_data(episode, panda, PRESETS, SYSTEMATIC)
    for frame, row in ((0, 0), (5, 3)):
        error = matrix_twist(episode.estimate[frame], episode.camera_T_base[frame])
        nees = error @ np.linalg.solve(episode.covariance[frame], error)
        assert data.errors[row] @ data.errors[row] == pytest.approx(nees, rel=1e-9)
    assert data.errors.shape == (10, 6) and data.rejected.shape == (2, 2)


def test_covariances_can_be_restored(panda, record):
    episode = record(2)
    data = episode_data(episode, panda, PRESETS, SYSTEMATIC)
    T = episode.camera_T_base[5]
    view = view_arm(panda, episode.joint_positions[5], T, camera_of(episode))
    back = twist_map(T[:3, 3] - view.centre)
    fit = back @ covariance_from_vector(data.covariances[5], view.factor) @ back.T
    systematic = np.diag([SYSTEMATIC[0] ** 2] * 3 + [SYSTEMATIC[1] ** 2] * 3)
    np.testing.assert_allclose(fit + systematic, episode.covariance[5], rtol=1e-6, atol=1e-12)


def test_features_end_with_the_preset(panda, record):
    for preset, columns in (("mild", [1.0, 0.0]), ("strong", [0.0, 1.0])):
        data = episode_data(record(1, preset=preset), panda, PRESETS, SYSTEMATIC)
        assert data.features.shape == (12, len(feature_names(7)) + 2)
        np.testing.assert_array_equal(data.features[:, -2:], np.tile(columns, (12, 1)))


def test_the_history_counts_misses_and_the_path_grows(panda, record):
    data = episode_data(record(1, invalid=(3, 4)), panda, PRESETS, SYSTEMATIC)
    np.testing.assert_array_equal(data.history[:, 0], [1.0] + 11 * [0.0])
    np.testing.assert_array_equal(np.flatnonzero(data.history[:, 1]), [4, 5])
    assert data.history[5, 2] > data.history[4, 2] > 0.0
    assert (np.diff(data.path) > 0.0).all() and len(data.path) == 10


def test_the_gripper_is_missing_where_it_was_not_observed(panda, record):
    data = episode_data(record(1), panda, PRESETS, SYSTEMATIC)
    seen = np.isfinite(data.gripper).all(axis=1)
    np.testing.assert_array_equal(np.flatnonzero(~seen), [0, 4, 8])
    np.testing.assert_allclose(data.gripper[seen], np.tile([-0.001, 0, 0, 0, 0, 0], (9, 1)), atol=1e-9)
