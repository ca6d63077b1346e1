import numpy as np
import pytest
from scipy.spatial.transform import Rotation

from ctr_env.datasets.frame import Frame
from ctr_env.estimators import GroundTruth, NoisyConfig, NoisyEstimator
from ctr_env.geometry import PinholeCamera, moved, transform

CAMERA = PinholeCamera.from_fov(1.0, 320, 240)
TRUTH = transform((0.1, -0.2, 1.5), Rotation.from_rotvec((0.3, -1.0, 0.5)))
QUIET = {"white_position_m": 0.0, "white_rotation_rad": 0.0}


def estimates_at(estimator, times, pose=TRUTH):
    """Estimates of frames at these times, each preceded by its true pose."""
    for time in times:
        estimator.observe_truth(GroundTruth(float(time), pose))
    return estimator.estimate_batch([Frame(np.zeros(7), CAMERA, float(time)) for time in times])


def run(config, times, seed=0):
    estimator = NoisyEstimator(config)
    estimator.reset(np.random.default_rng(seed))
    return estimates_at(estimator, times)


def errors(estimates, truth=TRUTH):
    """``(N, 6)`` error twists: translation in camera axes, rotation vector from the left."""
    return np.array(
        [
            np.concatenate(
                [
                    estimate.camera_T_base.translation - truth.translation,
                    (estimate.camera_T_base.rotation * truth.rotation.inv()).as_rotvec(),
                ]
            )
            for estimate in estimates
        ]
    )


def poses(estimates):
    return np.array([estimate.camera_T_base.as_matrix() for estimate in estimates])


def test_white_noise_is_as_configured_and_as_reported():
    estimates = run({"white_position_m": 0.02, "white_rotation_rad": 0.05}, np.arange(2500) * 0.05)
    found = errors(estimates)
    expected = np.array([0.02] * 3 + [0.05] * 3)
    np.testing.assert_allclose(found.std(axis=0), expected, rtol=0.06)
    assert np.all(np.abs(found.mean(axis=0)) < 4 * expected / np.sqrt(len(found)))
    normalised = np.cov(found.T) / np.outer(expected, expected)
    assert np.abs(normalised - np.eye(6)).max() < 0.1  # coordinates are uncorrelated
    np.testing.assert_allclose(estimates[-1].covariance, np.diag(expected**2), atol=1e-12)
    steps = np.mean(found[1:] * found[:-1], axis=0) / expected**2
    assert np.abs(steps).max() < 0.08  # as are consecutive frames


def test_errors_are_twists_in_camera_axes_at_the_base_origin():
    error = np.array([0.01, -0.02, 0.03, 0.1, -0.2, 0.3])
    turned = moved(TRUTH, error)
    np.testing.assert_allclose(turned.translation - TRUTH.translation, error[:3], atol=1e-12)
    expected = Rotation.from_rotvec(error[3:]).as_matrix() @ TRUTH.rotation.as_matrix()
    np.testing.assert_allclose(turned.rotation.as_matrix(), expected, atol=1e-12)


def test_bias_stays_within_an_episode_and_is_drawn_anew_at_reset():
    estimator = NoisyEstimator({**QUIET, "bias_position_m": 0.03, "bias_rotation_rad": 0.1})
    rng = np.random.default_rng(5)
    directions = []
    for _ in range(400):
        estimator.reset(rng)
        found = errors(estimates_at(estimator, [0.0, 0.05, 4.0]))
        np.testing.assert_allclose(found, found[:1].repeat(3, axis=0), atol=1e-12)
        np.testing.assert_allclose(np.linalg.norm(found[0, :3]), 0.03, rtol=1e-9)
        np.testing.assert_allclose(np.linalg.norm(found[0, 3:]), 0.1, rtol=1e-9)
        directions.append(found[0])
    directions = np.array(directions)
    scale = np.array([0.03] * 3 + [0.1] * 3)
    assert np.abs((directions / scale).mean(axis=0)).max() < 0.1  # directions are isotropic
    np.testing.assert_allclose((directions / scale).var(axis=0), 1 / 3, rtol=0.15)
    covariance = estimates_at(estimator, [5.0])[0].covariance
    np.testing.assert_allclose(np.diag(covariance), scale**2 / 3)


