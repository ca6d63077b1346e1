"""Models of Stable-Baselines3 from hyperparameters, and the actor inside them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import torch
from gymnasium import spaces
from torch import nn

from ctr_env.errors import ConfigurationError, MissingDependencyError

from .actor import ACTIVATIONS, ActorNetwork, ActorSpec
from .hyperparameters import LINEAR

try:
    from sb3_contrib import TQC
    from stable_baselines3 import PPO, SAC, HerReplayBuffer
    from stable_baselines3.common.base_class import BaseAlgorithm
    from stable_baselines3.common.vec_env import VecEnv, VecTransposeImage
except ModuleNotFoundError as error:
    raise MissingDependencyError(f"reinforcement learning needs {error.name}: pip install 'ctr-env[rl]'") from error

from .asymmetric_policies import AsymmetricActorCriticPolicy, AsymmetricSACPolicy
from .normalisation import normalised, normalised_keys, normaliser_weights

__all__ = ["actor_network", "make_model"]

_ALGORITHMS: Mapping[str, Any] = {"ppo": PPO, "sac": SAC, "tqc": TQC}
_ASYMMETRIC: Mapping[str, Any] = {"ppo": AsymmetricActorCriticPolicy, "sac": AsymmetricSACPolicy}
_SCHEDULED = ("learning_rate", "clip_range")
_PRIVILEGED = "privileged"
_IMAGE_DIMENSIONS = 3
_OF_TRAININGS = ("n_timesteps", "n_envs")  # not of algorithms
_GAMMA = 0.99  # the default of Stable-Baselines3


def make_model(
    algorithm: str, envs: VecEnv, hyperparameters: Mapping[str, Any], seed: int, episode_steps: int
) -> BaseAlgorithm:
    """A model to train.

    Observations with ``privileged`` give an asymmetric policy, those of goal environments hindsight experience replay
    (SAC, TQC).

    Args:
        algorithm: Name of the algorithm.
        envs: Environments.
        hyperparameters: As :func:`~.hyperparameters.read_hyperparameters` returns them.
        seed: Seed of weights and exploration.
        episode_steps: Number of steps of an episode.

    Raises:
        ConfigurationError: If the algorithm has no policy for the observations.
    """
    space = envs.observation_space
    assert isinstance(space, spaces.Dict)
    settings = {name: value for name, value in hyperparameters.items() if name not in _OF_TRAININGS}
    for name in _SCHEDULED:
        if isinstance(settings.get(name), str):
            settings[name] = _linear(float(settings[name].removeprefix(LINEAR)))
    networks = dict(settings.pop("policy_kwargs", {}))
    if "activation_fn" in networks:
        networks["activation_fn"] = ACTIVATIONS[networks["activation_fn"]]
    replay = settings.pop("replay_buffer_kwargs", {})
    if algorithm != "ppo" and "desired_goal" in space.spaces:
        settings |= {"replay_buffer_class": HerReplayBuffer, "replay_buffer_kwargs": replay}
        ended = envs.num_envs * (episode_steps + 1)  # hindsight needs a whole episode
        settings["learning_starts"] = max(settings.get("learning_starts", 0), ended)
    images = any(len(part.shape or ()) == _IMAGE_DIMENSIONS for part in space.spaces.values())
    if images and not isinstance(envs, VecTransposeImage):
        envs = VecTransposeImage(envs)  # below the normalisation, so that a replay buffer's images have the same axes
    normalise = settings.pop("normalize", {})
    if any(normalise.values()):
        asked = {name: normalise.get(name, False) for name in ("norm_obs", "norm_reward")}
        envs = normalised(envs, **asked, gamma=settings.get("gamma", _GAMMA))
    model: BaseAlgorithm = _ALGORITHMS[algorithm](
        _policy_class(algorithm, space), envs, policy_kwargs=networks, seed=seed, device="auto" if images else "cpu",
        **settings,
    )  # fmt: skip
    return model


def actor_network(model: BaseAlgorithm) -> ActorNetwork:
    """A copy of the network with which a model acts."""
    policy: Any = model.policy
    if isinstance(model, PPO):
        extractor, hidden, output = policy.pi_features_extractor, policy.mlp_extractor.policy_net, policy.action_net
    else:
        extractor, hidden, output = policy.actor.features_extractor, policy.actor.latent_pi, policy.actor.mu
    space: Any = model.observation_space
    names = {kind: name for name, kind in ACTIVATIONS.items()}
    normalising = model.get_vec_normalize_env()
    spec = ActorSpec(
        observations={key: _shape(space[key]) for key in extractor.extractors},
        actions=output.out_features,
        layers=tuple(layer.out_features for layer in hidden if isinstance(layer, nn.Linear)),
        activation=names[policy.activation_fn],
        squashed=not isinstance(model, PPO),
        normalised=tuple(key for key in extractor.extractors if key in normalised_keys(normalising)),
    )
    with torch.random.fork_rng(devices=[]):  # the initial weights are replaced
        network = ActorNetwork(spec)
    parts = {"extractors": extractor.extractors, "hidden": hidden, "output": output}
    weights = {f"{part}.{name}": value for part, module in parts.items() for name, value in module.state_dict().items()}
    if normalising is not None:
        weights |= normaliser_weights(normalising, spec.normalised)
    network.load_state_dict(weights)
    return network


def _policy_class(algorithm: str, space: spaces.Dict) -> Any:
    if _PRIVILEGED not in space.spaces:
        return "MultiInputPolicy"
    if algorithm not in _ASYMMETRIC:
        raise ConfigurationError(
            f"{algorithm} has no policy that shows {_PRIVILEGED!r} to the critic alone; "
            f"algorithms that have one: {', '.join(_ASYMMETRIC)}"
        )
    return _ASYMMETRIC[algorithm]


def _linear(start: float) -> Any:
    """A schedule from a value to zero over the training."""

    def schedule(remaining: float) -> float:
        return start * remaining

    return schedule


def _shape(part: spaces.Space[Any]) -> tuple[int, ...]:
    """Shape of an observation in the environment; Stable-Baselines3 has moved the channels of images to the front."""
    assert part.shape is not None
    return (*part.shape[1:], part.shape[0]) if len(part.shape) == _IMAGE_DIMENSIONS else tuple(part.shape)
