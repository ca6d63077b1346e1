"""An agent: what its policies are trained with, as a study file has it."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, fields, replace
from math import ceil
from pathlib import Path
from typing import Any

import gymnasium as gym

from ctr_env.envs.config import ServoConfig
from ctr_env.errors import ConfigurationError
from ctr_env.evaluation.benchmark.resolve import environment_of
from ctr_env.learning.reinforcement.config import ReinforcementConfig
from ctr_env.learning.reinforcement.environments import policy_observations
from ctr_env.learning.reinforcement.hyperparameters import read_hyperparameters
from ctr_env.learning.reinforcement.training_folder import TrainingFolder
from ctr_env.runs.naming import content_hashes

__all__ = ["Agent"]

_TRAINING = tuple(field.name for field in fields(ReinforcementConfig) if field.name != "seed")
_BY_ID = ("robot", "task", "moving")
_ENVIRONMENT = (*(field.name for field in fields(ServoConfig) if field.name not in _BY_ID), "reward", "tolerance_m")
_NOT_IN_DIGEST = ("seed", "save_minutes", "hyperparameters")


@dataclass(frozen=True)
class Agent:
    """An agent of a study.

    Attributes:
        name: Its name.
        seeds: Seeds of its trainings.
        config: Settings of a training, with the number of steps.
        environment: Keyword arguments of the environments of the training.
        hyperparameters: Those of the algorithm.
    """

    name: str
    seeds: tuple[int, ...]
    config: ReinforcementConfig
    environment: Mapping[str, Any]
    hyperparameters: Mapping[str, Any]

    @classmethod
    def from_mapping(cls, name: str, given: Mapping[str, Any], scale: float = 1.0) -> Agent:
        """An agent from its entry in a study file.

        Args:
            name: Its name.
            given: ``seeds``, and the options of ``ctr-env train-rl`` with underscores: those of the training, and
                arguments of the environment.
            scale: Factor of the numbers of steps, of the training and between its evaluations.

        Raises:
            ConfigurationError: If a name is unknown or a value is not valid.
            MissingFileError: If a file that is named does not exist.
        """
        if not re.fullmatch(r"[A-Za-z0-9][\w.-]*", name):
            raise ConfigurationError(f"the name of an agent is that of a folder, such as on_truth, not {name!r}")
        options = {key: value for key, value in given.items() if key != "seeds"}
        for key in options:
            if key not in (*_TRAINING, *_ENVIRONMENT):
                valid = ", ".join(("seeds", *_TRAINING, *_ENVIRONMENT))
                raise ConfigurationError(f"unknown setting {key!r} of the agent {name!r}; valid names: {valid}")
        config = ReinforcementConfig(**{key: value for key, value in options.items() if key in _TRAINING})
        environment = {key: value for key, value in options.items() if key in _ENVIRONMENT}
        environment_of({"env": config.env, **environment})
        policy_observations(environment)
        file = None if config.hyperparameters is None else Path(config.hyperparameters)
        hyperparameters = read_hyperparameters(config.algo, gym.spec(config.env).id, file)
        steps = config.steps or hyperparameters["n_timesteps"]
        every = ceil(scale * config.evaluate_every)
        config = replace(config, steps=ceil(scale * steps), evaluate_every=every)
        seeds = tuple(replace(config, seed=seed).seed for seed in given["seeds"])  # which checks them
        return cls(name, seeds, config, environment, hyperparameters)

    @property
    def steps(self) -> int:
        """Steps of one training."""
        assert self.config.steps is not None
        return self.config.steps

    @property
    def settings(self) -> dict[str, Any]:
        """Keyword arguments of the environment that a policy was trained in, without observations for the critic."""
        return policy_observations(self.environment)

    @property
    def content(self) -> dict[str, Any]:
        """What its policies depend on, besides the seed."""
        training = {name: getattr(self.config, name) for name in _TRAINING if name not in _NOT_IN_DIGEST}
        found = {**training, "environment": dict(self.environment), "hyperparameters": dict(self.hyperparameters)}
        files = content_hashes(self.environment)
        return {**found, "files": files} if files else found

    def folder(self, out: Path, seed: int) -> TrainingFolder:
        """Folder of a training in a study's folder."""
        return TrainingFolder(out / "agents" / self.name / str(seed))
