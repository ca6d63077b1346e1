"""Observations mean what they say, and stay within their spaces."""

import gymnasium as gym
import numpy as np
import pytest
from gymnasium.envs.registration import EnvSpec

from ctr_env.estimators import PoseEstimate, PoseEstimator
from ctr_env.geometry import moved, pose_error, transform, vector_to_pose


def test_the_goal_is_known_in_the_camera_frame(make):
    env = make(obs_mode="state+estimate")
    obs, info = env.reset(seed=3)
    now = env.unwrapped.snapshot
    true_camera_T_base = vector_to_pose(obs["camera_pose"])
    assert max(pose_error(true_camera_T_base.inv() * vector_to_pose(obs["goal"]), now.base_T_goal)) < 1e-5
    np.testing.assert_allclose(true_camera_T_base.as_matrix(), info["camera_T_base"], atol=1e-5)
    offset = now.base_T_goal.translation - now.base_T_ee.translation
    np.testing.assert_allclose(obs["goal_error"][:3], offset, atol=1e-6)
    rotated = transform(rotation=now.base_T_ee.rotation)
    needed = type(rotated.rotation).from_rotvec(obs["goal_error"][3:]) * now.base_T_ee.rotation
    assert pose_error(transform(rotation=needed), transform(rotation=now.base_T_goal.rotation))[1] < 1e-5
    assert obs["estimate_valid"] == 1
    assert obs["estimate_age"] == 0


def test_late_estimates_say_how_old_they_are(make, run):
    env = make(estimator="noisy", estimator_config={"latency_s": 0.1})
    _, info = env.reset(seed=0)
    assert (info["estimate_valid"], info["estimate_reason"]) == (False, "latency")
    run(env, 9)
    obs, *_, info = env.step(np.zeros(6, np.float32))
    np.testing.assert_allclose(obs["estimate_age"], 0.1, atol=1e-6)
    assert info["estimate_known"]


def test_the_privileged_vector_is_true_pose_true_error_and_error_of_the_estimate(make, run):
    env = make("PandaTrack", obs_mode="state+estimate+privileged", moving="both", estimator="noisy")
    env.reset(seed=3)
    run(env, 4)
    obs, *_, info = env.step(np.zeros(6, np.float32))
    np.testing.assert_array_equal(obs["privileged"][:9], obs["camera_pose"])
    np.testing.assert_array_equal(obs["privileged"][9:15], obs["goal_error"])
    corrected = moved(vector_to_pose(obs["estimate_pose"]), obs["privileged"][15:])
    assert max(pose_error(corrected, vector_to_pose(obs["camera_pose"]))) < 1e-6
    np.testing.assert_allclose(np.linalg.norm(obs["privileged"][15:18]), info["estimate_position_error_m"], rtol=1e-5)


def test_the_privileged_error_of_an_estimate_that_is_not_valid_is_zero(make):
    env = make(obs_mode="privileged", estimator="noisy", estimator_config={"dropout": 1.0})
    obs, _ = env.reset(seed=3)
    assert not obs["privileged"][15:].any()
    assert obs["privileged"][:15].any()


def test_privileged_observations_leave_the_others_as_they_are(make):
    plain, more = (make(obs_mode=f"estimate{part}", estimator="noisy") for part in ("", "+privileged"))
    restored = gym.make(EnvSpec.from_json(more.spec.to_json()), disable_env_checker=True)
    action = np.full(6, 0.1, np.float32)
    expected, found, again = plain.reset(seed=3)[0], more.reset(seed=3)[0], restored.reset(seed=3)[0]
    for _ in range(3):
        assert set(found) - set(expected) == {"privileged"}
        assert all(np.array_equal(value, found[key]) for key, value in expected.items())
        assert all(np.array_equal(value, again[key]) for key, value in found.items())
        expected, found, again = (env.step(action)[0] for env in (plain, more, restored))
    restored.close()


class Absurd(PoseEstimator):
    """Claims that the robot stands on the moon."""

    needs_image = False

    def estimate(self, frame):
        return PoseEstimate(transform([3.8e8, 0.0, -3.8e8]), 1e20 * np.eye(6), True, frame.time_s)


@pytest.mark.parametrize("parts", ["estimate", "state+estimate", "estimate+privileged"])
def test_absurd_estimates_are_clipped_to_the_space_and_do_not_raise(make, parts):
    env = make(obs_mode=parts, estimator=Absurd())
    obs, _ = env.reset(seed=0)
    for _ in range(5):
        assert env.observation_space.contains(obs)
        obs, reward, *_ = env.step(np.zeros(6, np.float32))
        assert np.isfinite(reward)
