"""Policies of Stable-Baselines3 that show the observation ``privileged`` to the critic alone."""

from __future__ import annotations

from typing import Any

from gymnasium import spaces

from ctr_env.errors import ConfigurationError, MissingDependencyError

try:
    from stable_baselines3.common.policies import MultiInputActorCriticPolicy
    from stable_baselines3.common.torch_layers import BaseFeaturesExtractor, MlpExtractor
    from stable_baselines3.common.type_aliases import Schedule
    from stable_baselines3.sac.policies import Actor, MultiInputPolicy
except ModuleNotFoundError as error:
    raise MissingDependencyError(f"reinforcement learning needs {error.name}: pip install 'ctr-env[rl]'") from error

__all__ = ["AsymmetricActorCriticPolicy", "AsymmetricSACPolicy"]

_PRIVILEGED = "privileged"


class AsymmetricActorCriticPolicy(MultiInputActorCriticPolicy):
    """Actor and critic for ``PPO`` and ``A2C``, of which the critic alone sees the observation ``privileged``.

    Each has its own features extractor. ``predict`` needs no ``privileged`` in its observation, so a trained policy
    also runs where the truth is unknown. See :func:`ctr_env.envs.observation.observation_space` for what it contains.
    """

    def __init__(
        self, observation_space: spaces.Dict, action_space: spaces.Space[Any], lr_schedule: Schedule, **settings: Any
    ) -> None:
        """Make the networks.

        Args:
            observation_space: A dictionary with the key ``privileged``.
            action_space: The environment's.
            lr_schedule: Learning rate by the remaining share of the training.
            settings: Those of Stable-Baselines3's ``MultiInputActorCriticPolicy``, without
                ``share_features_extractor``.

        Raises:
            ConfigurationError: If the observations have no ``privileged``.
        """
        self._actor_space = _actor_space(observation_space)
        super().__init__(observation_space, action_space, lr_schedule, share_features_extractor=False, **settings)

    def _build_mlp_extractor(self) -> None:
        """Make the layers behind the features, of which the actor has fewer than the critic."""
        actor = self.features_extractor_class(self._actor_space, **self.features_extractor_kwargs)
        self.features_extractor = self.pi_features_extractor = actor
        self.features_dim = actor.features_dim
        super()._build_mlp_extractor()
        critic = MlpExtractor(self.vf_features_extractor.features_dim, self.net_arch, self.activation_fn, self.device)
        self.mlp_extractor.value_net = critic.value_net


class AsymmetricSACPolicy(MultiInputPolicy):
    """Actor and critics for ``SAC``, of which the critics alone see the observation ``privileged``; likewise."""

    def __init__(
        self, observation_space: spaces.Dict, action_space: spaces.Box, lr_schedule: Schedule, **settings: Any
    ) -> None:
        """Make the networks.

        Args:
            observation_space: A dictionary with the key ``privileged``.
            action_space: The environment's.
            lr_schedule: Learning rate by the remaining share of the training.
            settings: Those of Stable-Baselines3's ``MultiInputPolicy`` for SAC, without ``share_features_extractor``.

        Raises:
            ConfigurationError: If the observations have no ``privileged``.
        """
        self._actor_space = _actor_space(observation_space)
        super().__init__(observation_space, action_space, lr_schedule, share_features_extractor=False, **settings)

    def make_actor(self, features_extractor: BaseFeaturesExtractor | None = None) -> Actor:
        """The actor, with features of what it may see."""
        if features_extractor is None:
            features_extractor = self.features_extractor_class(self._actor_space, **self.features_extractor_kwargs)
        return super().make_actor(features_extractor)


def _actor_space(space: spaces.Space[Any]) -> spaces.Dict:
    """Space of the observations that an actor sees."""
    if not isinstance(space, spaces.Dict) or _PRIVILEGED not in space.spaces:
        found = ", ".join(space.spaces) if isinstance(space, spaces.Dict) else space
        raise ConfigurationError(
            f"an asymmetric policy needs the observation {_PRIVILEGED!r} (obs_mode='estimate+privileged'), "
            f"not only: {found}"
        )
    return spaces.Dict({key: part for key, part in space.spaces.items() if key != _PRIVILEGED})
