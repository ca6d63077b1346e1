"""Perturbed estimators: each perturbation does what its name says, and no other thing."""

import numpy as np
import pytest
from scipy.spatial.transform import Rotation

from ctr_env.datasets.frame import Frame
from ctr_env.errors import ConfigurationError, UsageError
from ctr_env.estimators import GroundTruth, PoseEstimate, PoseEstimator, make_estimator
from ctr_env.estimators.perturbed import PerturbedEstimator
from ctr_env.geometry import PinholeCamera, look_at, pose_error, twist_between
from ctr_env.scenes.robots.kinematics import RobotKinematics

PANDA = RobotKinematics("panda")
CAMERA = PinholeCamera.from_fov(1.0, 640, 480)
POSE = look_at(np.array([1.3, 0.4, 0.7]), np.array([0.2, 0.0, 0.4])).inv()
GRIPPER = POSE * PANDA.base_T_ee(PANDA.home)
TIMES = np.arange(60) / 30.0


def run(config, times=TIMES, seed=0, joints=None):
    """Estimates of frames at these times, one after the other."""
    estimator = make_estimator("perturbed", config, PANDA)
    estimator.reset(np.random.default_rng(seed))
    found = []
    for i, time in enumerate(times):
        estimator.observe_truth(GroundTruth(float(time), POSE, GRIPPER))
        q = PANDA.home if joints is None else joints[i]
        found.append(estimator.estimate(Frame(q, CAMERA, float(time))))
    return found


def twists(estimates):
    return np.array([twist_between(POSE, e.camera_T_base) for e in estimates if e.valid])


class Recorder(PoseEstimator):
    """Remembers the frames that it was given."""

    sees_gripper = True

    def __init__(self):
        self.frames = []

    def estimate(self, frame):
        self.frames.append(frame)
        return PoseEstimate(POSE, np.zeros((6, 6)), True, frame.time_s)


def record(config, joints):
    source = Recorder()
    estimator = PerturbedEstimator(PANDA, source, config)
    estimator.reset(np.random.default_rng(0))
    image = np.zeros((480, 640, 3), np.uint8)
    estimates = [
        estimator.estimate(Frame(q, CAMERA, float(time), image)) for q, time in zip(joints, TIMES, strict=False)
    ]
    return source.frames, estimates


def test_without_perturbations_the_estimates_are_the_sources():
    for estimate, time in zip(run({}), TIMES, strict=True):
        assert estimate.time_s == time
        assert pose_error(estimate.camera_T_base, POSE) == (0.0, 0.0)


def test_the_source_draws_the_same_whatever_is_perturbed():
    """Paired comparisons: a bias is added to the very estimates that there would be without it."""
    plain = run({"source": "noisy"})
    biased = run({"source": "noisy", "position_bias_m": 0.02})
    shifts = np.array(
        [b.camera_T_base.translation - a.camera_T_base.translation for a, b in zip(plain, biased, strict=True)]
    )
    np.testing.assert_allclose(np.linalg.norm(shifts, axis=1), 0.02)
    np.testing.assert_allclose(shifts, shifts[:1].repeat(len(shifts), axis=0), atol=1e-12)


def test_a_delayed_estimate_is_that_of_an_earlier_frame():
    found = run({"delay_s": 0.1})
    assert [e.reason for e in found[:3]] == ["latency"] * 3
    for now, estimate in zip(TIMES[3:], found[3:], strict=True):
        assert estimate.valid
        assert now - estimate.time_s == pytest.approx(0.1)


def test_the_rate_limits_the_frames_and_estimates_stay_between():
    joints = np.tile(PANDA.home, (60, 1))
    frames, estimates = record({"rate_hz": 5.0}, joints)
    np.testing.assert_allclose([frame.time_s for frame in frames], np.arange(10) / 5.0)
    ages = [now - estimate.time_s for now, estimate in zip(TIMES, estimates, strict=True)]
    assert max(ages) == pytest.approx(5 / 30)


