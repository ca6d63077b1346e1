"""Evaluating an estimator on single frames: progress, resuming, results on disk."""

from __future__ import annotations

import hashlib
import json
import time
import zlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal

import imageio.v3 as iio
import numpy as np

from ctr_env.datasets.folders import open_folder
from ctr_env.datasets.labelled import LabelledFrame
from ctr_env.datasets.recording import Recording, load_recording
from ctr_env.datasets.synthetic.sampler import FrameSampler
from ctr_env.errors import ConfigurationError, DataError
from ctr_env.estimators import GroundTruth, PoseEstimate, PoseEstimator, make_estimator
from ctr_env.runs.files import replacing, write_json
from ctr_env.runs.folder import RunFolder
from ctr_env.runs.versions import versions
from ctr_env.scenes.robots.kinematics import RobotKinematics

from .plots import plot_poses
from .records import RecordFile, frame_record
from .sheet import pose_sheet, sheet_rows
from .sources import SYNTHETIC, FolderSource, FrameSource, SyntheticSource, UnusableFrameError
from .summary import pose_summary

__all__ = ["SCHEMA", "PoseStudy", "RecordingFiles", "run_pose_study"]

SCHEMA = "ctr_env/evaluate@1"
_RECORDS = 2  # layout of the records that an evaluation goes on with


@dataclass(frozen=True, kw_only=True)
class RecordingFiles:
    """Files beside the images of a fixed camera, and how they are read (see :func:`.load_recording`)."""

    joints: Path
    """Joint angles (see :func:`~ctr_env.datasets.joint_table.read_joint_table`)."""
    camera: Path
    """Intrinsics (see :func:`~ctr_env.datasets.camera_file.read_camera_file`)."""
    pose: Path
    """Pose of the camera (see :func:`~ctr_env.datasets.pose_file.read_pose_file`)."""
    rectified: bool | None = None
    """Whether the images are rectified, if the camera file holds intrinsics of both kinds."""
    joint_names: Mapping[str, str] = field(default_factory=dict)
    """Names of joints in the table to those of the robot."""

    @property
    def config(self) -> dict[str, Any]:
        """Contents of the files, and the options that are not their defaults."""
        options = {"rectified": self.rectified, "joint_names": dict(self.joint_names) or None}
        files = {"joints": self.joints, "camera": self.camera, "pose": self.pose}
        return {name: _sha256(file) for name, file in files.items()} | {
            name: value for name, value in options.items() if value is not None
        }

    def open(self, images: Path, kinematics: RobotKinematics) -> Recording:
        """The recording of these images.

        Raises:
            MissingFileError: If a file does not exist.
            DataError: If a file cannot be understood, or the files do not belong together.
        """
        return load_recording(
            images, self.joints, self.camera, kinematics, self.pose, self.rectified, self.joint_names or None
        )


