"""Generation of synthetic frames into a folder: parallel, resumable, byte-identical for the same settings."""

from __future__ import annotations

import json
import multiprocessing
import os
from collections.abc import Iterator, Mapping
from concurrent.futures import ProcessPoolExecutor, as_completed
from concurrent.futures.process import BrokenProcessPool
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from ctr_env.datasets.dream_writer import write_frame, write_settings
from ctr_env.errors import WorkerError
from ctr_env.geometry import PinholeCamera
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
        workers: Number of worker processes.

    Yields:
        Number of existing frames: once at the start, then after each written frame.

    Raises:
        ConfigurationError: If a value is not valid.
        RunFolderError: If the folder holds frames with other settings.
        MissingFileError: If the background folder has no images.
        SamplingError: If the randomisation leaves no acceptable frame for a seed.
        WorkerError: If a worker process was ended from outside.
    """
    config.sampler()
    frame_seed(config.split, config.seed, max(frames - 1, 0))
    RunFolder(folder, "generate", asdict(config))
    missing = [i for i in range(frames) if not (folder / f"{i:06d}.json").is_file()]
    done = frames - len(missing)
    yield done
    if not missing:
        return
    context = multiprocessing.get_context("spawn")
    pool = ProcessPoolExecutor(workers, context, _start, (config, folder, workers))
    try:
        for drawn in as_completed([pool.submit(_write, index) for index in missing]):
            drawn.result()
            _write_settings_once(config, folder)
            done += 1
            yield done
    except BrokenProcessPool as error:
        raise WorkerError(
            f"a rendering process was ended from outside after {done} of {frames} frames (out of memory?); "
            "the same command resumes"
        ) from error
    finally:
        pool.shutdown(cancel_futures=True)


def _write_settings_once(config: GenerateConfig, folder: Path) -> None:
    """Write the folder's camera file from frame 0, once that exists; every frame's labels hold its own camera."""
    first = folder / f"{0:06d}.json"
    if first.is_file() and not (folder / "_camera_settings.json").is_file():
        camera = json.loads(first.read_text())["camera_data"]["intrinsics"]
        write_settings(folder, get_robot(config.robot), PinholeCamera(**camera))


_worker: tuple[GenerateConfig, Path, FrameSampler]


def _start(config: GenerateConfig, folder: Path, workers: int) -> None:
    global _worker
    import cv2
    import torch

    share = max(1, (os.cpu_count() or 1) // workers)
    os.environ.setdefault("LP_NUM_THREADS", str(share))  # Mesa's software renderer
    torch.set_num_threads(share)
    cv2.setNumThreads(share)
    _worker = config, folder, config.sampler()


def _write(index: int) -> None:
    config, folder, sampler = _worker
    seed = frame_seed(config.split, config.seed, index)
    frame = sampler.sample(seed, f"{index:06d}")
    write_frame(folder, sampler.robot, frame, {"ctr_env": {"split": config.split, "seed": seed}})