@pytest.mark.parametrize("rate, expected", [(20.0, 40), (30.0, 60), (100.0, 60), (1.0, 2)])
def test_the_rate_holds_on_average(rate, expected):
    frames, _ = record({"rate_hz": rate}, np.tile(PANDA.home, (60, 1)))
    assert len(frames) == expected


def test_a_slow_estimator_is_late_and_rare():
    """As a method that takes one second for a frame, and then takes the next."""
    found = run({"rate_hz": 1.0, "delay_s": 1.0}, times=np.arange(120) / 30.0)
    assert not any(e.valid for e in found[:30])
    assert {round(e.time_s, 6) for e in found[30:60]} == {0.0}
    assert {round(e.time_s, 6) for e in found[60:90]} == {1.0}


def test_dropout_is_a_share_of_the_frames():
    found = run({"dropout": 0.3}, times=np.arange(3000) / 30.0)
    lost = [e.reason for e in found if not e.valid]
    assert set(lost) == {"dropout"}
    assert len(lost) / 3000 == pytest.approx(0.3, abs=0.03)


def test_noise_has_its_size_and_is_in_the_covariance():
    found = run({"position_noise_m": 0.02, "rotation_noise_rad": 0.05}, times=np.arange(2000) / 30.0)
    expected = np.array([0.02] * 3 + [0.05] * 3)
    np.testing.assert_allclose(twists(found).std(axis=0), expected, rtol=0.08)
    np.testing.assert_allclose(np.sqrt(np.diag(found[0].covariance)), expected)


def test_bias_is_constant_in_an_episode_and_random_between_episodes():
    first, second = (twists(run({"position_bias_m": 0.03, "rotation_bias_rad": 0.1}, seed=s)) for s in (0, 1))
    np.testing.assert_allclose(first, first[:1].repeat(60, axis=0), atol=1e-12)
    np.testing.assert_allclose(np.linalg.norm(first[0, :3]), 0.03)
    np.testing.assert_allclose(np.linalg.norm(first[0, 3:]), 0.1)
    assert np.linalg.norm(first[0] - second[0]) > 0.01


def test_bias_leaves_the_observed_gripper_and_noise_does_not():
    biased, noisy = run({"position_bias_m": 0.03})[5], run({"position_noise_m": 0.03})[5]
    assert pose_error(biased.camera_T_ee, GRIPPER) == (0.0, 0.0)
    assert pose_error(noisy.camera_T_ee, GRIPPER)[0] > 1e-3


def test_a_source_with_images_gets_a_wrong_focal_length():
    frames, _ = record({"focal_error": 0.05}, np.tile(PANDA.home, (3, 1)))
    assert frames[0].camera.fx == pytest.approx(1.05 * CAMERA.fx)
    assert frames[0].camera.cx == CAMERA.cx


def test_a_wrong_focal_length_changes_the_depth_by_as_much():
    """A pinhole image of a distant, shallow object: size is focal length over depth."""
    middle = PANDA.keypoints(PANDA.home).mean(axis=0)
    found = run({"focal_error": 0.05})[0].camera_T_base
    assert found.apply(middle)[2] / POSE.apply(middle)[2] == pytest.approx(1.05, abs=0.015)


def test_a_source_with_images_gets_older_joint_positions():
    joints = PANDA.home + 0.3 * TIMES[:, None]
    frames, _ = record({"joint_skew_s": 0.05}, joints)
    np.testing.assert_allclose(frames[-1].joint_positions, PANDA.home + 0.3 * (TIMES[-1] - 0.05))
    np.testing.assert_allclose(frames[0].joint_positions, PANDA.home)


def test_joint_skew_matters_while_the_arm_moves_only():
    assert np.abs(twists(run({"joint_skew_s": 0.1}))).max() < 1e-6
    moving = PANDA.home + 0.3 * TIMES[:, None]
    errors = twists(run({"joint_skew_s": 0.1}, joints=moving))
    assert np.linalg.norm(errors[-1, :3]) > 0.005


