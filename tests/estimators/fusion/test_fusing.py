"""Both fusing estimators with a source of known errors."""

from dataclasses import replace

import numpy as np
import pytest
from scipy.spatial.transform import RigidTransform, Rotation

from ctr_env.datasets.frame import Frame
from ctr_env.estimators import GroundTruth, PoseEstimate, PoseEstimator, make_estimator
from ctr_env.estimators.fusion.pose_filter import PoseFilterEstimator
from ctr_env.estimators.fusion.sliding_window import SlidingWindowEstimator
from ctr_env.estimators.systematic_error import SYSTEMATIC_M, SYSTEMATIC_RAD
from ctr_env.geometry import PinholeCamera, moved, twist_between
from ctr_env.scenes.robots.kinematics import RobotKinematics

PANDA = RobotKinematics("panda")
CAMERA = PinholeCamera.from_fov(1.0, 320, 240)
TRUE = RigidTransform.from_components([0.1, 0.0, 1.3], Rotation.from_rotvec([1.5, 0.2, -0.1]))
AVERAGED = {"systematic_m": 0.0, "systematic_rad": 0.0}  # no systematic error
NOISE = {"white_position_m": 0.01, "white_rotation_rad": 0.02}
STEP = 1 / 30


def frames(count, rng, moving=True):
    found = []
    for i in range(count):
        joints = PANDA.home + (rng.uniform(-0.5, 0.5, 7) if moving else 0.0)
        found.append(Frame(joints, CAMERA, i * STEP))
    return found


def made(fusing, source):
    return fusing(PANDA, source) if fusing is SlidingWindowEstimator else fusing(source)


def asked(estimator, frame, truth=TRUE):
    """The estimate of a frame whose true pose the estimator's source imitates."""
    estimator.observe_truth(GroundTruth(frame.time_s, truth))
    return estimator.estimate(frame)


def started(name, seed=0, **config):
    estimator = make_estimator(name, config, PANDA)
    estimator.reset(np.random.default_rng(seed))
    return estimator


def off(estimate, truth=TRUE):
    return float(np.linalg.norm(twist_between(estimate.camera_T_base, truth)[:3]))


def test_the_error_of_a_window_shrinks_with_the_number_of_configurations_as_its_covariance_does():
    singles, fused, squares = [], [], []
    for seed in range(12):
        sequence = frames(40, np.random.default_rng(seed))
        window = started("sliding_window", seed, source="noisy", source_config=NOISE, **AVERAGED)
        estimates = [asked(window, frame) for frame in sequence]
        singles.append(off(estimates[0]))
        fused.append(off(estimates[-1]))
        away = twist_between(estimates[-1].camera_T_base, TRUE)
        squares.append(away @ np.linalg.solve(estimates[-1].covariance, away))
    assert np.median(fused) < 0.3 * np.median(singles)
    assert 3.0 < np.mean(squares) < 10.0


def test_the_systematic_error_is_not_averaged_out():
    """Poses that share a bias: the window's covariance contains it if its size is configured."""
    squares, half = [], {key: value / np.sqrt(2.0) for key, value in NOISE.items()}
    shared = {"systematic_m": half["white_position_m"], "systematic_rad": half["white_rotation_rad"]}
    for seed in range(16):
        rng = np.random.default_rng([seed, 1])
        systematic = np.concatenate(
            [half["white_position_m"] * rng.standard_normal(3), half["white_rotation_rad"] * rng.standard_normal(3)]
        )
        sequence = frames(15, rng)
        window = started("sliding_window", seed, source="noisy", source_config=half, **shared)
        source, take = window.source, window.take
        for frame in sequence:
            measured = asked(source, frame, moved(TRUE, systematic))  # which knows its own half of the variance
            estimate = take(frame, replace(measured, covariance=2.0 * measured.covariance))
        away = twist_between(estimate.camera_T_base, TRUE)
        squares.append(away @ np.linalg.solve(estimate.covariance, away))
    assert 4.0 < np.mean(squares) < 9.0