def test_drift_variance_grows_linearly_in_time_whatever_the_frame_rate():
    config = {**QUIET, "drift_position_m": 0.02, "drift_rotation_rad": 0.03}
    even, uneven = np.linspace(0.0, 4.0, 5), np.array([0.0, 0.1, 1.0, 1.01, 4.0])
    for times in (even, uneven):
        episodes = [run(config, times, seed) for seed in range(1000)]
        found = np.array([errors(estimates) for estimates in episodes])  # (episodes, times, 6)
        assert np.abs(found[:, 0]).max() < 1e-12
        variance = np.stack([found[..., :3].var(axis=(0, 2)), found[..., 3:].var(axis=(0, 2))])
        expected = np.outer([0.02**2, 0.03**2], times)
        np.testing.assert_allclose(variance[:, 1:], expected[:, 1:], rtol=0.1)
        for k, estimate in enumerate(episodes[0]):
            np.testing.assert_allclose(np.diag(estimate.covariance), expected[:, k].repeat(3), atol=1e-15)


def test_the_covariance_covers_white_noise_drift_and_bias_together():
    config = {
        "white_position_m": 0.01,
        "white_rotation_rad": 0.02,
        "bias_position_m": 0.02,
        "bias_rotation_rad": 0.03,
        "drift_position_m": 0.01,
        "drift_rotation_rad": 0.01,
    }
    last = [run(config, [0.0, 1.0, 2.0], seed)[-1] for seed in range(1200)]
    found = errors(last)
    np.testing.assert_allclose(found.var(axis=0), np.diag(last[0].covariance), rtol=0.1)


def test_with_latency_the_newest_sufficiently_old_estimate_is_returned():
    times = np.cumsum(np.random.default_rng(2).uniform(0.01, 0.2, 200))
    times[50] = times[49] + 1e-4
    latency = 0.17
    estimator = NoisyEstimator({**QUIET, "latency_s": latency})
    estimator.reset(np.random.default_rng(0))
    late = 0
    for k, time in enumerate(times):
        estimate = estimates_at(estimator, [time], transform((float(time), 0.0, 1.0)))[0]
        allowed = times[: k + 1][times[: k + 1] <= time - latency]
        if len(allowed) == 0:
            assert (estimate.valid, estimate.reason, estimate.time_s) == (False, "latency", time)
            late += 1
            continue
        assert estimate.valid
        assert estimate.time_s == allowed[-1]
        assert estimate.camera_T_base.translation[0] == pytest.approx(allowed[-1])  # the pose of that frame
    assert late >= 1


def test_a_latency_of_whole_frames_is_exact_despite_rounding():
    times = np.arange(40) * 0.05
    estimates = run({**QUIET, "latency_s": 0.1}, times)
    assert [estimate.reason for estimate in estimates[:2]] == ["latency", "latency"]
    np.testing.assert_allclose([estimate.time_s for estimate in estimates[2:]], times[:-2])


def test_without_latency_every_estimate_has_the_time_of_its_frame():
    times = np.cumsum(np.random.default_rng(3).uniform(0.01, 0.2, 50))
    assert [estimate.time_s for estimate in run({}, times)] == list(times)


def test_dropouts_and_outliers_occur_at_the_configured_rates():
    config = {**QUIET, "dropout": 0.2, "outlier": 0.1, "outlier_position_m": 0.3, "outlier_rotation_rad": 0.4}
    estimates = run(config, np.arange(3000) * 0.05)
    dropped = [estimate for estimate in estimates if not estimate.valid]
    assert {estimate.reason for estimate in dropped} == {"dropout"}
    assert np.mean([not estimate.valid for estimate in estimates]) == pytest.approx(0.2, abs=0.025)
    found = errors([estimate for estimate in estimates if estimate.valid])
    distance, angle = np.linalg.norm(found[:, :3], axis=1), np.linalg.norm(found[:, 3:], axis=1)
    wild = distance > 0.1
    assert wild.mean() == pytest.approx(0.1, abs=0.02)
    np.testing.assert_allclose(distance[wild], 0.3)
    np.testing.assert_allclose(angle[wild], 0.4)
    assert distance[~wild].max() < 1e-12


@pytest.mark.parametrize(("rate", "expected"), [(0.0, 0), (1.0, 100)])
def test_dropout_rates_of_zero_and_one_are_exact(rate, expected):
    assert sum(not estimate.valid for estimate in run({"dropout": rate}, np.arange(100) * 0.1)) == expected