def test_ignored_distortion_is_an_error_that_grows_with_the_coefficient():
    sizes = [np.linalg.norm(twists(run({"lens_k1": k1}))[0, :3]) for k1 in (-0.05, -0.1, -0.2)]
    assert sizes[0] > 1e-3
    assert sizes == sorted(sizes)


def test_pixel_noise_has_the_covariance_that_is_reported():
    found = run({"pixel_noise_px": 1.0}, times=np.arange(1500) / 30.0)
    errors = twists(found)
    squared = [e @ np.linalg.solve(estimate.covariance, e) for e, estimate in zip(errors, found, strict=True)]
    assert np.mean(squared) == pytest.approx(6.0, rel=0.1)


def test_needs_are_those_of_the_source():
    board = make_estimator("perturbed", {"source": "charuco"}, PANDA)
    assert (board.needs_image, board.needs_board, board.needs_truth, board.sees_gripper) == (True, True, False, True)
    assert board.image_size == (640, 480)
    assert not make_estimator("perturbed", {"source": "noisy"}, PANDA).needs_image


def test_the_same_seed_gives_the_same_estimates():
    config = {"source": "noisy", "dropout": 0.2, "pixel_noise_px": 1.0, "position_noise_m": 0.01, "rate_hz": 12.0}
    first, again, other = (run(config, seed=seed) for seed in (3, 3, 4))
    poses = [[e.camera_T_base.as_matrix() for e in found] for found in (first, again, other)]
    np.testing.assert_array_equal(poses[0], poses[1])
    assert not np.array_equal(poses[0], poses[2])


def test_points_behind_the_camera_give_no_pose():
    estimator = PerturbedEstimator(PANDA, make_estimator("ground_truth", None, PANDA), {"pixel_noise_px": 1.0})
    estimator.reset(np.random.default_rng(0))
    behind = type(POSE).from_components(np.array([0.0, 0.0, -5.0]), Rotation.identity())
    estimator.observe_truth(GroundTruth(0.0, behind))
    assert estimator.estimate(Frame(PANDA.home, CAMERA, 0.0)).reason == "not_in_view"


@pytest.mark.parametrize(
    "config, message",
    [
        ({"source": "perturbed"}, "cannot take its poses from itself"),
        ({"dropout": 1.5}, r"dropout must be a number in \[0, 1\], not 1.5"),
        ({"delay": 1}, "unknown PerturbedConfig field delay; valid names: source"),
        ({"rate_hz": 0.0}, "rate_hz must be a number in"),
        ({"source": "nosy"}, "unknown estimator 'nosy'"),
    ],
)
def test_a_mistake_is_named(config, message):
    with pytest.raises(ConfigurationError, match=message):
        make_estimator("perturbed", config, PANDA)


def test_it_must_be_reset_first():
    with pytest.raises(UsageError, match="call reset"):
        make_estimator("perturbed", {}, PANDA).estimate(Frame(PANDA.home, CAMERA, 0.0))


def test_images_are_wanted_only_for_frames_that_the_source_is_given():
    source = Recorder()
    estimator = PerturbedEstimator(PANDA, source, {"rate_hz": 10.0, "delay_s": 0.1})
    estimator.reset(np.random.default_rng(0))
    image = np.zeros((480, 640, 3), np.uint8)
    wanted = []
    for time in TIMES[:9].tolist():
        wanted.append(estimator.wants_image(time))
        estimator.estimate(Frame(PANDA.home, CAMERA, time, image if wanted[-1] else None))
    assert wanted == [True, False, False] * 3
    assert len(source.frames) == 3
    assert all(frame.image is not None for frame in source.frames)
    source.needs_image = False
    assert not estimator.wants_image(float(TIMES[9]))
