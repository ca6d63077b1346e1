"""The gripper by a window over poses that joint offsets move."""

import numpy as np
import pytest
from scipy.spatial.transform import RigidTransform, Rotation

from ctr_env.datasets.frame import Frame
from ctr_env.estimators import PoseEstimate, PoseEstimator
from ctr_env.estimators.fusion.fuse import Fused
from ctr_env.estimators.fusion.fused_gripper import fused_gripper
from ctr_env.estimators.fusion.sliding_window import SlidingWindowEstimator
from ctr_env.geometry import PinholeCamera, moved, twist_between
from ctr_env.scenes.robots.kinematics import RobotKinematics

PANDA = RobotKinematics("panda")
CAMERA = PinholeCamera.from_fov(1.0, 320, 240)
TRUE = RigidTransform.from_components([0.1, 0.0, 1.3], Rotation.from_rotvec([1.5, 0.2, -0.1]))
NOISE = np.diag([1e-6] * 3 + [1e-6] * 3)
STD = 0.004


class Sighted(PoseEstimator):
    """A source whose covariances contain joint offsets."""

    joint_std_rad = STD
    needs_image = False

    def estimate(self, frame):
        raise AssertionError("the tests hand over its estimates")


def sensitivity(joints):
    """What joint offsets do to the base's pose where the end effector is seen, and nothing else of the arm."""
    J, base_T_ee = PANDA.jacobian(joints), PANDA.base_T_ee(joints)
    turn = TRUE.rotation.as_matrix()
    linear, angular = turn @ J[:3], turn @ J[3:]
    arm = turn @ base_T_ee.translation
    return -np.concatenate([linear - np.cross(angular, arm, axis=0), angular])


def episode(rng, count=8, systematic=None):
    """A window's estimate of an arm with joint offsets that moves a little, and the true pose of its gripper."""
    offsets, home = rng.normal(0.0, STD, 7), PANDA.home + rng.uniform(-0.3, 0.3, 7)
    window = SlidingWindowEstimator(PANDA, Sighted())
    direction = rng.normal(0.0, 0.06, 7)
    for i in range(count):
        true = home + i * direction
        joints, by_joints = true - offsets, sensitivity(true - offsets)
        pose = moved(TRUE, rng.multivariate_normal(np.zeros(6), NOISE) - by_joints @ offsets)
        covariance = NOISE + STD**2 * by_joints @ by_joints.T
        estimate = PoseEstimate(pose, covariance, True, 0.1 * i, joint_sensitivity=by_joints)
        found = window.take(Frame(joints, CAMERA, 0.1 * i), estimate)
    return found, joints, TRUE * PANDA.base_T_ee(true)


def test_the_gripper_is_known_better_than_by_the_encoders_and_as_well_as_its_covariance_says():
    rng, raw, corrected, squares = np.random.default_rng(0), [], [], []
    for _ in range(60):
        found, joints, gripper = episode(rng)
        raw.append(np.linalg.norm(twist_between(found.camera_T_base * PANDA.base_T_ee(joints), gripper)[:3]))
        away = twist_between(found.camera_T_ee, gripper)
        corrected.append(np.linalg.norm(away[:3]))
        squares.append(away @ np.linalg.solve(found.gripper_covariance, away))
    assert np.median(corrected) < 0.6 * np.median(raw)
    assert 3.0 < np.mean(squares) < 9.0  # six degrees of freedom
    assert np.trace(found.gripper_covariance) < 0.3 * np.trace(found.covariance)  # the errors nearly cancel


def test_the_gripper_is_that_of_pose_and_corrected_joint_positions():
    found, joints, _ = episode(np.random.default_rng(1))
    expected = found.camera_T_base * PANDA.base_T_ee(joints + found.joint_offsets)
    np.testing.assert_allclose(found.camera_T_ee.as_matrix(), expected.as_matrix(), atol=1e-12)


def test_the_covariance_is_that_of_random_poses_and_offsets():
    rng, root = np.random.default_rng(2), np.random.default_rng(3).normal(0.0, 1e-3, (13, 13))
    joints, offsets = PANDA.home, rng.normal(0.0, STD, 7)
    joint = root @ root.T
    fused = Fused(TRUE, joint[:6, :6], joint[:6, :6], np.ones(1), offsets, joint)
    gripper = fused_gripper(PANDA, fused, joints)
    errors = []
    for x in rng.multivariate_normal(np.zeros(13), joint, 4000):
        errors.append(
            twist_between(gripper.camera_T_ee, moved(TRUE, x[:6]) * PANDA.base_T_ee(joints + offsets + x[6:]))
        )
    np.testing.assert_allclose(np.cov(np.transpose(errors)), gripper.covariance, rtol=0.2, atol=3e-6)


@pytest.mark.parametrize("blind_s, known", [(1.0, True), (6.0, False)])
def test_without_measurements_the_gripper_is_known_as_long_as_the_pose(blind_s, known):
    window, by_joints = SlidingWindowEstimator(PANDA, Sighted()), sensitivity(PANDA.home)
    covariance = NOISE + STD**2 * by_joints @ by_joints.T
    seen = PoseEstimate(TRUE, covariance, True, 0.0, joint_sensitivity=by_joints)
    window.take(Frame(PANDA.home, CAMERA, 0.0), seen)
    elsewhere = Frame(PANDA.home + 0.2, CAMERA, blind_s)
    later = window.take(elsewhere, PoseEstimate.invalid("dropout", blind_s))
    assert later.valid == known == (later.camera_T_ee is not None)
    if known:  # where the arm is now, by its encoders
        np.testing.assert_allclose(
            later.camera_T_ee.as_matrix(), (TRUE * PANDA.base_T_ee(PANDA.home + 0.2)).as_matrix(), atol=1e-6
        )


def test_sources_without_joint_offsets_tell_of_the_gripper_themselves():
    source = Sighted()
    source.joint_std_rad = 0.0
    window = SlidingWindowEstimator(PANDA, source)
    seen = PoseEstimate(TRUE, NOISE, True, 0.0, camera_T_ee=TRUE)
    found = window.take(Frame(PANDA.home, CAMERA, 0.0), seen)
    assert found.camera_T_ee is TRUE and found.joint_offsets is None and found.gripper_covariance is None
    assert not window.sees_gripper and SlidingWindowEstimator(PANDA, Sighted()).sees_gripper
