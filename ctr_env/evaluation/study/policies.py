"""Policies that act in the cells of a study: those of its agents, one for each training seed, and files."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ctr_env.errors import CtrEnvError

from .file import StudyFile
from .form import Place

if TYPE_CHECKING:
    from ctr_env.evaluation.agents.agent import Agent

__all__ = ["CellPolicy", "agents_of", "is_interface", "policies_of"]

_INTERFACE = (
    *("obs_mode", "action_mode", "max_linear_velocity", "max_angular_velocity"),
    *("controller", "controller_config"),
)


@dataclass(frozen=True)
class CellPolicy:
    """A policy that acts in a cell.

    Attributes:
        env: Id of the environment that it was trained in.
        settings: Arguments that tell what it observes and what its actions mean: those of its training.
        file: Its file; of an agent relative to the study's folder.
        content: What distinguishes it from other policies.
        agent: Name of the agent; ``None`` for a policy file.
        seed: Seed of the training.
    """

    env: str
    settings: Mapping[str, Any]
    file: Path
    content: Mapping[str, Any]
    agent: str | None = None
    seed: int | None = None

    def path(self, out: Path) -> Path:
        """Its file, for the study in a folder."""
        return self.file if self.agent is None else out / self.file


def is_interface(key: str) -> bool:
    """Whether a parameter, by its dotted key, tells what a policy observes or what its actions mean."""
    return key.partition(".")[0] in _INTERFACE


def agents_of(file: StudyFile) -> list[Agent]:
    """The agents of a study.

    Raises:
        ConfigurationError: If one is not valid; the message names the line.
    """
    from ctr_env.evaluation.agents.agent import Agent  # which needs PyTorch

    found = []
    for name, given in file.agents.items():
        try:
            found.append(Agent.from_mapping(name, given, file.scale))
        except (CtrEnvError, TypeError) as error:
            file.reject(_blamed(str(error), name, given), f"agent {name!r}: {error}", error)
    return found


def policies_of(file: StudyFile) -> dict[str, list[CellPolicy]]:
    """Policies of the systems, by name; systems in which the controller acts alone are left out.

    Raises:
        ConfigurationError: If an agent is unknown, not valid or of no system, or a policy file cannot be read; the
            message names the line.
    """
    agents = {agent.name: agent for agent in agents_of(file)} if file.agents else {}
    found = {}
    for system, settings in file.systems.items():
        place: Place = ("systems", system)
        if "agent" in settings and "policy" in settings:
            file.reject(place, f"the system {system!r} has an agent and a policy: set one of them")
        if "agent" in settings:
            name = settings["agent"]
            if name not in agents:
                valid = ", ".join(agents) or "none; the file has no section agents"
                file.reject((*place, "agent"), f"unknown agent {name!r}; valid names: {valid}")
            found[system] = [_of_agent(agents[name], seed) for seed in agents[name].seeds]
        elif "policy" in settings:
            found[system] = [_of_file(file, (*place, "policy"), settings["policy"])]
    for name in agents:
        if all(system.get("agent") != name for system in file.systems.values()):
            file.reject(("agents", name), f"no system has the agent {name!r}: add a system {{agent: {name}}}")
    return found


def _of_agent(agent: Agent, seed: int) -> CellPolicy:
    settings = {key: value for key, value in agent.settings.items() if is_interface(key)}
    path = agent.folder(Path(), seed).policy
    return CellPolicy(agent.config.env, settings, path, {**agent.content, "seed": seed}, agent.name, seed)


def _of_file(file: StudyFile, place: Place, name: Any) -> CellPolicy:
    from ctr_env.learning.reinforcement.policy import Policy  # which needs PyTorch
    from ctr_env.runs.files import sha256

    try:
        header = Policy.load(str(name)).header
    except CtrEnvError as error:
        file.reject(place, str(error), error)
    settings = {key: value for key, value in header.settings.items() if is_interface(key)}
    return CellPolicy(header.env, settings, Path(str(name)).resolve(), {"sha256": sha256(Path(str(name)))})


def _blamed(message: str, name: str, given: Mapping[str, Any]) -> Place:
    """Place of the setting of an agent that a message is about; of the agent where that is not known."""
    said = message.partition("; valid")[0]
    keys = [key for key in given if key in said or (isinstance(given[key], str) and repr(given[key]) in said)]
    return ("agents", name, *keys[:1])