@dataclass(frozen=True, kw_only=True)
class PoseStudy:
    """What is evaluated, and on what."""

    robot: str = "panda"
    """Robot, by name or by a file that describes it."""
    data: str = "synthetic:test"
    """A folder in the layout of DREAM, or ``synthetic:`` and a split, whose frames are drawn."""
    frames: int | None = None
    """Number of frames, the first ones; ``None``: all of a folder, 200 drawn ones."""
    estimator: str | PoseEstimator = "ground_truth"
    """Estimator, by name or as an object."""
    estimator_config: Mapping[str, Any] = field(default_factory=dict)
    """Its configuration, if it is given by name."""
    seed: int = 0
    """Number of the drawn data set, and what an estimator's randomness starts from."""
    width: int = 640
    """Width of drawn images, pixels."""
    height: int = 480
    """Height of drawn images, pixels."""
    randomization: str | Mapping[str, Any] = "strong"
    """Preset or mapping of drawn frames."""
    units: Literal["auto", "m", "cm"] = "auto"
    """Unit of length of a DREAM folder (see :data:`~ctr_env.datasets.dream_reader.UNITS`)."""
    pixel_centres: Literal["auto", "integer", "half"] = "auto"
    """Pixel centres of a DREAM folder (see :data:`~ctr_env.datasets.dream_reader.PIXEL_CENTRES`)."""
    recording: RecordingFiles | None = None
    """The other files of a recording, if ``data`` is a folder of mere images, or a video."""

    def __post_init__(self) -> None:
        """Refuse numbers that make no sense."""
        for name in ("frames", "width", "height"):
            value = getattr(self, name)
            if value is not None and value < 1:
                raise ConfigurationError(f"{name} must be at least 1, not {value}")
        if self.seed < 0:
            raise ConfigurationError(f"seed must not be negative, not {self.seed}")

    @property
    def synthetic(self) -> bool:
        """Whether frames are drawn."""
        return self.data.startswith(SYNTHETIC)

    @property
    def config(self) -> dict[str, Any]:
        """What the record of a frame depends on."""
        named = isinstance(self.estimator, str)
        config: dict[str, Any] = {
            "robot": self.robot,
            "data": self.data,
            "estimator": self.estimator if named else type(self.estimator).__name__,
            "estimator_config": dict(self.estimator_config),
            "seed": self.seed,
        }
        if self.synthetic:
            config |= {"width": self.width, "height": self.height, "randomization": self.randomization}
        if self.recording is not None:
            config["recording"] = self.recording.config
        for name in ("units", "pixel_centres"):
            if getattr(self, name) != "auto":
                config[name] = getattr(self, name)
        weights = self.estimator_config.get("weights")
        if isinstance(weights, str) and Path(weights).is_file():
            config["weights_sha256"] = _sha256(Path(weights))
        return config

    def source(self, kinematics: RobotKinematics, board: bool) -> FrameSource:
        """The frames.

        Args:
            kinematics: The robot in them.
            board: Whether drawn frames show a calibration board in the gripper.

        Raises:
            ConfigurationError: If the split, or the randomisation, is unknown.
            FileNotFoundError: If a folder has no frames.
        """
        if self.recording is not None:
            return FolderSource(self.recording.open(Path(self.data), kinematics), self.frames)
        if not self.synthetic:
            folder = open_folder(Path(self.data), kinematics, self.units, self.pixel_centres)
            return FolderSource(folder, self.frames)
        sampler = FrameSampler(self.robot, self.width, self.height, self.randomization, board_share=float(board))
        return SyntheticSource(sampler, self.data.removeprefix(SYNTHETIC), self.seed, self.frames or 200)


def run_pose_study(
    study: PoseStudy,
    out: Path,
    command: str = "",
    on_frame: Callable[[int, int, dict[str, Any] | None], None] | None = None,
) -> dict[str, Any]:
    """Evaluate an estimator, or go on where an evaluation was interrupted.

    Every frame stands alone: the estimator is reset before each, with a generator that depends on the seed and the
    frame's name. What is found is kept at once (``frames.jsonl``); called again with the same ``out``, only missing
    frames are estimated. In the end ``evaluate.json``, ``evaluate.png`` and ``sheet.png`` are written.

    Latency is the wall time of :meth:`~ctr_env.estimators.PoseEstimator.estimate` alone. The first frame is estimated
    once more beforehand, so that lazy loading is not in it.

    Args:
        study: What to evaluate.
        out: Folder of the results; made if missing.
        command: Command line to record.
        on_frame: Called after every frame with the number of frames done, their total, and the frame's record
            (``None`` for a skipped one).

    Returns:
        The content of ``evaluate.json`` (schema ``ctr_env/evaluate@1``; see :func:`.pose_summary.pose_summary` and
        :func:`.pose_records.frame_record`).

    Raises:
        RunFolderError: If the folder holds an evaluation with another configuration.
        DataError: If no frame can be used.
    """
    kinematics = RobotKinematics(study.robot)
    estimator = make_estimator(study.estimator, study.estimator_config or None, kinematics)
    used = versions("torch")
    source = study.source(kinematics, estimator.needs_board)
    try:
        RunFolder(out, "evaluate", study.config | {"versions": used, "records": _RECORDS})
        records = RecordFile(out / "frames.jsonl")
        evaluation = _Evaluation(study, kinematics, estimator, source, records)
        evaluation.run(on_frame)
        if not evaluation.records:
            first = evaluation.skipped[0]
            raise DataError(f"no frame of {study.data} can be used; the first: {first['file']}: {first['reason']}")
        result = {
            "schema": SCHEMA,
            "command": command,
            "config": json.loads(json.dumps(study.config | {"frames": len(source)})),
            "versions": used,
            "uncertainty": estimator.uncertainty_source,
            "conventions": source.conventions,
            "frames": len(evaluation.records),
            "skipped": evaluation.skipped,
            "summary": pose_summary(list(evaluation.records.values())),
            "per_frame": list(evaluation.records.values()),
        }
        write_json(out / "evaluate.json", result)
        plot_poses(result["per_frame"], out / "evaluate.png", f"{_title(result)}: {result['frames']} frames")
        evaluation.draw_sheet(out / "sheet.png")
    finally:
        source.close()
    return result


