"""Generation of synthetic frames into a folder: parallel, resumable, byte-identical for the same settings."""

from __future__ import annotations

import json
import secrets
from collections.abc import Iterator, Mapping
from contextlib import closing
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from ctr_env.datasets.dream_writer import write_frame, write_settings
from ctr_env.errors import WorkerError
from ctr_env.geometry import PinholeCamera
from ctr_env.runs.engines.base import ATTEMPTS
from ctr_env.runs.engines.local import LocalEngine
from ctr_env.runs.folder import RunFolder
from ctr_env.runs.seeds import frame_seed
from ctr_env.scenes.robots.catalogue import get_robot

from .backgrounds import Backgrounds
from .sampler import FrameSampler

__all__ = ["GenerateConfig", "generate"]


@dataclass(frozen=True, kw_only=True)
class GenerateConfig:
    """Settings of a folder of synthetic frames; a resumed run must have the same."""

    robot: str = "panda"
    """Robot, by name or description file."""
    split: str = "train"
    """``train``, ``validation`` or ``test``: the splits are disjoint."""
    seed: int = 0
    """Seed of the data set."""
    width: int = 640
    """Image width, pixels."""
    height: int = 480
    """Image height, pixels."""
    randomization: str | Mapping[str, Any] = "strong"
    """Preset or mapping."""
    board_share: float = 0.0
    """Share of frames with a calibration board in the gripper."""
    backgrounds: str | None = None
    """Folder of photographs and panoramas that replace the background in half of the frames."""
    renderer: str = "classic"
    """Renderer, by name."""
    fixed_camera: int | None = None
    """Number of the camera that all frames share; none: one camera per frame."""

    def sampler(self) -> FrameSampler:
        """A sampler with these settings.

        Raises:
            ConfigurationError: If a value is not valid.
            MissingFileError: If the background folder has no images.
            DataError: If a background image cannot be read.
        """
        frame_seed(self.split, self.seed, 0)
        backgrounds = None if self.backgrounds is None else Backgrounds(Path(self.backgrounds))
        return FrameSampler(
            self.robot,
            self.width,
            self.height,
            self.randomization,
            self.board_share,
            backgrounds,
            self.renderer,
            self.fixed_camera,
        )


def generate(config: GenerateConfig, folder: Path, frames: int, workers: int) -> Iterator[int]:
    """Write the frames that the folder lacks.

    Args:
        config: Settings of the frames.
        folder: Destination; created if it does not exist.
        frames: Number of frames in the complete folder.
        workers: Number of worker processes; 1: this process. The frames do not depend on it.

    Yields:
        Number of existing frames: once at the start, then after each written frame.

    Raises:
        ConfigurationError: If a value is not valid.
        RunFolderError: If the folder holds frames with other settings.
        MissingFileError: If the background folder has no images.
        SamplingError: If the randomisation leaves no acceptable frame for a seed.
        WorkerError: If the process of a frame was ended from outside at every attempt.
    """
    config.sampler()
    frame_seed(config.split, config.seed, max(frames - 1, 0))
    RunFolder(folder, "generate", asdict(config))
    missing = [i for i in range(frames) if not (folder / f"{i:06d}.json").is_file()]
    done = frames - len(missing)
    yield done
    if not missing:
        return
    key = secrets.token_hex()  # of this run's sampler
    with closing(LocalEngine(workers).run(_write, [_Job(key, config, folder, index) for index in missing])) as ended:
        try:
            for each in ended:
                if each.lost:
                    raise WorkerError(
                        f"the rendering process of frame {missing[each.index]} was ended from outside {ATTEMPTS} times "
                        f"(out of memory?), after {done} of {frames} frames; the same command resumes"
                    )
                _write_settings_once(config, folder)
                done += 1
                yield done
        finally:
            _close_samplers()


def _write_settings_once(config: GenerateConfig, folder: Path) -> None:
    """Write the folder's camera file from frame 0, once that exists; every frame's labels hold its own camera."""
    first = folder / f"{0:06d}.json"
    if first.is_file() and not (folder / "_camera_settings.json").is_file():
        camera = json.loads(first.read_text())["camera_data"]["intrinsics"]
        write_settings(folder, get_robot(config.robot), PinholeCamera(**camera))


@dataclass(frozen=True)
class _Job:
    """A frame to write; ``key`` identifies the sampler that a process keeps."""

    key: str
    config: GenerateConfig
    folder: Path
    index: int


_samplers: dict[str, FrameSampler] = {}  # of this process


def _write(job: _Job) -> None:
    config = job.config
    if job.key not in _samplers:
        _samplers[job.key] = config.sampler()
    seed = frame_seed(config.split, config.seed, job.index)
    sampler = _samplers[job.key]
    frame = sampler.sample(seed, f"{job.index:06d}")
    write_frame(job.folder, sampler.robot, frame, {"ctr_env": {"split": config.split, "seed": seed}})


def _close_samplers() -> None:
    while _samplers:
        _samplers.popitem()[1].close()