def test_many_frames_of_one_configuration_do_not_shrink_the_covariance():
    sequence = frames(30, np.random.default_rng(0), moving=False)
    window = started("sliding_window", source="noisy", source_config=NOISE)
    first, *_, last = [asked(window, frame).covariance for frame in sequence]
    assert (np.linalg.eigvalsh(last - 0.9 * first) > 0).all() and np.trace(last) < 2 * np.trace(first)


@pytest.mark.parametrize("moving", [False, True])
def test_outliers_have_little_influence_on_the_window(moving):
    """Whether the arm moves, or all frames show one joint configuration."""
    noise = {**NOISE, "outlier": 0.1, "outlier_position_m": 0.2}
    errors = []
    for seed in range(10):
        window = started("sliding_window", seed, source="noisy", source_config=noise, **AVERAGED)
        sequence = frames(40, np.random.default_rng(seed), moving=moving)
        errors.append(off([asked(window, frame) for frame in sequence][-1]))
    assert np.median(errors) < 0.005


def test_frames_with_large_covariances_do_not_degrade_a_configuration():
    window = started("sliding_window", source="noisy", source_config=NOISE, **AVERAGED)
    rng, sure = np.random.default_rng(0), np.diag([1e-6] * 3 + [1e-6] * 3)
    for i, frame in enumerate(frames(10, rng, moving=False)):
        covariance = sure if i == 0 else 1e4 * sure
        pose = moved(TRUE, rng.multivariate_normal(np.zeros(6), covariance))
        estimate = window.take(frame, PoseEstimate(pose, covariance, True, frame.time_s))
    assert off(estimate) < 0.003
    assert np.sqrt(estimate.covariance[:3, :3].diagonal().max()) < 0.0015


def test_the_gripper_pose_of_an_earlier_or_invalid_frame_is_not_passed_on():
    """The window's pose holds at the present time, but the gripper pose of a late estimate does not."""
    window = started("sliding_window", source="noisy", source_config=NOISE)
    early, late = frames(2, np.random.default_rng(0))
    seen = PoseEstimate(TRUE, np.eye(6) * 1e-6, True, early.time_s, camera_T_ee=TRUE)
    assert window.take(early, seen).camera_T_ee is TRUE
    assert window.take(late, seen).camera_T_ee is None
    invalid = window.take(late, replace(seen, time_s=late.time_s, valid=False, reason="pose_ambiguous"))
    assert invalid.valid and invalid.camera_T_ee is None


def test_the_systematic_error_is_the_sources_unless_configured():
    shared = {
        name: make_estimator("sliding_window", {"source": name}, PANDA).systematic[0, 0] for name in ("noisy", "ctrnet")
    }
    assert shared == {"noisy": 0.0, "ctrnet": SYSTEMATIC_M**2}
    configured = make_estimator("pose_filter", {"source": "ctrnet", "systematic_m": 0.0}, PANDA)
    assert np.array_equal(configured.systematic, np.diag([0.0] * 3 + [SYSTEMATIC_RAD**2] * 3))
    with pytest.raises(ValueError, match=r"systematic_rad must be a number in \[0, 100\], not -1"):
        make_estimator("pose_filter", {"systematic_rad": -1}, PANDA)


def test_a_full_window_drops_the_configuration_with_the_largest_covariance():
    window = started("sliding_window", source="noisy", source_config=NOISE, configurations=5, **AVERAGED)
    for frame in frames(20, np.random.default_rng(3)):
        estimate = asked(window, frame)
    few = started("sliding_window", source="noisy", source_config=NOISE, configurations=20, **AVERAGED)
    for frame in frames(20, np.random.default_rng(3)):
        many = asked(few, frame)
    assert np.trace(estimate.covariance) > 2 * np.trace(many.covariance)


def test_the_filter_follows_a_moving_camera_better_than_single_frames():
    def path(time):
        return RigidTransform.from_components([0.1 + 0.01 * np.sin(time), 0.0, 1.3], TRUE.rotation)

    raw, filtered = [], []
    for seed in range(6):
        sequence = frames(150, np.random.default_rng(seed))
        single = started("noisy", seed, **NOISE)
        smooth = started("pose_filter", seed, source="noisy", source_config=NOISE, correlation_s=0.0)
        for i, frame in enumerate(sequence):
            truth = path(frame.time_s)
            a, b = asked(single, frame, truth), asked(smooth, frame, truth)
            if i > 30:
                raw.append(off(a, truth))
                filtered.append(off(b, truth))
    assert np.median(filtered) < 0.6 * np.median(raw)


