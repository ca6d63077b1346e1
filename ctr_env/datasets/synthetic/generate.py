"""Filling a folder with synthetic frames: in parallel, resumable, the same bytes for the same seed."""

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
    """What a folder of frames is made of."""

    robot: str = "panda"
    """Robot, by name or by a file that describes it."""
    split: str = "train"
    """``train``, ``validation`` or ``test``: no frame of one is in another."""
    seed: int = 0
    """Number of the data set."""
    width: int = 640
    """Image width, pixels."""
    height: int = 480
    """Image height, pixels."""
    randomization: str | Mapping[str, Any] = "strong"
    """Preset or mapping."""
    board_share: float = 0.0
    """Share of frames with a calibration board in the gripper."""
    backgrounds: str | None = None
    """Folder of photographs and panoramas to put behind the robot in half of the frames."""
    renderer: str = "classic"
    """Renderer, by name."""
    fixed_camera: int | None = None
    """Number of the one camera that sees all frames; none: every frame has its own."""

    def sampler(self) -> FrameSampler:
        """The sampler that draws such frames.

        Raises:
            ValueError: If a value is not valid.
            FileNotFoundError: If the background folder has no images.
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
    """Write frames that the folder does not have yet.

    Args:
        config: What they are made of.
        folder: Where to; made if need be.
        frames: Number of frames that the folder shall have.
        workers: Number of processes.

    Yields:
        Number of frames there are, after each one (once, at the beginning, for those that were there).

    Raises:
        ConfigurationError: If a value is not valid.
        RunFolderError: If the folder holds frames of other settings.
        MissingFileError: If the background folder has no images.
        WorkerError: If a process was ended from outside.
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
    """The folder's camera is that of its first frame, whichever frame is ready first; each frame names its own."""
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
