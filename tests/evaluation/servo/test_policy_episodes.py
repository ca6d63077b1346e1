import gymnasium as gym
import imageio.v3 as iio
import numpy as np

from ctr_env.evaluation.servo.metrics import episode_metrics
from ctr_env.evaluation.servo.policy_episodes import policy_episodes, record_policy
from ctr_env.evaluation.servo.trace import run_episode


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
