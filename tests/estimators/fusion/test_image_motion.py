"""The filter on rendered images of a moving camera."""

from dataclasses import replace

import numpy as np
import pytest

from ctr_env.datasets.frame import Frame
from ctr_env.envs import ServoEnv
from ctr_env.estimators import NoisyEstimator, PoseEstimate
from ctr_env.estimators.fusion.image_motion import ImageMotion, Keyframe, PoseMeasurement, novelty
from ctr_env.estimators.fusion.pose_filter import PoseFilterEstimator
from ctr_env.evaluation.pose.metrics import nees
from ctr_env.geometry import moved, pose_from_matrix, pose_matrix, twist_between

DEVIATIONS = np.array([0.006] * 3 + [0.009] * 3)
COVARIANCE = np.diag(DEVIATIONS**2)
WALK = 0.03**2 * np.eye(6)  # covariance of the motion in a second


def rendered(seed, steps):
    """Frames of an episode with a moving camera, the robot's masks, and the true poses."""
    env = ServoEnv(task="track", moving="camera", randomization="mild", width=320, height=240)
    env.reset(seed=seed)
    found = []
    for _ in range(steps):
        env.step(np.zeros(env.action_space.shape))
        now = env.snapshot
        frame = Frame(now.joint_positions, now.camera, now.time_s, env.image())
        found.append((frame, env.robot_mask().astype(np.float32), now.camera_T_base))
    env.close()
    return found


@pytest.fixture(scope="module")
def episode():
    return rendered(seed=3, steps=40)


def filtering(**config):
    """A filter whose measurements the tests pass to `take`; its source is not asked."""
    return PoseFilterEstimator(NoisyEstimator({}), config)


def estimates(episode, seed, mask=True, alike=1):
    """Single-frame estimates, whose errors are the same in so many successive frames, else independent."""
    rng = np.random.default_rng(seed)
    for i, (frame, robot, true) in enumerate(episode):
        if i % alike == 0:
            error = DEVIATIONS * rng.standard_normal(6)
        pose = moved(true, error)
        yield frame, PoseEstimate(pose, COVARIANCE, True, frame.time_s, mask_source=robot if mask else None), true


def same(one, other):
    np.testing.assert_array_equal(one.camera_T_base.as_matrix(), other.camera_T_base.as_matrix())
    np.testing.assert_array_equal(one.covariance, other.covariance)


def blank(frame):
    return Frame(frame.joint_positions, frame.camera, frame.time_s, np.full_like(frame.image, 120))


@pytest.mark.parametrize("case", ["no texture", "no mask", "no image", "late"])
def test_without_what_it_needs_the_filter_is_the_random_walk(episode, case):
    walk = filtering(image_motion=False)
    images = filtering(image_motion=True)
    for frame, measured, _ in estimates(episode[:8], 0, mask=case != "no mask"):
        given, late = frame, measured
        if case == "no texture":
            given = blank(frame)
        elif case == "no image":
            given = Frame(frame.joint_positions, frame.camera, frame.time_s)
        elif case == "late":
            given = Frame(frame.joint_positions, frame.camera, frame.time_s + 0.01, frame.image)
        same(images.take(given, late), walk.take(given, late))


def test_tracking_begins_again_when_the_background_returns(episode):
    estimator = filtering(image_motion=True)
    frames = list(estimates(episode[:12], 0))
    for i, (frame, measured, _true) in enumerate(frames):
        estimate = estimator.take(blank(frame) if i == 6 else frame, measured)
        assert estimate.valid and np.isfinite(estimate.covariance).all()


def test_novelty_is_that_of_joints_view_and_time_up_to_one():
    pose = pose_matrix(np.eye(3), [0.0, 0.0, 2.0])
    since = Keyframe(np.zeros(7), pose, 1.0)
    assert novelty(np.zeros(7), pose, 1.0, since) == 0.0
    assert novelty(0.1 * np.eye(7)[2], pose, 1.0, since) == pytest.approx(0.25)
    assert novelty(np.zeros(7), pose_matrix(np.eye(3), [0.2, 0.0, 2.0]), 1.0, since) == pytest.approx(0.25)
    assert novelty(np.zeros(7), pose, 1.5, since) == pytest.approx(0.25)
    assert novelty(np.ones(7), pose, 1.0, since) == 1.0


def test_following_before_a_start_gives_nothing(episode):
    frame, mask, _true = episode[0]
    assert ImageMotion().follow(frame, mask, None) is None


def test_the_relative_motion_is_measured_within_its_covariance(episode):
    (first, mask, start), *others = episode
    motion = ImageMotion(WALK)
    motion.start(first, mask, PoseMeasurement(start.as_matrix(), 1e8 * np.eye(6)))
    followed, still, squares = [], [], []
    for frame, robot, true in others:
        found = motion.follow(frame, robot, None)
        assert found is not None
        error = twist_between(pose_from_matrix(found[0]), true)
        followed.append(error)
        still.append(twist_between(start, true))
        squares.append(error @ np.linalg.solve(found[1], error))
    (metres, radians), (still_metres, still_radians) = rms(followed), rms(still)
    assert metres < 0.7 * still_metres and radians < 0.4 * still_radians
    assert np.mean(squares) < 7.0


def rms(twists):
    """Root mean square translation and rotation of twists, in metres and radians."""
    squares = np.square(twists)
    return np.sqrt([squares[:, :3].sum(axis=1).mean(), squares[:, 3:].sum(axis=1).mean()])


def errors(episode, first, lost=False, **config):
    """RMS errors and mean NEES of a filter from a frame on, for errors of the source that last for eight frames."""
    twists, squares = [], []
    for seed in range(6):
        estimator = filtering(**config)
        for i, (frame, measured, true) in enumerate(estimates(episode, seed, alike=8)):
            result = estimator.take(frame, replace(measured, valid=False) if lost and i >= first else measured)
            if i >= first:
                twists.append(twist_between(result.camera_T_base, true))
                squares.append(nees(twists[-1], result.covariance))
    return (*rms(twists), np.mean(squares))


def test_errors_that_last_for_several_frames_are_averaged_in_spite_of_the_motion(episode):
    metres, radians, squares = errors(episode, 20, image_motion=True)
    walk_metres, walk_radians, walk_squares = errors(episode, 20)
    assert metres < 0.95 * walk_metres and radians < 1.02 * walk_radians  # few corners, on one plane
    assert squares < min(6.5, walk_squares)


def test_the_motion_is_followed_while_there_is_no_measurement(episode):
    metres, radians, squares = errors(episode, 20, lost=True, image_motion=True)
    walk_metres, walk_radians, _ = errors(episode, 20, lost=True)
    assert metres < walk_metres and radians < 0.8 * walk_radians
    assert squares < 6.5


@pytest.mark.parametrize("shift", [0, 14])
def test_a_motion_that_contradicts_the_random_walk_is_not_used(episode, shift):
    walk, images = filtering(), filtering(image_motion=True)
    for i, (frame, measured, _) in enumerate(estimates(episode[:27], 0)):
        last = i == 26
        jerked = np.roll(frame.image, shift, axis=1) if last else frame.image
        robot = np.roll(measured.mask, shift, axis=1) if last else measured.mask
        measured = replace(measured, valid=i < 20, mask_source=robot)
        result = images.take(replace(frame, image=jerked), measured)
        expected = walk.take(frame, measured)
    assert np.array_equal(result.covariance, expected.covariance) == (shift != 0)
