"""Study files: systems, axes and seeds, read and checked for their form."""

from __future__ import annotations

import hashlib
import sys
from collections.abc import Mapping
from dataclasses import dataclass, field
from difflib import get_close_matches
from importlib.resources import files
from pathlib import Path
from typing import Any, NoReturn

from ctr_env.errors import ConfigurationError, MissingFileError

from .yaml_lines import Lines, read_yaml

__all__ = ["Place", "StudyFile", "find_modules", "load_study", "packaged_studies", "read_study"]

Place = tuple[str | int, ...]
"""Keys and indices of a value from the top of the file."""

_KEYS = ("study", "seeds", "seconds", "base", "scenario", "systems", "axes", "one_at_a_time", "exclude", "videos")
_PACKAGE = "ctr_env.evaluation.benchmark"
_SHORTEST_S, _LONGEST_S = 0.1, 3600.0


@dataclass(frozen=True, kw_only=True)
class StudyFile:
    """A study as its file describes it.

    Attributes:
        source: What messages call the file.
        folder: Folder of the file, in which modules of the user are looked for.
        text: Its content.
        lines: Line of every value.
        study: Name.
        seeds: Seeds of the episodes, the same for all cells.
        seconds: Length of an episode, seconds; ``None``: as the environments are registered.
        base: Arguments of all cells.
        systems: Named arguments: the systems that are compared.
        axes: Values of arguments that are crossed.
        one_at_a_time: Values of arguments of which one at a time replaces that of the base, besides the cell in which
            none does.
        exclude: Cells that have all values of one of these mappings are left out.
        videos: Number of episodes of each cell, the first seeds, that a video is written of.
    """

    source: str
    folder: Path
    text: str
    lines: Lines = field(repr=False)
    study: str
    seeds: tuple[int, ...]
    seconds: float | None = None
    base: Mapping[str, Any] = field(default_factory=dict)
    systems: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)
    axes: Mapping[str, tuple[Any, ...]] = field(default_factory=dict)
    one_at_a_time: Mapping[str, tuple[Any, ...]] = field(default_factory=dict)
    exclude: tuple[Mapping[str, Any], ...] = ()
    videos: int = 0

    @property
    def sha256(self) -> str:
        """Hash of the file's content."""
        return hashlib.sha256(self.text.encode()).hexdigest()

    def find_modules(self) -> tuple[str, ...]:
        """Let this process import modules of the user beside the file and in the working directory; these folders."""
        return find_modules((str(self.folder.resolve()), str(Path.cwd())))

    def reject(self, place: Place, message: str, cause: Exception | None = None) -> NoReturn:
        """Raise an error that names the file and the line of a value.

        Raises:
            ConfigurationError: Always.
        """
        while place and place not in self.lines:
            place = place[:-1]
        raise ConfigurationError(f"{self.source}, line {self.lines.get(place, 1)}: {message}") from cause


def find_modules(folders: tuple[str, ...]) -> tuple[str, ...]:
    """Let this process import modules from further folders; these folders."""
    sys.path.extend(folder for folder in folders if folder not in sys.path)
    return folders


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
    form = _Form(StudyFile(source=source, folder=folder, text=text, lines=lines, study="", seeds=()))
    top = form.mapping((), content)
    form.known((), top, _KEYS)
    for key in ("study", "seeds"):
        if key not in top:
            form.file.reject((), f"key {key!r} is missing")
    base = form.mapping(("base",), top.get("base") or {})
    if "scenario" in top:
        base = {**base, "scenario": form.text(("scenario",), top["scenario"])}
    return StudyFile(
        source=source, folder=folder, text=text, lines=lines,
        study=form.text(("study",), top["study"]),
        seeds=form.seeds(top["seeds"]),
        seconds=form.seconds(top.get("seconds")),
        base=base,
        systems=form.systems(top.get("systems")),
        axes=form.axes("axes", top.get("axes") or {}),
        one_at_a_time=form.axes("one_at_a_time", top.get("one_at_a_time") or {}),
        exclude=form.exclude(top.get("exclude") or []),
        videos=form.count(("videos",), top.get("videos", 0), 0),
    )  # fmt: skip


