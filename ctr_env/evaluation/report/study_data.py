"""A study's folder as a report reads it: rows, parameters, traces and videos."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any

import yaml

from ctr_env.errors import DataError
from ctr_env.evaluation.servo.runner import video_path
from ctr_env.evaluation.servo.trace import Trace
from ctr_env.evaluation.study.store import StudyFolder, read_rows, read_trace

__all__ = ["CRASHED", "Episode", "StudyData"]

CRASHED = "crashed"
"""Status, and reason of failure, of an episode that raised an error."""

_SERVO = "servo.json"
_NO_ARGUMENTS = ("env", "seed", "episodes", "files")  # of its settings
_FIXED = ("study", "cell", "system", "scenario", "seed", "status", "error")


@dataclass(frozen=True)
class Episode:
    """One row of a study.

    Attributes:
        cell: Digest of the parameters.
        system: Name of the system.
        scenario: Name of the scenario; empty if the study names none.
        seed: Seed of the episode.
        error: What a crashed episode raised; ``None`` if the episode ended.
        parameters: Arguments by dotted name.
        metrics: Metrics by name; ``None`` where undefined.
    """

    cell: str
    system: str
    scenario: str
    seed: int
    error: str | None
    parameters: Mapping[str, Any] = field(repr=False)
    metrics: Mapping[str, Any] = field(repr=False)

    @property
    def success(self) -> bool:
        """Whether the episode ended in success."""
        return bool(self.metrics.get("success"))

    @property
    def failure(self) -> str | None:
        """Reason of the failure; ``None`` for a success."""
        if self.error is not None:
            return CRASHED
        return None if self.success else str(self.metrics.get("failure") or "unknown")

    @property
    def detail(self) -> str:
        """What is known beyond the reason of the failure."""
        return str(self.error or self.metrics.get("failure_detail") or "")

    def value(self, key: str) -> float | None:
        """A metric as a number; ``None`` where it is undefined or not recorded."""
        found = self.metrics.get(key)
        return None if found is None else float(found)


@dataclass(frozen=True)
class StudyData:
    """A study's episodes and where their files are.

    Attributes:
        folder: The study's folder.
        name: Name of the study.
        episodes: All episodes, in the order of the file.
        versions: Versions of packages, and the hash of the study file.
    """

    folder: Path
    name: str
    episodes: tuple[Episode, ...]
    versions: Mapping[str, str]

    @classmethod
    def read(cls, folder: Path) -> StudyData:
        """Read the folder of a study, or of ``ctr-env servo``: the study of one cell.

        Raises:
            MissingFileError: If the folder holds no ``study.parquet``.
            DataError: If no episode is finished.
        """
        if (folder / _SERVO).is_file() and not StudyFolder(folder).parquet.is_file():
            return cls._read_servo(folder)
        table = read_rows(folder)
        rows = table.to_pylist()
        if not rows:
            raise DataError(f"{folder} has no finished episode")
        used = {name.removeprefix("version."): str(v) for name, v in rows[0].items() if name.startswith("version.")}
        digest = (table.schema.metadata or {}).get(b"study_file_sha256")
        if digest is not None:
            used["study file (SHA-256)"] = digest.decode()
        return cls(folder, str(rows[0]["study"]), tuple(map(_episode, rows)), used)

    @classmethod
    def _read_servo(cls, folder: Path) -> StudyData:
        content = json.loads((folder / _SERVO).read_text())
        arguments = {name: value for name, value in content["config"].items() if name not in _NO_ARGUMENTS}
        system = str(arguments.get("estimator", "ground_truth"))
        episodes = (
            Episode("", system, "", int(metrics["seed"]), None, arguments, {**metrics, "seed": None})
            for metrics in content["episodes"]
        )
        return cls(folder, folder.resolve().name, tuple(episodes), content["versions"])

    @cached_property
    def commands(self) -> tuple[str, ...]:
        """Commands that repeat the study and its report."""
        made = self.record(_SERVO).get("command") or f"ctr-env study {self.name}.yaml --out {self.folder.name}"
        return (str(made), f"ctr-env report {self.folder.name}")

    @cached_property
    def definition(self) -> dict[str, Any]:
        """Content of the study file; empty if the folder has none."""
        file = self.folder / "study.yaml"
        return yaml.safe_load(file.read_text()) or {} if file.is_file() else {}

    @cached_property
    def definition_text(self) -> str:
        """The study file as it was written."""
        file = self.folder / "study.yaml"
        return file.read_text() if file.is_file() else ""

    def record(self, name: str) -> dict[str, Any]:
        """Content of a JSON file of the folder; empty if there is none."""
        file = self.folder / name
        found = json.loads(file.read_text()) if file.is_file() else {}
        return found if isinstance(found, dict) else {}

    def trace(self, episode: Episode) -> Trace | None:
        """Time series of an episode; ``None`` if it crashed or was not kept."""
        if not episode.cell:
            file = self.folder / "traces" / f"seed_{episode.seed:06d}.npz"
            return Trace.load(file) if file.is_file() else None
        if not StudyFolder(self.folder).trace(episode.cell, episode.seed).is_file():
            return None
        return read_trace(self.folder, episode.cell, episode.seed)

    def video(self, episode: Episode) -> Path | None:
        """Video of an episode; ``None`` if there is none."""
        of_study = StudyFolder(self.folder).video(episode.cell, episode.seed)
        file = of_study if episode.cell else video_path(self.folder, episode.seed)
        return file if file.is_file() else None


def _episode(row: Mapping[str, Any]) -> Episode:
    parameters = {name.removeprefix("param."): v for name, v in row.items() if name.startswith("param.")}
    metrics = {n: v for n, v in row.items() if n not in _FIXED and not n.startswith(("param.", "version."))}
    error = str(row.get("error") or "no reason recorded") if row["status"] == CRASHED else None
    return Episode(
        str(row["cell"]),
        str(row["system"]),
        str(row.get("scenario") or ""),
        int(row["seed"]),
        error,
        parameters,
        metrics,
    )
