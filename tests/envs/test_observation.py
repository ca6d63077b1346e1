"""Observations mean what they say, and stay within their spaces."""

import numpy as np
import pytest

from ctr_env.estimators import PoseEstimate, PoseEstimator
from ctr_env.geometry import pose_error, transform, vector_to_pose


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


class Absurd(PoseEstimator):
    """Claims that the robot stands on the moon."""

    needs_image = False

    def estimate(self, frame):
        return PoseEstimate(transform([3.8e8, 0.0, -3.8e8]), 1e20 * np.eye(6), True, frame.time_s)


@pytest.mark.parametrize("parts", ["estimate", "state+estimate"])
def test_absurd_estimates_are_clipped_to_the_space_and_do_not_raise(make, parts):
    env = make(obs_mode=parts, estimator=Absurd())
    obs, _ = env.reset(seed=0)
    for _ in range(5):
        assert env.observation_space.contains(obs)
        obs, reward, *_ = env.step(np.zeros(6, np.float32))
        assert np.isfinite(reward)