def test_the_covariance_of_a_static_camera_converges_to_the_systematic_error():
    still = {"speed_m": 1e-6, "speed_rad": 1e-6, "systematic_m": SYSTEMATIC_M, "systematic_rad": SYSTEMATIC_RAD}
    window = started("pose_filter", source="noisy", source_config=NOISE, **still)
    for frame in frames(400, np.random.default_rng(0)):
        estimate = asked(window, frame)
    deviations = np.sqrt(np.diag(estimate.covariance))
    assert (deviations > 0.99 * SYSTEMATIC_M).all() and (deviations < 1.8 * SYSTEMATIC_M).all()


def test_the_filter_rejects_outliers_and_is_reinitialised_after_the_camera_was_moved():
    def path(time):
        return TRUE if time < 2.0 else RigidTransform.from_components([0.5, 0.3, 1.6], TRUE.rotation)

    noise = {**NOISE, "outlier": 0.1, "outlier_position_m": 0.3}
    estimator = started("pose_filter", source="noisy", source_config=noise)
    sequence = [(frame, path(frame.time_s)) for frame in frames(120, np.random.default_rng(0))]
    errors = np.array([off(asked(estimator, frame, truth), truth) for frame, truth in sequence])
    assert errors[20:60].max() < 0.02
    assert errors[62] > 0.4  # at first the gate rejects the jump as outliers
    assert np.median(errors[80:]) < 0.02


def test_the_gate_passes_the_configured_share_of_measurements():
    """The systematic part does not enter the distance between measurement and prediction."""
    systematic = np.diag([0.02**2] * 6)
    independent = np.diag([NOISE["white_position_m"] ** 2] * 3 + [NOISE["white_rotation_rad"] ** 2] * 3)
    rng, passed = np.random.default_rng(0), []
    still = {"speed_m": 1e-4, "speed_rad": 1e-4, "correlation_s": 0.0, "systematic_m": 0.02, "systematic_rad": 0.02}
    estimator = started("pose_filter", source="noisy", source_config=NOISE, gate=0.9, lost_after=1000, **still)
    for frame in frames(400, rng):
        pose = moved(TRUE, rng.multivariate_normal(np.zeros(6), independent))
        estimate = estimator.take(frame, PoseEstimate(pose, independent + systematic, True, frame.time_s))
        passed.append(estimate.time_s == frame.time_s)
    assert 0.86 < np.mean(passed[50:]) < 0.94


def test_without_measurements_the_covariance_grows_until_the_pose_is_not_valid():
    estimator = started("pose_filter", source="noisy", source_config=NOISE, longest_gap_s=0.5)
    for frame in frames(10, np.random.default_rng(0)):
        estimate = asked(estimator, frame)
    blind = replace(estimate, valid=False, reason="dropout")
    found = [
        estimator.take(replace(frame, time_s=10 * STEP + 0.1 * i), blind)
        for i, frame in enumerate(frames(8, np.random.default_rng(1)))
    ]
    sizes = [np.trace(e.covariance) for e in found]
    assert sizes == sorted(sizes) and sizes[-1] > sizes[0]
    assert found[0].valid and not found[-1].valid
    assert found[-1].reason == "no_measurement"
    assert found[-1].time_s == pytest.approx(9 * STEP)


def test_without_measurements_the_window_is_not_valid_after_the_longest_gap():
    estimator = started("sliding_window", source="noisy", source_config=NOISE, longest_gap_s=0.5)
    last = frames(3, np.random.default_rng(0))
    for frame in last:
        estimate = asked(estimator, frame)
    blind = replace(estimate, valid=False, reason="dropout")
    soon, late = (estimator.take(replace(last[-1], time_s=2 * STEP + gap), blind) for gap in (0.4, 0.6))
    assert soon.valid and soon.time_s == pytest.approx(2 * STEP + 0.4)  # the camera stands still: it is true now
    assert not late.valid and late.reason == "no_measurement" and late.time_s == pytest.approx(2 * STEP)
    assert asked(estimator, replace(last[-1], time_s=2.0)).valid


