"""Training of a policy by reinforcement learning; an interrupted one resumes from its last checkpoint."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import gymnasium as gym

from ctr_env.envs.spec import environment_class
from ctr_env.errors import MissingDependencyError
from ctr_env.learning.checkpoint import require_finite
from ctr_env.learning.state_file import load_state, save_state

from .algorithms import actor_network, make_model
from .callbacks import Checkpoints, Curriculum, Evaluations, Reporting
from .config import ReinforcementConfig
from .environments import policy_observations
from .hyperparameters import read_hyperparameters
from .interruption import deferred_interrupt
from .model_state import model_state, restore_model
from .policy import Policy, PolicyHeader
from .training_folder import TrainingFolder
from .vector_environments import training_environments

try:
    from stable_baselines3.common.logger import configure
    from torch.utils import tensorboard  # noqa: F401 - the logger needs it
except ModuleNotFoundError as error:
    raise MissingDependencyError(f"reinforcement learning needs {error.name}: pip install 'ctr-env[rl]'") from error

__all__ = ["PolicyTrainer"]

Evaluate = Callable[[Policy], dict[str, float]]
"""Metrics of a policy on the split ``validation``: ``success_rate`` and ``position_error_m``, and others."""
Report = Callable[[int, float, float | None], None]
"""Called after every step with the number of steps, the progress (0 to 1) and the share of the last training episodes
that succeeded (``None``: no episode has ended)."""

_VALIDATION = "validation"


class PolicyTrainer:
    """Trains one policy.

    Attributes:
        folder: Run folder: checkpoint, policy, learning curve, settings and TensorBoard files.
        hyperparameters: Those of the algorithm.
        model: The model of Stable-Baselines3.
        steps: Length of the training.
        seconds: Time spent in the training without interruptions.
    """

    def __init__(self, config: ReinforcementConfig, environment: Mapping[str, Any], folder: Path) -> None:
        """Prepare environments and model, and resume from the folder's checkpoint if there is one.

        Args:
            config: Settings.
            environment: Keyword arguments of the environments.
            folder: Run folder; it is made if it does not exist.

        Raises:
            ConfigurationError: If a setting is not valid.
            RunFolderError: If the folder holds a run with other settings.
            MissingFileError: If a file that is named does not exist.
            DataError: If the folder's checkpoint or policy is damaged.
        """
        self.config, self.folder, self._environment = config, TrainingFolder(folder), dict(environment)
        asked = {"difficulty": config.difficulty} if config.difficulty < 1.0 else {}
        environment_class(config.env, {**environment, **asked})
        spec = gym.spec(config.env)
        file = None if config.hyperparameters is None else Path(config.hyperparameters)
        self.hyperparameters = read_hyperparameters(config.algo, spec.id, file)
        self.steps = config.steps or self.hyperparameters["n_timesteps"]
        self.seconds = 0.0
        count = config.envs or self.hyperparameters.get("n_envs", 1)
        self._envs = training_environments(config.env, environment, config.seed, count)
        try:
            self.model = make_model(
                config.algo, self._envs, self.hyperparameters, config.seed, spec.max_episode_steps or 0
            )
            self.folder.claim(config, environment, self.hyperparameters)
            self._resume()
            found = self.folder.best(_VALIDATION)  # which may be newer than the checkpoint
            self._best = None if found is None else _rank(found)
            self._evaluations = [each for each in self.folder.evaluations() if each["step"] <= self.step]
        except BaseException:
            self.close()
            raise

    @property
    def step(self) -> int:
        """Number of steps so far."""
        return self.model.num_timesteps

    def run(self, evaluate: Evaluate, report: Report) -> Policy:
        """Train to the end, or until Ctrl+C, after a checkpoint.

        Args:
            evaluate: Evaluates a policy.
            report: Called after every step.

        Returns:
            The policy of the best evaluation.

        Raises:
            TrainingError: If the training diverges; the checkpoint before is kept.
            KeyboardInterrupt: If the user interrupts it.
        """
        self.model.set_logger(configure(str(self.folder.path / "tensorboard"), ["tensorboard"]))
        resumed, start = self.seconds, time.monotonic()

        def save() -> None:
            self.seconds = resumed + time.monotonic() - start
            self._save()

        with deferred_interrupt() as stopped:
            callbacks = [
                Evaluations(self.config.evaluate_every, lambda: self._keep_if_best(evaluate)),
                Checkpoints(self.config.save_minutes, save, stopped),
                Reporting(lambda: report(self.step, min(self.step / self.steps, 1.0), self._successes())),
            ]
            if self.config.difficulty < 1.0:
                curriculum = Curriculum(self.config.difficulty, self.steps)
                curriculum.apply(self._envs, self.step)  # before the first episode
                callbacks.append(curriculum)
            if self.step < self.steps:
                self.model.learn(self.steps - self.step, callbacks, reset_num_timesteps=False)
                save()
            if stopped():  # in the last rollout or evaluation
                raise KeyboardInterrupt
        return Policy.load(self.folder.policy)

    def close(self) -> None:
        """End the environments and their processes."""
        self._envs.close()

    def _resume(self) -> None:
        state = load_state(self.folder.checkpoint)
        if state is None:
            return
        restore_model(self.model, state["model"])
        self.seconds = state["seconds"]
        for index, number in enumerate(state["next_episodes"]):
            self._envs.env_method("continue_from", number, indices=index)

    def _save(self) -> None:
        """Write a checkpoint atomically.

        Raises:
            TrainingError: If a number in it is not finite; the one before is kept.
        """
        file = self.folder.checkpoint
        model = model_state(self.model)
        require_finite(file, {name: model[name] for name in ("parameters", "variables", "statistics")})
        episodes = self._envs.get_attr("next_episode")
        save_state(file, {"model": model, "seconds": self.seconds, "next_episodes": episodes})

    def _keep_if_best(self, evaluate: Evaluate) -> dict[str, float]:
        policy = self._policy()
        found = evaluate(policy)
        if self._best is None or _rank(found) > self._best:
            self._best = _rank(found)
            policy.evaluated(_VALIDATION, found).save(self.folder.policy)
        self._evaluations.append({"step": self.step, **found})
        self.folder.write_evaluations(self._evaluations)
        return found

    def _policy(self) -> Policy:
        """The policy as it is now."""
        network = actor_network(self.model)
        header = PolicyHeader(
            env=self.config.env,
            settings=policy_observations(self._environment),
            algorithm=self.config.algo,
            steps=self.step,
            network=network.spec,
            seed=self.config.seed,
        )
        return Policy(network, header)

    def _successes(self) -> float | None:
        ended = self.model.ep_success_buffer
        return sum(ended) / len(ended) if ended else None


def _rank(metrics: Mapping[str, float]) -> tuple[float, float]:
    """Order of evaluations: by success rate, then by error."""
    return metrics["success_rate"], -metrics["position_error_m"]
