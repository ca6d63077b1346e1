"""Study files: systems, axes and seeds, read and checked for their form."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from importlib.resources import files
from math import ceil
from pathlib import Path
from typing import Any, NoReturn

from ctr_env.errors import ConfigurationError, MissingFileError
from ctr_env.runs.importing import find_modules

from .form import Form, Place
from .yaml_lines import Lines, read_yaml

__all__ = ["Condition", "StudyFile", "load_study", "packaged_studies", "read_study"]

_KEYS = (
    *("study", "seeds", "seconds", "base", "scenario", "agents", "systems", "conditions"),
    *("axes", "one_at_a_time", "exclude", "videos"),
)
_PACKAGE = "ctr_env.evaluation.benchmark"
_TRAINING_SEEDS = 3  # unless the file says


@dataclass(frozen=True)
class Condition:
    """Settings that every system meets under a name.

    Attributes:
        settings: Arguments.
        optional: Whether it is left out where its renderer does not work.
        count: Number of seeds, the first ones; ``None``: all.
    """

    settings: Mapping[str, Any]
    optional: bool = False
    count: int | None = None


@dataclass(frozen=True, kw_only=True)
class StudyFile:
    """A study as its file describes it.

    Attributes:
        source: What messages call the file.
        folder: Folder of the file, in which modules of the user are looked for.
        text: Its content.
        lines: Line of every value.
        study: Name.
        seeds: Seeds of the episodes, the same for all systems.
        seconds: Length of an episode, seconds; ``None``: as the environments are registered.
        base: Arguments of all cells.
        agents: Policies to train before the episodes are run: options of ``ctr-env train-rl`` by name, and ``seeds``.
        systems: Named arguments: the systems that are compared.
        conditions: Named arguments that every system meets.
        axes: Values of arguments that are crossed.
        one_at_a_time: Values of arguments of which one at a time replaces that of the base, besides the cell in which
            none does.
        exclude: Cells that have all values of one of these mappings are left out.
        videos: Number of episodes of each cell, the first seeds, that a video is written of.
        scale: Factor of the agents' steps; see :meth:`scaled`.
        left_out: Conditions that are left out.
    """

    source: str
    folder: Path
    text: str
    lines: Lines = field(repr=False)
    study: str
    seeds: tuple[int, ...]
    seconds: float | None = None
    base: Mapping[str, Any] = field(default_factory=dict)
    agents: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)
    systems: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)
    conditions: Mapping[str, Condition] = field(default_factory=dict)
    axes: Mapping[str, tuple[Any, ...]] = field(default_factory=dict)
    one_at_a_time: Mapping[str, tuple[Any, ...]] = field(default_factory=dict)
    exclude: tuple[Mapping[str, Any], ...] = ()
    videos: int = 0
    scale: float = 1.0
    left_out: tuple[str, ...] = ()

    @property
    def sha256(self) -> str:
        """Hash of the file's content."""
        return hashlib.sha256(self.text.encode()).hexdigest()

    def scaled(self, factor: float) -> StudyFile:
        """The same study with fewer seeds of episodes (the first ones) and fewer steps of the agents' trainings.

        Args:
            factor: In (0, 1]; numbers are rounded up.

        Raises:
            ConfigurationError: If the factor is not in (0, 1].
        """
        if not 0.0 < factor <= 1.0:
            raise ConfigurationError(f"the scale of a study must lie in (0, 1], not {factor!r}")
        conditions = {
            name: each if each.count is None else replace(each, count=ceil(factor * each.count))
            for name, each in self.conditions.items()
        }
        seeds = tuple(sorted(self.seeds)[: ceil(factor * len(self.seeds))])
        return replace(self, seeds=seeds, conditions=conditions, scale=self.scale * factor)

    def find_modules(self) -> tuple[str, ...]:
        """Let this process import modules of the user beside the file and in the working directory; these folders."""
        return find_modules((str(self.folder.resolve()), str(Path.cwd())))

    def reject(self, place: Place, message: str, cause: Exception | None = None) -> NoReturn:
        """Raise an error that names the file and the line of a value.

        Raises:
            ConfigurationError: Always.
        """
        Form(self.source, self.lines).reject(place, message, cause)


def packaged_studies() -> tuple[str, ...]:
    """Names of the study files that come with the package."""
    return tuple(sorted(file.name.removesuffix(".yaml") for file in files(_PACKAGE).iterdir() if _is_yaml(file.name)))


def load_study(name: str | Path) -> StudyFile:
    """Read a study file, or one that comes with the package by its name.

    Raises:
        MissingFileError: If there is neither such a file nor such a name.
        ConfigurationError: If the file is not valid; the message names key, line and valid values.
    """
    path = Path(name)
    if path.is_file():
        return read_study(path.read_text(), str(path), path.resolve().parent)
    if str(name) in packaged_studies():
        return read_study((files(_PACKAGE) / f"{name}.yaml").read_text(), str(name), Path.cwd())
    known = ", ".join(packaged_studies()) or "none"
    raise MissingFileError(f"no study file {str(name)!r}; names of packaged studies: {known}")


def read_study(text: str, source: str = "study", folder: Path = Path()) -> StudyFile:
    """A study from the text of its file.

    Only the form is checked here, see :func:`~ctr_env.evaluation.study.check.check_study` for names and values.

    Args:
        text: The YAML document.
        source: What messages call it.
        folder: Folder in which modules of the user are looked for.

    Raises:
        ConfigurationError: If it is not valid; the message names key, line and valid values.
    """
    content, lines = read_yaml(text, source)
    form = Form(source, lines)
    top = form.mapping((), content)
    form.known((), top, _KEYS)
    for key in ("study", "seeds"):
        if key not in top:
            form.reject((), f"key {key!r} is missing")
    base = form.mapping(("base",), top.get("base") or {})
    if "scenario" in top:
        base = {**base, "scenario": form.text(("scenario",), top["scenario"])}
    return StudyFile(
        source=source, folder=folder, text=text, lines=lines,
        study=form.text(("study",), top["study"]),
        seeds=form.seeds(("seeds",), top["seeds"]),
        seconds=form.seconds(top.get("seconds")),
        base=base,
        agents={name: _agent(form, name, each) for name, each in form.named("agents", top.get("agents")).items()},
        systems=form.named("systems", top.get("systems")) or {"base": {}},
        conditions={
            name: _condition(form, name, each) for name, each in form.named("conditions", top.get("conditions")).items()
        },
        axes=form.axes("axes", top.get("axes") or {}),
        one_at_a_time=form.axes("one_at_a_time", top.get("one_at_a_time") or {}),
        exclude=form.exclude(top.get("exclude") or []),
        videos=form.count(("videos",), top.get("videos", 0), 0),
    )  # fmt: skip


def _agent(form: Form, name: str, given: dict[str, Any]) -> dict[str, Any]:
    """Settings of an agent, whose ``seeds`` may be their number."""
    place = ("agents", name, "seeds")
    seeds = given.get("seeds", _TRAINING_SEEDS)
    if isinstance(seeds, int):
        seeds = {"count": form.count(place, seeds, 1)}
    return {**given, "seeds": form.seeds(place, seeds)}


def _condition(form: Form, name: str, given: dict[str, Any]) -> Condition:
    place = ("conditions", name)
    optional = given.pop("optional", False)
    if not isinstance(optional, bool):
        form.reject((*place, "optional"), f"optional must be true or false, not {optional!r}")
    count = given.pop("seeds", None)
    return Condition(given, optional, None if count is None else form.count((*place, "seeds"), count, 1))


def _is_yaml(name: str) -> bool:
    return name.endswith(".yaml")