def test_equal_generators_give_equal_estimates_and_others_do_not():
    config = {
        "bias_position_m": 0.01,
        "drift_position_m": 0.01,
        "drift_rotation_rad": 0.01,
        "dropout": 0.1,
        "outlier": 0.1,
        "latency_s": 0.12,
    }
    times = np.arange(60) * 0.05
    first, second, other = run(config, times, 7), run(config, times, 7), run(config, times, 8)
    np.testing.assert_array_equal(poses(first), poses(second))
    assert [estimate.reason for estimate in first] == [estimate.reason for estimate in second]
    assert not np.array_equal(poses(first), poses(other))


def test_reset_discards_the_previous_episode():
    config = {"bias_position_m": 0.01, "drift_position_m": 0.05, "latency_s": 0.1, "dropout": 0.2}
    used = NoisyEstimator(config)
    used.reset(np.random.default_rng(1))
    estimates_at(used, np.arange(30) * 0.1 + 9.0)
    used.reset(np.random.default_rng(2))
    times = np.arange(20) * 0.05
    np.testing.assert_array_equal(poses(estimates_at(used, times)), poses(run(config, times, 2)))


@pytest.mark.parametrize(
    "extra",
    [
        {"dropout": 0.3},
        {"outlier": 0.3},
        {"bias_position_m": 0.1, "bias_rotation_rad": 0.1},
        {"drift_position_m": 0.1, "drift_rotation_rad": 0.1},
    ],
    ids=lambda extra: next(iter(extra)),
)
def test_enabling_one_error_leaves_the_draws_of_the_others_unchanged(extra):
    times = np.arange(200) * 0.05
    base = {"white_position_m": 0.01, "white_rotation_rad": 0.0, "outlier_rotation_rad": 0.0}
    white = errors(run(base, times))
    both, alone = run({**base, **extra}, times), run({**base, **QUIET, **extra}, times)
    assert [estimate.valid for estimate in both] == [estimate.valid for estimate in alone]
    kept = np.array([estimate.valid for estimate in both])
    difference = errors(both) - errors(alone)
    np.testing.assert_allclose(difference[kept, :3], white[kept, :3], atol=1e-12)


def test_estimating_before_reset_is_rejected():
    with pytest.raises(RuntimeError, match=r"reset\(rng\)"):
        NoisyEstimator().estimate(Frame(np.zeros(7), CAMERA, 0.0))


def test_a_frame_without_truth_gives_no_valid_estimate():
    estimator = NoisyEstimator()
    estimator.reset(np.random.default_rng(0))
    estimate = estimator.estimate(Frame(np.zeros(7), CAMERA, 0.5))
    assert (estimate.valid, estimate.reason, estimate.time_s) == (False, "no_truth", 0.5)


def test_an_unknown_field_is_rejected_with_the_valid_ones():
    with pytest.raises(ValueError, match="unknown NoisyConfig field noise; valid names: ") as refusal:
        NoisyEstimator({"noise": 1.0})
    for name in vars(NoisyConfig()):
        assert name in str(refusal.value)


@pytest.mark.parametrize("value", [-0.01, 101.0, float("nan"), "much"])
@pytest.mark.parametrize("name", list(vars(NoisyConfig())))
def test_values_out_of_range_are_rejected_by_name(name, value):
    with pytest.raises(ValueError, match=rf"NoisyConfig\.{name} must be a number in \["):
        NoisyEstimator({name: value})


def test_everything_at_once_stays_finite():
    config = NoisyConfig(
        white_rotation_rad=np.pi,
        bias_position_m=1.0,
        bias_rotation_rad=np.pi,
        drift_position_m=1.0,
        drift_rotation_rad=np.pi,
        latency_s=0.1,
        dropout=0.3,
        outlier=0.5,
        outlier_rotation_rad=np.pi,
    )
    for estimate in run(config, [0.0, 0.0, 0.1, 0.1, *np.linspace(0.2, 100.0, 300)]):
        assert np.isfinite(estimate.camera_T_base.as_matrix()).all()
        assert np.linalg.eigvalsh(estimate.covariance).min() >= 0.0
        assert np.isfinite(estimate.covariance).all()
