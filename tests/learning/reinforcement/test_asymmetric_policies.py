"""The critic sees ``privileged``, the actor does not; training, saving and loading work as usual."""

import subprocess
import sys

import gymnasium as gym
import numpy as np
import pytest
import torch
from stable_baselines3 import A2C, PPO, SAC
from stable_baselines3.common.vec_env import DummyVecEnv, VecFrameStack

import ctr_env  # noqa: F401 - registers the environments
from ctr_env.errors import ConfigurationError
from ctr_env.learning.reinforcement import AsymmetricActorCriticPolicy, AsymmetricSACPolicy

ENV = "ctr_env/PandaServo-v0"


class Guess(gym.Env):
    """The reward is the agreement of the action with a hidden number, which ``privileged`` shows."""

    observation_space = gym.spaces.Dict(
        {
            "goal": gym.spaces.Box(-1.0, 1.0, (9,), np.float32),
            "image": gym.spaces.Box(0, 255, (36, 48, 3), np.uint8),
            "privileged": gym.spaces.Box(-1.0, 1.0, (21,), np.float32),
        }
    )
    action_space = gym.spaces.Box(-1.0, 1.0, (2,), np.float32)

    def reset(self, *, seed=None, options=None):
        super().reset(seed=seed)
        self.observation_space.seed(int(self.np_random.integers(2**31)))
        self.now = self.observation_space.sample()
        return self.now, {}

    def step(self, action):
        reward = float(action[0] * self.now["privileged"][0])
        self.now = self.observation_space.sample()
        return self.now, reward, False, False, {}


def guess():
    return gym.wrappers.TimeLimit(Guess(), 16)


def ppo(env, **settings):
    return PPO(
        AsymmetricActorCriticPolicy, env, n_steps=32, batch_size=16, n_epochs=2, seed=0, device="cpu", **settings
    )


def a2c(env, **settings):
    return A2C(AsymmetricActorCriticPolicy, env, n_steps=8, seed=0, device="cpu", **settings)


def sac(env, **settings):
    return SAC(
        AsymmetricSACPolicy, env, buffer_size=100, learning_starts=8, batch_size=8, seed=0, device="cpu", **settings
    )


def observation(model, count=4):
    """A batch of observations as tensors, of which ``privileged`` has gradients."""
    model.observation_space.seed(1)
    batch = [model.observation_space.sample() for _ in range(count)]
    obs, _ = model.policy.obs_to_tensor({key: np.stack([one[key] for one in batch]) for key in batch[0]})
    obs["privileged"].requires_grad_()
    return obs


def action(model, obs):
    """What the actor makes of observations: mean action, differentiable."""
    if isinstance(model, SAC):
        return model.actor(obs, deterministic=True)
    return model.policy.get_distribution(obs).distribution.mean


def value(model, obs):
    if isinstance(model, SAC):
        return torch.cat(model.critic(obs, torch.zeros(len(obs["goal"]), *model.action_space.shape)))
    return model.policy.predict_values(obs)


def gradient(output, privileged):
    (found,) = torch.autograd.grad(output.sum(), privileged, allow_unused=True)
    return None if found is None else found.abs().sum()


MODELS = pytest.mark.parametrize("make_model", [ppo, a2c, sac])


@MODELS
def test_only_the_critic_depends_on_the_privileged_observation(make_model):
    model = make_model(guess())
    obs = observation(model)
    other = obs | {"privileged": (0.5 * obs["privileged"]).detach()}
    assert gradient(action(model, obs), obs["privileged"]) is None
    torch.testing.assert_close(action(model, obs), action(model, other), rtol=0, atol=0)
    assert gradient(value(model, obs), obs["privileged"]) > 0
    assert not torch.allclose(value(model, obs), value(model, other))


def test_the_actor_of_a_whole_pass_does_not_see_it_either():
    model = ppo(guess())
    obs = observation(model)
    actions, values, _ = model.policy(obs, deterministic=True)
    assert gradient(actions, obs["privileged"]) is None
    assert gradient(values, obs["privileged"]) > 0
    _, log_prob, entropy = model.policy.evaluate_actions(obs, actions.detach())
    assert gradient(log_prob, obs["privileged"]) is None
    assert not entropy.requires_grad or gradient(entropy, obs["privileged"]) is None


