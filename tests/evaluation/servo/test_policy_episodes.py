import gymnasium as gym
import imageio.v3 as iio
import numpy as np
import pytest

from ctr_env.errors import DataError, MissingFileError
from ctr_env.evaluation.servo.metrics import episode_metrics
from ctr_env.evaluation.servo.policy_episodes import act_of, policy_episodes, record_policy
from ctr_env.evaluation.servo.trace import run_episode
from ctr_env.geometry import transform
from ctr_env.learning.reinforcement import Policy, packaged_policy


def make(**settings):
    return gym.make("ctr_env/PandaReach-v0", max_episode_steps=20, disable_env_checker=True, **settings)


def still(obs):
    return np.zeros(6, np.float32)


def ahead(obs):
    """A proportional controller."""
    return (obs["apparent_error"] * ([10.0] * 3 + [2.5] * 3)).clip(-1.0, 1.0).astype(np.float32)


def test_a_policy_acts_on_observations():
    env = make()
    (resting,) = policy_episodes(env, still, [3])
    (moving,) = policy_episodes(env, ahead, [3])
    assert resting == episode_metrics(run_episode(env, 3))
    assert moving["true_position_error_m"] < resting["true_position_error_m"]
    assert [each["seed"] for each in policy_episodes(env, still, [5, 6])] == [5, 6]
    env.close()


def test_a_video_has_a_frame_for_each_step(tmp_path):
    env = gym.make("ctr_env/PandaReach-v0", max_episode_steps=3, disable_env_checker=True, width=64, height=48)
    record_policy(env, ahead, 0, tmp_path / "episode.mp4")
    env.close()
    assert len(iio.imread(tmp_path / "episode.mp4")) == 4


def test_the_actions_of_a_file_are_those_of_its_policy(tmp_path):
    file = tmp_path / "policy.safetensors"
    with pytest.raises(MissingFileError, match=r"no policy file .*policy.safetensors"):
        act_of(file)
    file.write_bytes(packaged_policy("panda_reach").read_bytes())
    env = make()
    obs, _ = env.reset(seed=1)
    env.close()
    np.testing.assert_array_equal(act_of(file)(obs), Policy.load(file).act(obs))
    file.write_bytes(b"edited")
    with pytest.raises(DataError, match="is not a policy file"):
        act_of(file)


def test_a_trace_has_tolerances_and_the_deviations_that_the_estimate_claims():
    env = make(estimator="noisy", tolerance_m=0.03)
    std = []
    trace = run_episode(env, 0, lambda bare, info: std.append(np.sqrt(bare.snapshot.estimate.covariance.diagonal())))
    env.close()
    assert trace.tolerances == (0.03, np.inf)
    expected = np.linalg.norm(np.array(std).reshape(-1, 2, 3), axis=2)
    np.testing.assert_allclose(trace["estimate_position_std_m"], expected[:, 0])
    np.testing.assert_allclose(trace["estimate_rotation_std_rad"], expected[:, 1])
    servo = gym.make("ctr_env/PandaServo-v0", max_episode_steps=2, disable_env_checker=True)
    assert run_episode(servo, 0).tolerances == (0.005, np.radians(1.0))
    servo.close()


@pytest.mark.parametrize("task, height_m", [("Push", 0.0), ("Grasp", 0.15)])
def test_an_episode_with_a_block_settles_when_it_becomes_a_success(task, height_m):
    """The block is put where it is to be, at every step from the fifth on; the gripper rests elsewhere."""
    env = gym.make(f"ctr_env/Panda{task}-v0", max_episode_steps=30, disable_env_checker=True)
    bare, steps = env.unwrapped, []

    def act(obs):
        steps.append(bare.snapshot.base_T_goal)
        if len(steps) >= 5:
            x, y, z = steps[0].translation
            bare.scene.place_block(transform(np.array([x, y, z + height_m]), steps[0].rotation))
        return np.zeros(env.action_space.shape, np.float32)

    trace = run_episode(env, 0, policy=act)
    env.close()
    metrics = episode_metrics(trace)
    assert trace.tolerances is None and metrics["success"]
    assert metrics["settling_time_s"] == pytest.approx(20 / 30, abs=0.04)
    assert metrics["settling_time_5pct_s"] is metrics["overshoot_m"] is None
