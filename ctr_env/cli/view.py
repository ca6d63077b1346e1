"""``ctr-env view``: open an episode's video, or a recording of it in the Rerun viewer."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from tyro.conf import Positional

from ctr_env.errors import ConfigurationError, MissingFileError
from ctr_env.evaluation.report.episode_files import FinishedEpisode, choose_episode, find_episodes
from ctr_env.evaluation.servo.rerun_recording import record_rerun

from .command import Command
from .opening import open_file

__all__ = ["View"]

_SUFFIXES = (".mp4", ".rrd", ".html")


@dataclass(frozen=True, kw_only=True)
class View(Command):
    """Open the video of an episode, or with --rerun a recording of it in the Rerun viewer.

    Without a display it says where the file is.
    """

    name = "view"

    path: Positional[Path]
    """Folder of the results (of study, servo or demo), or a file: .mp4, .rrd or .html."""
    seed: int | None = None
    """Seed of the episode (default: the first with a video)."""
    cell: str | None = None
    """Cell of a study that the episode belongs to, eight hexadecimal digits."""
    rerun: bool = False
    """Run the episode again, unless it was recorded before, and open its recording in the Rerun viewer."""

    def run(self) -> int:
        """Open the file, or say where it is."""
        file = self._file()
        if open_file(file):
            print(f"opened    {file}")
        else:
            print(f"no display; the file is    {file}")
        return 0

    def _file(self) -> Path:
        if self.path.is_dir():
            episode = choose_episode(find_episodes(self.path), self.seed, self.cell, with_video=not self.rerun)
            return _recording(episode) if self.rerun else episode.video
        if not self.path.is_file():
            raise MissingFileError(f"no such file or folder: {self.path}")
        if self.path.suffix not in _SUFFIXES:
            raise ConfigurationError(f"view opens files that end in {', '.join(_SUFFIXES)}, not {self.path.name!r}")
        return self.path


def _recording(episode: FinishedEpisode) -> Path:
    if not episode.recording.is_file():
        record_rerun(episode.study(), episode.seed, episode.recording, episode.policy)
    return episode.recording