@MODELS
def test_trained_models_are_saved_and_loaded_and_act_without_the_truth(make_model, tmp_path):
    model = make_model(guess(), policy_kwargs={"net_arch": [16]})
    before = {name: weights.clone() for name, weights in model.policy.state_dict().items()}
    model.learn(64)
    after = model.policy.state_dict()
    changed = {name for name in before if not torch.equal(before[name], after[name])}
    assert any("extractor" in name and name.startswith(("pi", "actor")) for name in changed)
    assert any("extractor" in name and name.startswith(("vf", "critic")) for name in changed)
    model.save(tmp_path / "model")
    loaded = type(model).load(tmp_path / "model", device="cpu")
    obs, _ = guess().reset(seed=3)
    expected, _ = model.predict(obs, deterministic=True)
    blind = {key: part for key, part in obs.items() if key != "privileged"}
    np.testing.assert_array_equal(loaded.predict(obs, deterministic=True)[0], expected)
    np.testing.assert_array_equal(loaded.predict(blind, deterministic=True)[0], expected)


def test_a_policy_is_saved_and_loaded_alone(tmp_path):
    policy = ppo(guess()).policy
    policy.save(tmp_path / "policy")
    loaded = AsymmetricActorCriticPolicy.load(tmp_path / "policy", device="cpu")
    obs, _ = guess().reset(seed=3)
    np.testing.assert_array_equal(
        loaded.predict(obs, deterministic=True)[0], policy.predict(obs, deterministic=True)[0]
    )


def test_the_networks_of_both_have_the_sizes_that_were_asked_for():
    model = ppo(guess(), policy_kwargs={"net_arch": {"pi": [8], "vf": [32, 16]}})
    nets = model.policy.mlp_extractor
    assert [layer.out_features for layer in nets.policy_net if hasattr(layer, "out_features")] == [8]
    assert [layer.out_features for layer in nets.value_net if hasattr(layer, "out_features")] == [32, 16]
    assert nets.value_net[0].in_features == nets.policy_net[0].in_features + 21


def test_the_critic_of_ppo_learns_what_only_it_can_see():
    model = PPO(
        AsymmetricActorCriticPolicy, StillGuess(), n_steps=128, gamma=0.0, learning_rate=3e-3, seed=0, device="cpu"
    )
    model.learn(1024)
    obs = observation(model, 200)
    targets = obs["privileged"][:, 0]
    found = torch.corrcoef(torch.stack([value(model, obs)[:, 0], targets]))[0, 1]
    assert found > 0.8


class StillGuess(Guess):
    """The reward is the hidden number, whatever the action; no image."""

    observation_space = gym.spaces.Dict(
        {key: space for key, space in Guess.observation_space.items() if key != "image"},
    )

    def step(self, action):
        return super().step(np.ones(2, np.float32))


def test_ppo_trains_on_a_servoing_environment_with_stacked_observations():
    def make():
        return gym.make(ENV, obs_mode="estimate+privileged", action_mode="ee_twist", max_episode_steps=10)

    envs = VecFrameStack(DummyVecEnv([make, make]), 2)
    model = PPO(AsymmetricActorCriticPolicy, envs, n_steps=8, batch_size=8, n_epochs=1, seed=0, device="cpu")
    model.learn(32)
    obs = observation(model)
    assert obs["privileged"].shape == (4, 42)
    assert gradient(action(model, obs), obs["privileged"]) is None
    envs.close()


@pytest.mark.parametrize("policy, algorithm", [(AsymmetricActorCriticPolicy, PPO), (AsymmetricSACPolicy, SAC)])
def test_observations_without_the_key_are_rejected_with_the_remedy(policy, algorithm):
    flat = gym.wrappers.FlattenObservation(gym.make(ENV, obs_mode="estimate"))
    for env in (gym.make(ENV, obs_mode="estimate"), flat):
        with pytest.raises(ConfigurationError, match=r"needs the observation 'privileged' \(obs_mode=.* not only: "):
            algorithm(policy, env)


def test_without_stable_baselines_the_error_names_the_extra():
    code = (
        "import sys; sys.modules['stable_baselines3'] = None\n"
        "from ctr_env.errors import MissingDependencyError\n"
        "try:\n    from ctr_env.learning.reinforcement import AsymmetricSACPolicy\n"
        "except MissingDependencyError as error:\n    print(error)"
    )
    shown = subprocess.run([sys.executable, "-P", "-c", code], capture_output=True, text=True, check=True).stdout
    assert "stable_baselines3" in shown and "pip install 'ctr-env[rl]'" in shown
