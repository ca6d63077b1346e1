import json
import subprocess
import sys

import gymnasium as gym
import numpy as np
import pytest
from gymnasium.utils.env_checker import check_env
from scipy.stats import chi2, kstest

import ctr_env  # noqa: F401 - registers the environments
from ctr_env.datasets.frame import Frame
from ctr_env.envs.imaging import SceneCamera
from ctr_env.errors import ConfigurationError, DataError, UsageError
from ctr_env.estimators import GroundTruth, make_estimator
from ctr_env.estimators.error_model.estimator import CtRNetModelEstimator
from ctr_env.estimators.error_model.model import save_error_model
from ctr_env.estimators.mirrored import MirroredEstimator
from ctr_env.geometry import PinholeCamera, look_at, twist_between
from ctr_env.scenes.robots.kinematics import RobotKinematics

CAMERA = PinholeCamera.from_fov(1.0, 640, 480)
POSE = look_at((1.4, 0.3, 0.8), (0.2, 0.0, 0.4)).inv()
EE = POSE * RobotKinematics("panda").base_T_ee(RobotKinematics("panda").home)


@pytest.fixture(scope="module")
def panda():
    return RobotKinematics("panda")


@pytest.fixture
def file_of(tmp_path, known_model):
    def make(**settings):
        path = tmp_path / "model.safetensors"
        save_error_model(path, known_model(**settings))
        return str(path)

    return make


def estimates(estimator, seed, frames=1, joints=None, ee=EE):
    estimator.reset(np.random.default_rng(seed))
    joints = RobotKinematics("panda").home if joints is None else joints
    found = []
    for i in range(frames):
        estimator.observe_truth(GroundTruth(i / 30, POSE, ee))
        found.append(estimator.estimate(Frame(joints, CAMERA, i / 30)))
    return found


def nees(estimate):
    error = twist_between(estimate.camera_T_base, POSE)
    return error @ np.linalg.solve(estimate.covariance, error)


def test_errors_have_the_reported_covariances(panda, file_of):
    estimator = CtRNetModelEstimator(panda, {"model": file_of()})
    squares = [nees(estimates(estimator, seed)[0]) for seed in range(1500)]
    assert kstest(squares, chi2(6).cdf).pvalue > 1e-3


def test_overconfident_errors_have_larger_nees(panda, file_of):
    estimator = CtRNetModelEstimator(panda, {"model": file_of(log_scale=np.log(2.0))})
    squares = [nees(estimates(estimator, seed)[0]) for seed in range(800)]
    assert np.mean(squares) == pytest.approx(4.0 * 6.0, rel=0.15)


def test_the_reported_covariance_contains_the_systematic_part(panda, file_of):
    estimator = CtRNetModelEstimator(panda, {"model": file_of()})
    assert (estimator.systematic_m, estimator.systematic_rad) == pytest.approx((0.002, 0.003))
    covariance = estimates(estimator, 0)[0].covariance
    rest = covariance - np.diag([0.002**2] * 3 + [0.003**2] * 3)
    assert np.linalg.eigvalsh(rest).min() > -1e-15


def test_the_systematic_part_of_the_errors_stays_in_an_episode(panda, file_of):
    estimator = CtRNetModelEstimator(panda, {"model": file_of(shares=(1.0, 0.0, 0.0))})
    first, last = (twist_between(e.camera_T_base, POSE) for e in estimates(estimator, 3, 5)[::4])
    np.testing.assert_allclose(first, last, rtol=0.3, atol=1e-4)  # up to the drawn covariances
    assert not np.allclose(first, twist_between(estimates(estimator, 4)[0].camera_T_base, POSE), atol=1e-4)


def test_the_gripper_is_observed_with_its_own_error(panda, file_of):
    estimator = CtRNetModelEstimator(panda, {"model": file_of()})
    for seed in range(20):
        estimate = estimates(estimator, seed)[0]
        distance = np.linalg.norm(estimate.camera_T_ee.translation - EE.translation)
        base = np.linalg.norm((estimate.camera_T_base * POSE.inv() * EE).translation - EE.translation)
        assert 0.0 < distance < 0.5 * base + 0.01
    assert estimates(estimator, 0, ee=None)[0].camera_T_ee is None
    estimator = CtRNetModelEstimator(panda, {"model": file_of(gripper_seen=-30.0)})
    assert estimates(estimator, 0)[0].camera_T_ee is None