@dataclass(frozen=True)
class _Form:
    """Checks the form of the parts of a file; messages have the file's lines."""

    file: StudyFile

    def known(self, place: Place, given: Mapping[str, Any], valid: tuple[str, ...]) -> None:
        for key in given:
            if key not in valid:
                near = get_close_matches(str(key), valid, 1)
                hint = f" (did you mean {near[0]}?)" if near else ""
                self.file.reject((*place, key), f"unknown key {key!r}{hint}; valid keys: {', '.join(valid)}")

    def mapping(self, place: Place, value: Any) -> dict[str, Any]:
        if not isinstance(value, Mapping):
            self.file.reject(place, f"{_name(place)} must be a mapping, not {value!r}")
        for key in value:
            if not isinstance(key, str):
                self.file.reject((*place, key), f"keys must be text, not {key!r}")
        return dict(value)

    def text(self, place: Place, value: Any) -> str:
        if not isinstance(value, str) or not value:
            self.file.reject(place, f"{_name(place)} must be a name, not {value!r}")
        return value

    def count(self, place: Place, value: Any, least: int) -> int:
        if not isinstance(value, int) or isinstance(value, bool) or value < least:
            self.file.reject(place, f"{_name(place)} must be an integer of at least {least}, not {value!r}")
        return value

    def seconds(self, value: Any) -> float | None:
        if value is None:
            return None
        if isinstance(value, bool) or not isinstance(value, int | float) or not _SHORTEST_S <= value <= _LONGEST_S:
            self.file.reject(
                ("seconds",), f"seconds must be a number in [{_SHORTEST_S:g}, {_LONGEST_S:g}], not {value!r}"
            )
        return float(value)

    def seeds(self, value: Any) -> tuple[int, ...]:
        place: Place = ("seeds",)
        if isinstance(value, list):
            seeds = tuple(self.count((*place, i), each, 0) for i, each in enumerate(value))
            for i, seed in enumerate(seeds):
                if seed in seeds[:i]:
                    self.file.reject((*place, i), f"seed {seed} is given twice")
            if seeds:
                return seeds
            self.file.reject(place, "seeds must not be empty")
        given = self.mapping(place, value)
        self.known(place, given, ("first", "count"))
        if "count" not in given:
            self.file.reject(place, "seeds must be a list or {first: 0, count: N}; key 'count' is missing")
        first = self.count((*place, "first"), given.get("first", 0), 0)
        return tuple(range(first, first + self.count((*place, "count"), given["count"], 1)))

    def systems(self, value: Any) -> dict[str, dict[str, Any]]:
        if value is None:
            return {"base": {}}
        given = self.mapping(("systems",), value)
        if not given:
            self.file.reject(("systems",), "systems must not be empty")
        return {name: self.mapping(("systems", name), each or {}) for name, each in given.items()}

    def axes(self, part: str, value: Any) -> dict[str, tuple[Any, ...]]:
        axes = {}
        for key, values in self.mapping((part,), value).items():
            if not isinstance(values, list) or not values:
                self.file.reject((part, key), f"axis {key!r} must be a list of values, not {values!r}")
            for i, each in enumerate(values):
                if each in values[:i]:
                    self.file.reject((part, key, i), f"axis {key!r} has {each!r} twice")
            axes[key] = tuple(values)
        return axes

    def exclude(self, value: Any) -> tuple[dict[str, Any], ...]:
        if not isinstance(value, list):
            self.file.reject(("exclude",), f"exclude must be a list of mappings, not {value!r}")
        return tuple(self.mapping(("exclude", i), each) for i, each in enumerate(value))


def _name(place: Place) -> str:
    return ".".join(map(str, place)) or "a study file"


def _is_yaml(name: str) -> bool:
    return name.endswith(".yaml")
