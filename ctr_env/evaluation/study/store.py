"""Files of a study's folder: finished episodes, their traces and videos, and where each is."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from ctr_env.errors import MissingFileError
from ctr_env.evaluation.servo.metrics import episode_metrics
from ctr_env.evaluation.servo.trace import Trace
from ctr_env.runs.files import plain_json, replacing

__all__ = ["StudyFolder", "read_rows", "read_trace"]

SCHEMA = "ctr_env/episode@1"


@dataclass(frozen=True)
class StudyFolder:
    """Paths in a study's folder, and what is known of its episodes.

    Attributes:
        path: The folder.
    """

    path: Path

    @property
    def parquet(self) -> Path:
        """The table: one row for each episode."""
        return self.path / "study.parquet"

    @property
    def timing(self) -> Path:
        """Wall times, which are no part of the table."""
        return self.path / "timing.json"

    @property
    def journal(self) -> Path:
        """Beginnings and ends of episodes, one JSON object a line, in the order in which they happened."""
        return self.path / "journal.jsonl"

    def episode(self, cell: str, seed: int) -> Path:
        """File of a finished episode."""
        return self.path / "episodes" / cell / f"{seed}.json"

    def trace(self, cell: str, seed: int) -> Path:
        """File of an episode's time series."""
        return self.path / "traces" / cell / f"{seed}.npz"

    def video(self, cell: str, seed: int) -> Path:
        """File of an episode's video."""
        return self.path / "videos" / cell / f"{seed}.mp4"

    def read(self, cell: str, seed: int) -> dict[str, Any] | None:
        """What is recorded of an episode; ``None`` if it is not finished."""
        try:
            found: dict[str, Any] = json.loads(self.episode(cell, seed).read_bytes())
        except FileNotFoundError:
            return None
        return found

    def finished(self, cell: str, seed: int, video: bool = False) -> dict[str, Any] | None:
        """What is recorded of an episode, if nothing of it is missing."""
        found = self.read(cell, seed)
        if found is None or found["status"] == "crashed":
            return found
        complete = self.trace(cell, seed).is_file() and (not video or self.video(cell, seed).is_file())
        return found if complete else None

    def recompute(self, cell: str, seed: int) -> None:
        """Compute the metrics of a finished episode again from its trace, where it has one."""
        record = self.read(cell, seed)
        if record is not None and record["status"] == "done" and self.trace(cell, seed).is_file():
            metrics = episode_metrics(Trace.load(self.trace(cell, seed)))
            if json.loads(json.dumps(metrics, default=plain_json)) != record["metrics"]:
                self.write(cell, seed, record | {"metrics": metrics})

    def write(self, cell: str, seed: int, record: Mapping[str, Any]) -> None:
        """Record a finished episode; the last of its files to be written.

        Raises:
            ValueError: If a number is not finite.
        """
        text = json.dumps({**record, "schema": SCHEMA}, indent=1, allow_nan=False, default=plain_json)
        with replacing(self.episode(cell, seed)) as scratch:
            scratch.write_text(text + "\n")


def read_rows(path: Path) -> pa.Table:
    """The rows of a study.

    Args:
        path: The study's folder, or its ``study.parquet``.

    Raises:
        MissingFileError: If there is no such file.
    """
    file = StudyFolder(path).parquet if path.is_dir() else path
    if not file.is_file():
        raise MissingFileError(f"no results of a study: {file}")
    return pq.read_table(file)


def read_trace(out: Path, cell: str, seed: int) -> Trace:
    """The time series of an episode.

    Args:
        out: The study's folder.
        cell: Digest of the cell, as in the column ``cell``.
        seed: Seed of the episode.

    Raises:
        MissingFileError: If the episode has no time series.
    """
    file = StudyFolder(out).trace(cell, seed)
    if not file.is_file():
        raise MissingFileError(f"no time series of seed {seed} in cell {cell}: {file}")
    return Trace.load(file)
