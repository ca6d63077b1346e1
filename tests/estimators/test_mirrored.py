"""Mirroring a right arm to a left one is exact for poses and consistent in every part of the estimate."""

from dataclasses import replace

import numpy as np
import pytest
from scipy.spatial.transform import RigidTransform, Rotation

from ctr_env.datasets.frame import Frame
from ctr_env.estimators import GroundTruth, PoseEstimate, PoseEstimator, make_estimator
from ctr_env.estimators.mirrored import Mirror, MirroredEstimator
from ctr_env.geometry import PinholeCamera, transform
from ctr_env.scenes.robots.catalogue import ROBOTS
from ctr_env.scenes.robots.kinematics import RobotKinematics

LEFT, RIGHT = RobotKinematics("baxter"), RobotKinematics("baxter_right")
CAMERA = PinholeCamera(300.0, 310.0, 150.0, 125.0, 320, 240, (0.05, -0.02, 0.004, -0.003))


class Recorder(PoseEstimator):
    """Keeps the frame and the truth that it received; its answer is a function of both."""

    needs_truth = True

    def __init__(self, answer):
        self.answer, self.frame, self.truth = answer, None, None

    def observe_truth(self, truth):
        self.truth = truth

    def estimate(self, frame):
        self.frame = frame
        return self.answer(frame, self.truth)


def random_pose(rng) -> RigidTransform:
    return transform(rng.normal((0.0, 0.0, 1.8), 0.2), Rotation.random(random_state=rng))


def test_camera_joints_and_pose_are_mirrored_consistently():
    """Points of the right arm project to flipped pixels of the mirrored left arm: camera, joints and pose agree."""
    rng = np.random.default_rng(0)
    for _ in range(20):
        pose, q = random_pose(rng), rng.uniform(-1.0, 1.0, 7)
        inner = Recorder(lambda frame, truth: PoseEstimate(truth.camera_T_base, np.eye(6), True, 0.0))
        estimator = MirroredEstimator(inner, Mirror(RIGHT.robot))
        assert estimator.needs_truth
        estimator.observe_truth(GroundTruth(0.0, pose))
        estimate = estimator.estimate(Frame(q, CAMERA, 0.0, np.zeros((240, 320, 3), np.uint8)))
        shown = inner.frame
        right = CAMERA.project(pose.apply(RIGHT.keypoints(q)))
        left = shown.camera.project(inner.truth.camera_T_base.apply(LEFT.keypoints(shown.joint_positions)))
        np.testing.assert_allclose(left, np.array([320.0, 0.0]) + right * [-1.0, 1.0], atol=1e-7)
        np.testing.assert_allclose(estimate.camera_T_base.as_matrix(), pose.as_matrix(), atol=1e-12)


def test_the_covariance_is_mirrored_as_the_error_is():
    """An error of the inner estimate, put into the convention of the covariance, arrives with that covariance."""
    rng = np.random.default_rng(1)
    pose = random_pose(rng)
    twist = rng.normal(0, 1e-3, 6)

    def answer(frame, truth):
        true = truth.camera_T_base
        found = transform(true.translation - twist[:3], Rotation.from_rotvec(-twist[3:]) * true.rotation)
        return PoseEstimate(found, np.outer(twist, twist), True, 0.0)

    estimator = MirroredEstimator(Recorder(answer), Mirror(RIGHT.robot))
    estimator.observe_truth(GroundTruth(0.0, pose))
    estimate = estimator.estimate(Frame(np.zeros(7), CAMERA, 0.0, np.zeros((240, 320, 3), np.uint8)))
    v = pose.translation - estimate.camera_T_base.translation
    w = (pose.rotation * estimate.camera_T_base.rotation.inv()).as_rotvec()
    error = np.concatenate([v, w])
    np.testing.assert_allclose(estimate.covariance, np.outer(error, error), atol=1e-11)


def test_images_masks_and_pixels_are_flipped():
    image = np.zeros((4, 6, 3), np.uint8)
    image[1, 0] = 255
    camera = PinholeCamera(5.0, 5.0, 3.0, 2.0, 6, 4)

    def answer(frame, truth):
        rows, columns = np.nonzero(frame.image[..., 0])
        pixels = np.stack([columns, rows], axis=1) + 0.5
        mask = (frame.image[..., 0] > 0).astype(np.float32)
        base = PoseEstimate(RigidTransform.identity(), np.eye(6), True, 0.0)
        return replace(base, keypoints_px=pixels, keypoint_confidence=np.ones(len(pixels)), mask_source=mask)

    estimate = MirroredEstimator(Recorder(answer), Mirror(RIGHT.robot)).estimate(Frame(np.zeros(7), camera, 0.0, image))
    np.testing.assert_array_equal(estimate.keypoints_px, [[0.5, 1.5]])
    np.testing.assert_array_equal(estimate.mask > 0, image[..., 0] > 0)


def test_robots_that_are_no_mirror_image_are_rejected():
    with pytest.raises(ValueError, match="panda"):
        Mirror(ROBOTS["panda"])


def test_images_are_wanted_where_the_inner_estimator_wants_them():
    inner = Recorder(None)
    inner.wants_image = lambda time_s: time_s >= 1.0
    estimator = MirroredEstimator(inner, Mirror(RIGHT.robot))
    assert [estimator.wants_image(time_s) for time_s in (0.5, 1.5)] == [False, True]


def test_sequences_of_several_arms_keep_to_their_own_estimators():
    rng = np.random.default_rng(1)
    frames = [Frame(rng.uniform(-1.0, 1.0, 7), CAMERA, 0.1 * i) for i in range(3)]
    poses = [random_pose(rng) for _ in frames]
    estimators = [
        MirroredEstimator(
            Recorder(lambda frame, truth: PoseEstimate(truth.camera_T_base, np.eye(6), True, frame.time_s)), m
        )
        for m in [Mirror(RIGHT.robot)] * 3
    ]
    for estimator, pose in zip(estimators, poses, strict=True):
        estimator.observe_truth(GroundTruth(0.0, pose))
    found = MirroredEstimator.estimate_each(estimators, frames)
    for estimator, frame, pose, each in zip(estimators, frames, poses, found, strict=True):
        assert each.time_s == frame.time_s
        np.testing.assert_allclose(each.camera_T_base.as_matrix(), pose.as_matrix(), atol=1e-12)
        np.testing.assert_array_equal(
            estimator.estimate(frame).camera_T_base.as_matrix(), each.camera_T_base.as_matrix()
        )


def test_joint_offsets_are_those_of_the_inner_estimator():
    inner = make_estimator("ctrnet", {}, LEFT)
    mirrored = make_estimator("ctrnet", {}, RIGHT)
    assert mirrored.joint_std_rad == inner.joint_std_rad > 0.0
