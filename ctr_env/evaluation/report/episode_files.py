"""Episodes of a folder of results, whatever command wrote it: their videos, and how to run them again."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from ctr_env.errors import ConfigurationError, MissingFileError
from ctr_env.evaluation.servo.runner import video_path
from ctr_env.evaluation.servo.servo_study import ServoStudy
from ctr_env.evaluation.study.environment import servo_study_of
from ctr_env.evaluation.study.store import StudyFolder

__all__ = ["FinishedEpisode", "choose_episode", "find_episodes"]

_SETTINGS = ("robot", "task", "seed", "seconds", "env", "files", "versions")  # of a servo run that are no arguments


@dataclass(frozen=True)
class FinishedEpisode:
    """A finished episode.

    Attributes:
        cell: Digest of its cell; empty for an episode of ``ctr-env servo``.
        seed: Its seed.
        video: Where its video is, if there is one.
        recording: Where its recording for the Rerun viewer belongs.
        source: What is recorded of its environment.
        policy: File of the policy that acted, if there was one.
    """

    cell: str
    seed: int
    video: Path
    recording: Path
    source: dict[str, Any] = field(repr=False)
    policy: Path | None = None

    @property
    def name(self) -> str:
        """Seed and cell in words."""
        return f"seed {self.seed}" + (f" of cell {self.cell}" if self.cell else "")

    def study(self) -> ServoStudy:
        """What makes its environment."""
        if "parameters" in self.source:
            return servo_study_of(self.source["parameters"], self.source["seconds"])
        arguments = {name: value for name, value in self.source.items() if name not in _SETTINGS}
        return ServoStudy(
            self.source["robot"], self.source["task"], env_config=arguments, seconds=self.source["seconds"]
        )


def find_episodes(folder: Path) -> list[FinishedEpisode]:
    """Finished episodes of a folder of ``ctr-env study``, ``servo`` or ``demo``, by cell and seed.

    Raises:
        MissingFileError: If there is none.
    """
    found = [*_of_study(folder), *_of_servo(folder)]
    if not found:
        raise MissingFileError(f"no finished episode of a study or of ctr-env servo in {folder}")
    return sorted(found, key=lambda episode: (episode.cell, episode.seed))


def choose_episode(
    episodes: list[FinishedEpisode], seed: int | None, cell: str | None, with_video: bool
) -> FinishedEpisode:
    """An episode by seed and cell; where these leave a choice, the first one with a video, else the first.

    Args:
        episodes: The episodes.
        seed: Seed; ``None``: any.
        cell: Cell; ``None``: any.
        with_video: Whether it must have a video.

    Raises:
        ConfigurationError: If there is no such cell or seed.
        MissingFileError: If none of them has a video.
    """
    cells = list(dict.fromkeys(episode.cell for episode in episodes))
    if cell is not None and cell not in cells:
        raise ConfigurationError(f"unknown cell {cell!r}; valid names: {', '.join(filter(None, cells)) or 'none'}")
    matching = [episode for episode in episodes if cell in (None, episode.cell)]
    if seed is not None:
        seeds = sorted({episode.seed for episode in matching})
        matching = [episode for episode in matching if episode.seed == seed]
        if not matching:
            raise ConfigurationError(f"no finished episode with seed {seed}; finished: {', '.join(map(str, seeds))}")
    matching.sort(key=lambda episode: not episode.video.is_file())
    if with_video and not matching[0].video.is_file():
        raise MissingFileError(
            f"no video of {matching[0].name}: {matching[0].video}; --rerun runs the episode again and records it, "
            "`videos: 1` in a study file or `ctr-env servo --video 1` record videos"
        )
    return matching[0]


def _of_study(folder: Path) -> Iterator[FinishedEpisode]:
    study = StudyFolder(folder)
    for file in folder.glob("episodes/*/*.json"):
        cell, seed = file.parent.name, file.stem
        if seed.isdigit():
            recording = folder / "recordings" / cell / f"{seed}.rrd"
            record, video = json.loads(file.read_text()), study.video(cell, int(seed))
            policy = folder / record["policy"] if record.get("policy") else None
            yield FinishedEpisode(cell, int(seed), video, recording, record, policy)


def _of_servo(folder: Path) -> Iterator[FinishedEpisode]:
    run = folder / "run.json"
    content = json.loads(run.read_text()) if run.is_file() else {}
    if content.get("kind") == "servo":
        for file in folder.glob("traces/seed_*.npz"):
            seed = int(file.stem.removeprefix("seed_"))
            recording = folder / f"seed_{seed:06d}.rrd"
            yield FinishedEpisode("", seed, video_path(folder, seed), recording, content["settings"])
