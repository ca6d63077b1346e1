"""Settings of a pose evaluation."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal

from ctr_env.datasets.folders import open_folder
from ctr_env.datasets.synthetic.sampler import FrameSampler
from ctr_env.errors import ConfigurationError
from ctr_env.estimators import PoseEstimator
from ctr_env.runs.files import sha256
from ctr_env.scenes.robots.kinematics import RobotKinematics

from .recording_files import RecordingFiles
from .sources import SYNTHETIC, FolderSource, FrameSource, SyntheticSource, synthetic_set

__all__ = ["PoseStudy"]

_SYNTHETIC_FRAMES = 200


@dataclass(frozen=True, kw_only=True)
class PoseStudy:
    """Estimator and data of an evaluation."""

    robot: str = "panda"
    """Robot, by name."""
    data: str = "synthetic:test"
    """A folder in the layout of DREAM or CtRNet's Baxter set, or ``synthetic:[PRESET/]SPLIT`` for generated frames
    (``synthetic:hard``: ``synthetic:hard/test``)."""
    frames: int | None = None
    """Number of frames, from the first on; ``None``: all of a folder, 200 generated ones."""
    estimator: str | PoseEstimator = "ground_truth"
    """Estimator, by name or as an object."""
    estimator_config: Mapping[str, Any] = field(default_factory=dict)
    """Its configuration, if it is given by name."""
    seed: int = 0
    """Number of the generated data set, and seed of the estimator's random draws."""
    width: int = 640
    """Width of generated images, pixels."""
    height: int = 480
    """Height of generated images, pixels."""
    randomization: str | Mapping[str, Any] | None = None
    """Preset or mapping of generated frames; by default what ``data`` names, else ``strong``."""
    units: Literal["auto", "m", "cm"] = "auto"
    """Unit of length of a DREAM folder (see :data:`~ctr_env.datasets.dream_reader.UNITS`)."""
    pixel_centres: Literal["auto", "integer", "half"] = "auto"
    """Pixel centres of a DREAM folder (see :data:`~ctr_env.datasets.dream_reader.PIXEL_CENTRES`)."""
    recording: RecordingFiles | None = None
    """The other files of a recording, if ``data`` is a folder of images without labels, or a video."""

    def __post_init__(self) -> None:
        """Check the ranges."""
        for name in ("frames", "width", "height"):
            value = getattr(self, name)
            if value is not None and value < 1:
                raise ConfigurationError(f"{name} must be at least 1, not {value}")
        if self.seed < 0:
            raise ConfigurationError(f"seed must not be negative, not {self.seed}")
        if self.synthetic and synthetic_set(self.data)[0] is not None and self.randomization is not None:
            raise ConfigurationError(f"data {self.data!r} names a randomisation: leave out {self.randomization!r}")

    @property
    def synthetic(self) -> bool:
        """Whether frames are generated."""
        return self.data.startswith(SYNTHETIC)

    @property
    def generated_by(self) -> str | Mapping[str, Any]:
        """Preset or mapping of generated frames."""
        return synthetic_set(self.data)[0] or self.randomization or "strong"

    @property
    def config(self) -> dict[str, Any]:
        """The settings that the record of a frame depends on, with the hashes of files."""
        named = isinstance(self.estimator, str)
        config: dict[str, Any] = {
            "robot": self.robot,
            "data": self.data,
            "estimator": self.estimator if named else type(self.estimator).__name__,
            "estimator_config": dict(self.estimator_config),
            "seed": self.seed,
        }
        if self.synthetic:
            config |= {"width": self.width, "height": self.height, "randomization": self.generated_by}
        if self.recording is not None:
            config["recording"] = self.recording.config
        for name in ("units", "pixel_centres"):
            if getattr(self, name) != "auto":
                config[name] = getattr(self, name)
        weights = self.estimator_config.get("weights")
        if isinstance(weights, str) and Path(weights).is_file():
            config["weights_sha256"] = sha256(Path(weights))
        return config

    def source(self, kinematics: RobotKinematics, board: bool) -> FrameSource:
        """The frames.

        Args:
            kinematics: The robot in them.
            board: Whether generated frames show a calibration board in the gripper.

        Raises:
            ConfigurationError: If the split, or the randomisation, is unknown.
            MissingFileError: If a folder holds no frames.
        """
        if self.recording is not None:
            return FolderSource(self.recording.open(Path(self.data), kinematics), self.frames)
        if not self.synthetic:
            folder = open_folder(Path(self.data), kinematics, self.units, self.pixel_centres)
            return FolderSource(folder, self.frames)
        sampler = FrameSampler(self.robot, self.width, self.height, self.generated_by, board_share=float(board))
        return SyntheticSource(sampler, synthetic_set(self.data)[1], self.seed, self.frames or _SYNTHETIC_FRAMES)
