import pytest

from ctr_env.envs.spec import environment_class
from ctr_env.errors import ConfigurationError
from ctr_env.learning.reinforcement.environments import policy_observations
from ctr_env.learning.reinforcement.numbered_environments import NumberedVectorEnv
from ctr_env.learning.reinforcement.vector_environments import training_environments
from ctr_env.runs.seeds import episode_seed

REACH = "ctr_env/PandaReach-v0"


def test_episodes_are_numbered_and_have_the_seeds_of_the_split_train():
    envs = training_environments(REACH, {"estimator": "ground_truth"}, 3, 1)
    bare = envs.envs[0].unwrapped
    envs.reset()
    first = bare.snapshot.camera_T_goal.as_matrix()
    envs.seed(7)  # as Stable-Baselines3 does
    envs.env_method("continue_from", 0)
    envs.reset()
    assert (bare.snapshot.camera_T_goal.as_matrix() == first).all()
    assert envs.get_attr("next_episode") == [1]
    bare.reset(seed=episode_seed("train", 3, 0))
    assert (bare.snapshot.camera_T_goal.as_matrix() == first).all()
    envs.env_method("set_difficulty", 0.25)
    assert bare.difficulty == 0.25
    envs.close()


def test_environments_are_batched_and_number_their_episodes():
    envs = training_environments(REACH, {"estimator": "ground_truth"}, 3, 2)
    assert isinstance(envs, NumberedVectorEnv)
    envs.reset()
    assert envs.get_attr("next_episode") == [2, 3]
    *_, infos = envs.step([envs.action_space.sample()] * 2)
    assert infos[0]["is_success"] is False and "draws" not in infos[0]  # which would be copied at every step
    envs.close()


def test_what_cannot_be_trained_in_is_rejected():
    with pytest.raises(ConfigurationError, match="unknown env 'PandaReach'; valid names: ctr_env/PandaServo-v0"):
        environment_class("PandaReach", {})
    with pytest.raises(ConfigurationError, match="unknown env 'nowhere:Reach-v0'"):
        environment_class("nowhere:Reach-v0", {})
    with pytest.raises(ConfigurationError, match="env 'CartPole-v1' is not a ServoEnv"):
        environment_class("CartPole-v1", {})
    with pytest.raises(
        ConfigurationError, match="PandaServo-v0 has no reward, difficulty, which Reach, Follow and Push"
    ):
        environment_class("ctr_env/PandaServo-v0", {"difficulty": 0.3, "reward": "sparse"})
    with pytest.raises(ConfigurationError, match="PandaGrasp-v0 has no tolerance_m, which Reach"):
        environment_class("ctr_env/PandaGrasp-v0", {"tolerance_m": 0.02, "reward": "progress"})


def test_a_policy_needs_no_observations_of_the_critic():
    assert policy_observations({"obs_mode": "privileged+estimate"}) == {"obs_mode": "estimate"}
    assert policy_observations({"estimator": "noisy"}) == {"estimator": "noisy"}


def test_a_policy_must_observe_something_itself():
    with pytest.raises(ConfigurationError, match="obs_mode='privileged' is for the critic alone: add what the policy"):
        policy_observations({"obs_mode": "privileged"})
