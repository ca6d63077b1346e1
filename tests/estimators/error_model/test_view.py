from dataclasses import replace

import numpy as np
import pytest
from scipy.spatial.transform import Rotation

from ctr_env.estimators.error_model.view import feature_names, twist_map, view_arm
from ctr_env.geometry import PinholeCamera, look_at, matrix_twist, moved_matrix, pose_matrix, rotation_matrix
from ctr_env.scenes.robots.kinematics import RobotKinematics

CAMERA = PinholeCamera.from_fov(1.0, 640, 480)


@pytest.fixture(scope="module")
def panda():
    return RobotKinematics("panda")


def pose(eye=(1.4, 0.3, 0.8), target=(0.2, 0.0, 0.4)):
    return look_at(eye, target).inv().as_matrix()


def test_there_is_one_finite_feature_for_each_name(panda):
    view = view_arm(panda, panda.home, pose(), CAMERA)
    assert view.features.shape == (len(feature_names(panda.n)),)
    assert np.isfinite(view.features).all()


def test_all_points_of_an_arm_in_the_middle_are_visible(panda):
    view = view_arm(panda, panda.home, pose(), CAMERA)
    named = dict(zip(feature_names(panda.n), view.features, strict=True))
    assert named["visible_share"] == 1.0
    assert named["log_distance"] == pytest.approx(np.log(np.linalg.norm(view.points.mean(axis=0))))
    np.testing.assert_allclose(view.centre, view.points.mean(axis=0))


@pytest.mark.parametrize("eye, target", [((1.4, 0.3, 0.8), (2.0, 2.0, 0.4)), ((0.3, 0.0, 0.5), (0.6, 0.0, 0.5))])
def test_a_view_without_the_arm_has_finite_features_too(panda, eye, target):
    view = view_arm(panda, panda.home, pose(eye, target), CAMERA)
    assert np.isfinite(view.features).all() and np.isfinite(view.factor).all()


def test_the_factor_is_that_of_numerically_differentiated_projections(panda):
    T = pose()
    view = view_arm(panda, panda.home, T, CAMERA)

    def projected(twist):
        return CAMERA.project(
            (view.points - view.centre) @ rotation_matrix(twist[3:]).T + view.centre + twist[:3]
        ).ravel()

    steps = 1e-6 * np.eye(6)
    J = np.stack([(projected(s) - projected(-s)) / 2e-6 for s in steps], axis=1)
    prior = np.diag([0.3**-2] * 3 + [0.5**-2] * 3)
    np.testing.assert_allclose(view.factor @ view.factor.T, np.linalg.inv(J.T @ J + prior), rtol=1e-5, atol=1e-12)


def test_the_factor_depends_on_the_lens_and_not_on_the_resolution(panda):
    view = view_arm(panda, panda.home, pose(), CAMERA)
    half = view_arm(panda, panda.home, pose(), CAMERA.resized(320, 240))
    np.testing.assert_allclose(half.factor, view.factor)
    np.testing.assert_allclose(half.features, view.features)
    longer = view_arm(panda, panda.home, pose(), replace(CAMERA, fx=1.2 * CAMERA.fx, fy=1.2 * CAMERA.fy))
    assert (longer.factor.diagonal() < view.factor.diagonal()).all()


def test_the_path_counts_motion_of_arm_and_camera_relative_to_the_arm(panda):
    view = view_arm(panda, panda.home, pose(), CAMERA)
    assert view.path_from(None) == 0.0
    assert view.path_from(view) == 0.0
    shifted = pose().copy()
    shifted[:3, 3] += (0.0, 0.03, 0.04)
    extent = np.sqrt(np.mean(np.sum((view.points - view.points.mean(axis=0)) ** 2, axis=1)))
    assert view_arm(panda, panda.home, shifted, CAMERA).path_from(view) == pytest.approx(0.05 / extent)
    assert view_arm(panda, panda.home + 0.1, pose(), CAMERA).path_from(view) > 0.02


def test_a_mapped_twist_moves_the_other_point_as_the_body_moves():
    T = pose_matrix(Rotation.from_rotvec([0.3, -0.2, 0.5]).as_matrix(), [0.1, 0.2, 1.5])
    body_T_other = pose_matrix(np.eye(3), [0.4, -0.3, 0.2])
    twist = 1e-6 * np.array([1.0, -2.0, 3.0, 4.0, -5.0, 6.0])
    before, after = (body @ body_T_other for body in (T, moved_matrix(T, twist)))
    expected = matrix_twist(before, after)
    np.testing.assert_allclose(twist_map(before[:3, 3] - T[:3, 3]) @ twist, expected, rtol=1e-4, atol=1e-11)