class _Evaluation:
    """A run over the frames.

    Attributes:
        records: Records of the frames by their index.
        skipped: File and reason of every frame that could not be used.
    """

    def __init__(
        self,
        study: PoseStudy,
        kinematics: RobotKinematics,
        estimator: PoseEstimator,
        source: FrameSource,
        kept: RecordFile,
    ) -> None:
        self._seed, self._kinematics, self._estimator, self._source = study.seed, kinematics, estimator, source
        self._kept = kept
        self._warm = False
        self.records: dict[int, dict[str, Any]] = {}
        self.skipped: list[dict[str, str]] = []

    def run(self, on_frame: Callable[[int, int, dict[str, Any] | None], None] | None) -> None:
        """Evaluate what is missing."""
        for index in range(len(self._source)):
            key = self._source.key(index)
            record = self._kept.get(key)
            try:
                if record is None:
                    record = self._evaluate(self._source.read(index))
                    self._kept.add(key, record)
                self.records[index] = record
            except UnusableFrameError as error:
                self.skipped.append({"file": error.file, "reason": error.reason})
            if on_frame is not None:
                on_frame(index + 1, len(self._source), record)

    def draw_sheet(self, path: Path) -> None:
        """Draw the best, median, worst and rejected frames."""
        tiles = {}
        for title, indices in sheet_rows(self.records).items():
            frames = [self._source.read(index) for index in indices]
            estimates = [self._estimate(frame)[0] for frame in frames]
            tiles[title] = list(zip(frames, estimates, [self.records[index] for index in indices], strict=True))
        sheet = pose_sheet(tiles, self._kinematics)
        with replacing(path) as scratch:
            iio.imwrite(scratch, sheet)

    def _evaluate(self, labelled: LabelledFrame) -> dict[str, Any]:
        if not self._warm:
            self._estimate(labelled)
            self._warm = True
        estimate, latency = self._estimate(labelled)
        return frame_record(labelled, estimate, self._kinematics, latency)

    def _estimate(self, labelled: LabelledFrame) -> tuple[PoseEstimate, float]:
        """The estimate of a frame and the wall time that it took, seconds."""
        self._estimator.reset(np.random.default_rng([self._seed, zlib.crc32(labelled.name.encode())]))
        frame = labelled.frame()
        if self._estimator.needs_truth and labelled.camera_T_base is not None:
            self._estimator.observe_truth(GroundTruth(frame.time_s, labelled.camera_T_base))
        start = time.perf_counter()
        estimate = self._estimator.estimate(frame)
        return estimate, time.perf_counter() - start


def _sha256(file: Path) -> str:
    return hashlib.sha256(file.read_bytes()).hexdigest()


def _title(result: Mapping[str, Any]) -> str:
    config = result["config"]
    return f"{config['robot']}  {config['data']}  estimator: {config['estimator']}"