class Unsure(PoseEstimator):
    """Answers with the true pose; every third covariance is none."""

    def __init__(self, bad):
        self.bad, self.count = bad, 0

    def estimate(self, frame):
        self.count += 1
        covariance = self.bad if self.count % 3 == 0 else 1e-6 * np.eye(6)
        return PoseEstimate(TRUE, covariance, True, frame.time_s)


BAD_COVARIANCES = {
    "nan": np.full((6, 6), np.nan),
    "infinite": np.diag([np.inf] * 6),
    "vast": np.diag([1e200] * 6),
    "indefinite": np.diag([1.0, 1.0, 1.0, 1.0, 1.0, -1.0]),
}


@pytest.mark.parametrize("fusing", [SlidingWindowEstimator, PoseFilterEstimator])
@pytest.mark.parametrize("bad", BAD_COVARIANCES.values(), ids=BAD_COVARIANCES)
def test_a_measurement_with_an_impossible_covariance_is_not_used(fusing, bad):
    sequence = frames(9, np.random.default_rng(0))
    estimator = made(fusing, Unsure(bad))
    for frame in sequence:
        estimate = estimator.estimate(frame)
        assert estimate.valid and off(estimate) < 1e-9 and np.isfinite(estimate.covariance).all()
    alone = made(fusing, Unsure(bad)).estimate_batch(sequence)[-1]
    np.testing.assert_array_equal(alone.covariance, estimate.covariance)
    first = made(fusing, Unsure(bad))
    first.source.count = 2
    assert first.estimate(sequence[0]).reason == "invalid_covariance"


@pytest.mark.parametrize("name", ["sliding_window", "pose_filter"])
def test_exact_measurements_give_the_exact_pose(name):
    estimator = started(name, source="ground_truth")
    for frame in frames(5, np.random.default_rng(0)):
        estimate = asked(estimator, frame)
        assert estimate.valid and off(estimate) < 1e-9
    assert np.isfinite(estimate.covariance).all()


@pytest.mark.parametrize("name", ["sliding_window", "pose_filter"])
def test_batches_resets_and_sequences_without_a_valid_pose(name):
    sequence = frames(6, np.random.default_rng(0))
    one, batch = started(name, source="noisy", source_config=NOISE), started(name, source="noisy", source_config=NOISE)
    singles = [asked(one, frame) for frame in sequence]
    for frame in sequence:
        batch.observe_truth(GroundTruth(frame.time_s, TRUE))
    together = batch.estimate_batch(sequence)
    for a, b in zip(singles, together, strict=True):
        np.testing.assert_array_equal(a.camera_T_base.as_matrix(), b.camera_T_base.as_matrix())
    one.reset(np.random.default_rng(0))
    np.testing.assert_array_equal(
        asked(one, sequence[0]).camera_T_base.as_matrix(), singles[0].camera_T_base.as_matrix()
    )
    nothing = asked(started(name, source="noisy", source_config={"dropout": 1.0}), sequence[0])
    assert not nothing.valid and nothing.reason == "dropout"


@pytest.mark.parametrize("name", ["sliding_window", "pose_filter"])
def test_configuration_errors_name_the_field(name):
    with pytest.raises(ValueError, match=f"{name} cannot take its poses from itself"):
        make_estimator(name, {"source": name}, PANDA)
    with pytest.raises(ValueError, match="unknown estimator 'gps'; valid names"):
        make_estimator(name, {"source": "gps"}, PANDA)
    with pytest.raises(ValueError, match="Config field length; valid names"):
        make_estimator(name, {"length": 3}, PANDA)


@pytest.mark.parametrize("fusing", [SlidingWindowEstimator, PoseFilterEstimator])
def test_images_are_wanted_where_the_source_wants_them(fusing):
    source = Unsure(np.eye(6))
    source.wants_image = lambda time_s: time_s >= 1.0
    assert [made(fusing, source).wants_image(time_s) for time_s in (0.5, 1.5)] == [False, True]
