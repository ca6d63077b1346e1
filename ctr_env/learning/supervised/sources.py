"""Sources of training images: folders of generated frames, or the simulator during training."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ctr_env.datasets.dream_reader import DreamFolder
from ctr_env.datasets.image_file import decode_image, decode_mask, file_bytes
from ctr_env.datasets.synthetic.sampler import FrameSampler
from ctr_env.errors import DataError
from ctr_env.estimators.ctrnet.hypothesis import quarter_turns
from ctr_env.estimators.ctrnet.points import LinkPoint, link_points
from ctr_env.geometry import PinholeCamera
from ctr_env.runs.seeds import FRAMES_PER_SET, frame_seed
from ctr_env.scenes.randomization.fields import FIELDS
from ctr_env.scenes.robots.kinematics import RobotKinematics

from .config import TrainingConfig
from .rendered_frame import RenderedFrame

__all__ = ["TRAINING_RANDOMIZATION", "FolderSource", "FrameSource", "SimulatorSource", "training_source"]

_CLEAN = ("exposure", "blur_sigma_px", "motion_blur_px", "noise_std", "jpeg_quality")
TRAINING_RANDOMIZATION: Mapping[str, Any] = {
    "preset": "hard",
    "camera.min_arm_in_view": {"constant": 0.2},
    "camera.on_gripper": {"choice": [0.0, 0.0, 0.3, 0.6, 1.0]},
    "camera.distortion": {"choice": [0.0, 0.0, 0.0, 0.0, -0.22, -0.16, -0.1, -0.05, 0.03, 0.06]},
    **{name: {"constant": 0.0} for name in FIELDS if name.startswith("painted.")},
    **{f"image.{name}": {"constant": 0.0} for name in _CLEAN},
    "sensors.joint_bias": {"constant": 0.0},
    "image.white_balance_r": {"constant": 1.0},
    "image.white_balance_b": {"constant": 1.0},
}
"""Randomisation of training frames: the views of ``hard``, with more that show most of the arm or have no distortion.
Image effects and painted objects are added anew in every pass by the augmentation."""


class FrameSource(ABC):
    """Rendered frames by number; a number always gives the same frame."""

    @abstractmethod
    def frame(self, index: int) -> RenderedFrame:
        """The frame of a number, 0 or more; after its last frame a source starts again."""


class FolderSource(FrameSource):
    """The frames of folders, kept compressed in memory."""

    def __init__(self, folders: Sequence[Path], kinematics: RobotKinematics, points: Sequence[LinkPoint]) -> None:
        """Read folders.

        Raises:
            MissingFileError: If one has no frames, or a frame lacks its image.
            DataError: If a frame has no mask or no pose, which training needs.
        """
        self._kinematics, self._points = kinematics, points
        self._images: list[tuple[bytes, Path]] = []
        self._masks: list[tuple[bytes, Path]] = []
        self._whole: set[int] = set()  # frames whose files have been read once
        self._places: list[tuple[NDArray[np.float64], PinholeCamera, int]] = []
        for folder in folders:
            self._read(folder)

    def _read(self, folder: Path) -> None:
        frames = DreamFolder(folder, self._kinematics)
        for name in frames.names:
            labels = frames.read_labels(name)
            mask = frames.mask_file(name)
            if mask is None or labels["camera_T_base"] is None:
                raise DataError(f"{folder}: frame {name} has no {'mask' if mask is None else 'pose'} to train with")
            self._images.append((file_bytes(frames.image_file(name)), frames.image_file(name)))
            self._masks.append((file_bytes(mask), mask))
            base = link_points(self._kinematics, labels["joint_positions"], self._points)
            pose = labels["camera_T_base"]
            self._places.append((pose.apply(base), labels["camera"], quarter_turns(pose)))

    def __len__(self) -> int:
        """Number of frames."""
        return len(self._images)

    def frame(self, index: int) -> RenderedFrame:
        """The frame of a number; every pass over the frames has another order.

        Raises:
            DataError: If a file is not a whole image, or image and mask differ in size.
        """
        pass_, place = divmod(index, len(self))
        chosen = _shuffled(pass_, place, len(self))
        known = chosen in self._whole
        image = decode_image(*self._images[chosen], checked=known)
        mask = decode_mask(*self._masks[chosen], checked=known).astype(np.uint8) * np.uint8(255)
        self._whole.add(chosen)
        points, camera, turns = self._places[chosen]
        height, width = image.shape[:2]
        if mask.shape != (height, width):
            raise DataError(f"a mask is {mask.shape[1]}x{mask.shape[0]} pixels, its image {width}x{height}")
        return RenderedFrame(image, mask, points, camera.resized(width, height), turns)


def _shuffled(pass_: int, place: int, count: int) -> int:
    """An element of a permutation of ``range(count)`` that differs between passes: an affine map modulo count."""
    rng = np.random.default_rng([pass_, count])
    offset = int(rng.integers(count))
    while True:
        factor = int(rng.integers(1, count + 1))
        if np.gcd(factor, count) == 1:
            return (factor * place + offset) % count


class SimulatorSource(FrameSource):
    """Frames rendered on demand; they repeat after ten million."""

    def __init__(self, robot: str, points: Sequence[LinkPoint], seed: int, board_share: float = 0.25) -> None:
        """Frames of a robot, split ``train``.

        Args:
            robot: Robot, by name.
            points: Points of the network.
            seed: Seed of the data set.
            board_share: Share of frames with a calibration board in the gripper.

        Raises:
            ConfigurationError: If the robot is unknown, or the seed is out of range.
        """
        frame_seed("train", seed, 0)
        self._sampler = FrameSampler(robot, 640, 480, TRAINING_RANDOMIZATION, board_share)
        self._kinematics = RobotKinematics(robot)
        self._points = points
        self._seed = seed

    def frame(self, index: int) -> RenderedFrame:
        """The frame of a number."""
        frame = self._sampler.sample(frame_seed("train", self._seed, index % FRAMES_PER_SET))
        assert frame.mask is not None and frame.camera_T_base is not None
        base = link_points(self._kinematics, frame.joint_positions, self._points)
        points = frame.camera_T_base.apply(base)
        mask, turns = np.where(frame.mask, 255, 0).astype(np.uint8), quarter_turns(frame.camera_T_base)
        return RenderedFrame(frame.image, mask, points, frame.camera, turns)


def training_source(config: TrainingConfig, points: Sequence[LinkPoint]) -> FrameSource:
    """The frames of a training's folders, or of the simulator if it has none.

    Raises:
        MissingFileError: If a folder has no frames.
        DataError: If a frame of one cannot be trained with.
    """
    if not config.data:
        return SimulatorSource(config.robot, points, config.seed)
    return FolderSource([Path(folder) for folder in config.data], RobotKinematics(config.robot), points)