def test_invalid_estimates_have_a_reason_and_a_large_finite_error(panda, file_of):
    estimator = CtRNetModelEstimator(panda, {"model": file_of(validity=-30.0)})
    first, second = estimates(estimator, 0, 2)
    assert not first.valid and first.reason == "contour_mismatch" and first.camera_T_ee is None
    np.testing.assert_allclose(second.camera_T_base.as_matrix(), first.camera_T_base.as_matrix())
    assert 0.2 < twist_between(first.camera_T_base, POSE)[3:] @ twist_between(first.camera_T_base, POSE)[3:] / 0.5 < 1.0


def test_the_share_of_valid_estimates_is_that_of_the_odds(panda, file_of):
    estimator = CtRNetModelEstimator(panda, {"model": file_of(validity=np.log(3.0))})
    valid = [e.valid for e in estimates(estimator, 0, 1500)]
    assert np.mean(valid) == pytest.approx(0.75, abs=0.04)


def test_the_same_seed_draws_the_same_estimates(panda, file_of):
    path = file_of(validity=1.0)
    one, two = (estimates(CtRNetModelEstimator(panda, {"model": path}), 5, 6) for _ in range(2))
    for a, b in zip(one, two, strict=True):
        assert (a.valid, a.reason) == (b.valid, b.reason)
        np.testing.assert_array_equal(a.camera_T_base.as_matrix(), b.camera_T_base.as_matrix())
        np.testing.assert_array_equal(a.covariance, b.covariance)


_EPISODE = """
import json, sys
import gymnasium, ctr_env
env = gymnasium.make("ctr_env/PandaServo-v0", estimator="ctrnet_model", estimator_config={"model": sys.argv[1]})
env.reset(seed=3)
for _ in range(5):
    observation = env.step(env.action_space.sample() * 0)[0]
print(json.dumps({"pose": observation["estimate_pose"].tolist(), "torch": "torch" in sys.modules}))
"""


def test_processes_agree_and_step_without_torch(file_of):
    words = [sys.executable, "-c", _EPISODE, file_of()]
    one, two = (json.loads(subprocess.run(words, capture_output=True, check=True).stdout) for _ in range(2))
    assert one == two
    assert not one["torch"]


def test_nothing_is_drawn_before_a_reset_or_without_truth(panda, file_of):
    estimator = CtRNetModelEstimator(panda, {"model": file_of()})
    with pytest.raises(UsageError, match="call reset"):
        estimator.estimate(Frame(panda.home, CAMERA, 0.0))
    estimator.reset(np.random.default_rng(0))
    estimate = estimator.estimate(Frame(panda.home, CAMERA, 0.0))
    assert (estimate.valid, estimate.reason) == (False, "no_truth")


def test_the_model_of_another_robot_is_rejected(panda, file_of):
    with pytest.raises(DataError, match="holds the error model of robot 'fetch', not 'panda'"):
        CtRNetModelEstimator(panda, {"model": file_of(robot="fetch")})


def test_a_right_arm_is_the_mirror_image_of_a_left_one(file_of):
    right, path = RobotKinematics("baxter_right"), file_of(robot="baxter", validity=30.0)
    estimator = make_estimator("ctrnet_model", {"model": path}, right)
    assert isinstance(estimator, MirroredEstimator)
    estimate = estimates(estimator, 0, joints=right.home)[0]
    assert estimate.valid and nees(estimate) < 40.0


def make(file, env_id="ctr_env/PandaServo-v0", **settings):
    return gym.make(env_id, estimator="ctrnet_model", estimator_config={"model": file}, **settings)


def test_environments_draw_no_image_and_pass_the_checker(file_of, monkeypatch):
    monkeypatch.setattr(SceneCamera, "image", lambda *_: pytest.fail("an image was rendered"))
    env = make(file_of(validity=1.0))
    check_env(env.unwrapped, skip_render_check=True)
    env.close()


def test_the_errors_are_those_under_the_preset_of_the_environment(file_of):
    path = file_of()
    for preset, used in (("none", "mild"), ("strong", "strong"), ({"preset": "strong"}, "strong")):
        assert make(path, randomization=preset).unwrapped.estimator._preset == used
    with pytest.raises(ConfigurationError, match="presets mild, strong, not 'lab'"):
        make(path, randomization="lab")
    env = gym.make(
        "ctr_env/PandaServo-v0",
        randomization="lab",
        estimator="perturbed",
        estimator_config={
            "source": "ctrnet_model",
            "source_config": {"model": path, "randomization": "strong"},
            "delay_s": 0.1,
        },
    )
    env.reset(seed=0)
    assert env.unwrapped.snapshot.estimate.reason == "latency"
    for _ in range(4):
        env.step(np.zeros(6, np.float32))
    now = env.unwrapped.snapshot
    assert now.time_s - now.estimate.time_s == pytest.approx(0.1)
