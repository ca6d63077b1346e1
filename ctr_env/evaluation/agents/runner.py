"""Training of a study's agents: what is missing, on an engine."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from ctr_env.errors import RunFolderError, WorkerError
from ctr_env.learning.reinforcement.environments import make_environment, policy_observations
from ctr_env.learning.reinforcement.training_folder import TrainingFolder
from ctr_env.runs.engines.base import Engine
from ctr_env.runs.importing import find_modules
from ctr_env.runs.versions import optional_versions, require_versions

from .agent import Agent
from .training import train_policy

__all__ = ["Training", "missing_trainings", "train_agents"]

_PACKAGES = ("stable-baselines3", "sb3-contrib")


@dataclass(frozen=True)
class Training:
    """The training of an agent with one seed.

    Attributes:
        agent: The agent.
        seed: Seed of the training.
        out: The study's folder.
        search: Folders in which modules of the user are looked for.
        versions: Versions of packages that the process must have.
    """

    agent: Agent
    seed: int
    out: Path
    search: tuple[str, ...] = ()
    versions: Mapping[str, str] = field(default_factory=dict)

    @property
    def folder(self) -> TrainingFolder:
        """Its folder."""
        return self.agent.folder(self.out, self.seed)


def missing_trainings(
    agents: Sequence[Agent], out: Path, search: tuple[str, ...] = (), versions: Mapping[str, str] | None = None
) -> list[Training]:
    """The trainings of some agents that are not finished in a study's folder; nothing is written.

    Args:
        agents: The agents.
        out: The study's folder.
        search: Folders in which processes that train look for modules of the user.
        versions: Versions of packages that these processes must have.

    Raises:
        RunFolderError: If a folder holds a training of another length, on which learning rates depend.
    """
    found = [Training(agent, seed, out, search, versions or {}) for agent in agents for seed in agent.seeds]
    for each in found:
        before = _steps_before(each.folder)
        if before not in (None, each.agent.steps):
            raise RunFolderError(
                f"{each.folder.path} holds a training of {before} steps, the agent {each.agent.name!r} has "
                f"{each.agent.steps}: name another folder"
            )
    return [each for each in found if not each.folder.finished(each.agent.steps)]


def train_agents(
    agents: Sequence[Agent],
    out: Path,
    engine: Engine,
    on_progress: Callable[[int, int], None] | None = None,
    search: tuple[str, ...] = (),
    versions: Mapping[str, str] | None = None,
) -> None:
    """Train the policies that are missing in a study's folder; trainings that were interrupted resume.

    Args:
        agents: The agents.
        out: The study's folder.
        engine: Runs the trainings.
        on_progress: Called with the numbers of trainings, finished and all, at the beginning and after each.
        search: Folders in which processes that train look for modules of the user.
        versions: Versions of packages that these processes must have, beside those of the extra ``rl`` here.

    Raises:
        ConfigurationError: If a setting is not valid.
        RunFolderError: If a folder holds a training with other settings, or of another length.
        MissingDependencyError: If a policy is missing and Stable-Baselines3 is not installed.
        TrainingError: If a training diverges.
        WorkerError: If the process of a training died at every attempt, or has other versions of packages.
    """
    needed = {**(versions or {}), **optional_versions(*_PACKAGES)}
    missing, total = missing_trainings(agents, out, search, needed), sum(len(agent.seeds) for agent in agents)
    for agent in agents:
        for seed in agent.seeds:
            config = replace(agent.config, seed=seed)
            agent.folder(out, seed).claim(config, agent.environment, agent.hyperparameters)
    for first in {each.agent.name: each for each in reversed(missing)}.values():
        _try(first)
    done = total - len(missing)
    if on_progress is not None:
        on_progress(done, total)
    with closing(engine.run(_train, missing)) as ended:
        for each in ended:
            training = missing[each.index]
            if each.lost:
                raise WorkerError(f"the training of {training.agent.name!r} with seed {training.seed}: {each.lost}")
            done += 1
            if on_progress is not None:
                on_progress(done, total)


def _train(training: Training) -> None:
    """Train one policy, as a job of an engine.

    Raises:
        WorkerError: If this process has other versions of packages than the one that began the study.
    """
    require_versions(training.versions)
    from ctr_env.learning.reinforcement.trainer import PolicyTrainer  # which needs Stable-Baselines3

    find_modules(training.search)
    agent = training.agent
    config = replace(agent.config, seed=training.seed)
    with (
        closing(make_environment(config.env, policy_observations(agent.environment))) as env,
        closing(PolicyTrainer(config, agent.environment, training.folder.path)) as trainer,
    ):
        train_policy(trainer, env)


def _try(training: Training) -> None:
    """Make environments and model of a training, so that what is wrong with an agent is known before others train."""
    from ctr_env.learning.reinforcement.trainer import PolicyTrainer  # which needs Stable-Baselines3

    agent = training.agent
    PolicyTrainer(replace(agent.config, seed=training.seed), agent.environment, training.folder.path).close()


def _steps_before(folder: TrainingFolder) -> int | None:
    """Steps that the training in a folder is to have; ``None`` if there is none."""
    file = folder.path / "run.json"
    settings: dict[str, Any] = json.loads(file.read_text())["settings"] if file.is_file() else {}
    return settings.get("steps")
