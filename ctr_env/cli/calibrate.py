"""``ctr-env calibrate``: the pose of a fixed camera with its uncertainty, from images of the moving robot."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Literal

import numpy as np

from ctr_env.calibration.advice import advice, reason_to_adapt
from ctr_env.calibration.calibrate import calibrate, corrected_frames, require_estimate
from ctr_env.calibration.findings import board_in_words, described, evidence_in_words
from ctr_env.calibration.html_page import calibration_html
from ctr_env.calibration.overlays import overlay_sheet
from ctr_env.calibration.report import SCHEMA, calibration_data, write_calibration
from ctr_env.calibration.result import Calibration
from ctr_env.calibration.ros import static_transform_command, write_ros_files
from ctr_env.datasets.board_file import read_board_file
from ctr_env.datasets.folders import Folder
from ctr_env.datasets.frame import Frame
from ctr_env.datasets.unlabelled import Images, of_one_camera, read_images
from ctr_env.errors import CalibrationError, ConfigurationError, TooFewPosesError, TrainingError
from ctr_env.estimators.ctrnet.estimator import CtRNetEstimator, make_ctrnet
from ctr_env.estimators.ctrnet.packaged import mirror_for, packaged_weights
from ctr_env.estimators.mirrored import Mirror
from ctr_env.learning.self_training.adapter import Adapter
from ctr_env.learning.self_training.config import AdaptationConfig
from ctr_env.learning.self_training.images import adaptation_settings
from ctr_env.runs.files import replacing, write_image
from ctr_env.runs.versions import versions
from ctr_env.scenes.robots.kinematics import RobotKinematics

from .adaptation import adapt_with_progress, replay_source
from .command import ResultCommand
from .images import image_sources, report_rejected
from .interactive import InteractiveOptions, take_images
from .progress import counting_progress

__all__ = ["Calibrate"]

_ROUNDS, _PATIENCE = 10, 2
_SETTINGS = ("robot", "weights", "adapt", "minutes", "refine", "estimate", "board")


@dataclass(frozen=True, kw_only=True)
class Calibrate(InteractiveOptions, ResultCommand):
    """Find the pose of a fixed camera in the robot's base frame, without markers or labels.

    The images show the robot in many joint configurations; their joint angles and the camera's intrinsics are known.
    """

    name = "calibrate"
    not_in_digest = ("port",)

    robot: str = "panda"
    """Robot, by name or by a YAML file that describes it."""
    data: Path | None = None
    """Folder in the layout of DREAM, or CtRNet's Baxter set; labels are not read."""
    weights: Path | None = None
    """Weights of the network (default: those of the package)."""
    device: str = "auto"
    """Device of the network: ``auto``, ``cpu`` or ``cuda[:n]``."""
    adapt: Literal["auto", "yes", "no"] = "auto"
    """Whether to adapt the network to the images, without labels; auto: if they fit badly, until their agreement with
    the network stops rising."""
    minutes: float = 10.0
    """Longest such adaptation, minutes."""
    refine: bool = False
    """Finish by render-and-compare over all images with a matching mask."""
    estimate: tuple[str, ...] = ()
    """What to estimate beside the pose: joint_offsets, time_offset, focal_length, principal_point, distortion; auto:
    what there is evidence for. Without it the evidence is only reported."""
    board: Path | None = None
    """YAML file of a ChArUco board on the robot, whose corners then take part in the solution."""

    @property
    def folder(self) -> Path:
        """Folder of the results; that of an interactive calibration does not depend on a log's content."""
        return replace(self, joints=None).folder if self.interactive and self.joints is not None else super().folder

    def name_parts(self) -> list[str]:
        """Robot, weights and data."""
        weights = "ctrnet" if self.weights is None else str(self.weights)
        return [self.robot, weights, str(self.data or self.images or "")]

    def run(self) -> int:
        """Calibrate, write the results and say where they are."""
        require_estimate(self.estimate)
        self.require_interactive()
        folder, kinematics = self.folder, RobotKinematics(self.robot)
        mirror = mirror_for(kinematics.robot, self.weights)
        self._require_board(kinematics, mirror)
        self._estimator(self._network_robot(mirror), self.weights)  # names missing weights before images are taken
        if self.interactive:
            self._take_images(kinematics, folder)
        else:
            self._results(self._source(kinematics, folder), kinematics, folder)
        return 0

    def _require_board(self, kinematics: RobotKinematics, mirror: Mirror | None) -> None:
        """Reject a board that cannot be used, before images are read."""
        if self.board is None:
            return
        if self.refine:
            raise ConfigurationError("--refine knows nothing of the board: give --refine or --board, not both")
        if mirror is not None:
            raise ConfigurationError(
                f"--board is not possible with {kinematics.robot.name}, whose images are mirrored for the network: "
                "give --weights of its own"
            )
        board = read_board_file(self.board)
        kinematics.base_T_link(kinematics.home, board.link or kinematics.robot.end_effector)  # names the links

    def _take_images(self, kinematics: RobotKinematics, folder: Path) -> None:
        """Serve the page of a session until Ctrl+C."""
        if self.data is not None:
            raise ConfigurationError("--interactive takes images with a camera: give --images NUMBER, not --data")
        config = {"device": self.device, "precision": "float32"}
        if self.weights is not None:
            config["weights"] = str(self.weights)
        estimator = make_ctrnet(RobotKinematics(self.robot), config)
        take_images(self, estimator, kinematics, folder, lambda source: self._results(source, kinematics, folder))

    def _results(self, source: Folder, kinematics: RobotKinematics, folder: Path) -> dict[str, Any]:
        """Calibrate from images and write the results; the content of ``calibration.json``."""
        mirror = mirror_for(kinematics.robot, self.weights)
        network_robot = self._network_robot(mirror)
        images = _read(source)
        seen = images.frames if mirror is None else {n: mirror.frame(f) for n, f in images.frames.items()}
        found, weights = self._calibrated(seen, network_robot, folder)
        estimator = self._estimator(network_robot, weights)
        shown, frames = found, corrected_frames(seen, found.setup) if found.estimated else seen
        if mirror is not None:
            found = shown.reflected(mirror, next(iter(images.cameras.values())).width)
        data = self._data(found, images, kinematics, weights) | {"conventions": source.conventions}
        write_calibration(data, folder)
        robot = kinematics.robot
        write_ros_files(data, robot.published_link(robot.end_effector), folder)
        write_image(folder / "overlays.png", overlay_sheet(shown, frames, estimator, mirror is not None))
        page = calibration_html(found, shown, frames, estimator, kinematics, data, mirror)
        with replacing(folder / "calibration.html") as scratch:
            scratch.write_text(page, encoding="utf-8")
        _show(found, data, folder, self.estimate)
        self.copy_result(data)
        return data

    def _network_robot(self, mirror: Mirror | None) -> str:
        return self.robot if mirror is None else mirror.robot

    def _calibrated(self, seen: Mapping[str, Frame], robot: str, folder: Path) -> tuple[Calibration, Path | None]:
        """The calibration, and the weights that it was made with."""
        if self.adapt == "yes":
            weights = self._adapted(list(seen.values()), robot, folder)
            return self._solved(seen, robot, weights), weights
        found, reason = self._unadapted(seen, robot)
        if found is not None and not reason:
            return found, self.weights
        print(f"adapting the network to the images: {reason}")
        left_out = set() if found is None else {each.name for each in found.mismatches if each.left_out}
        seen = {name: frame for name, frame in seen.items() if name not in left_out}
        frames = seen if found is None or not found.estimated else corrected_frames(seen, found.setup)
        try:
            weights = self._adapted(list(frames.values()), robot, folder)
            again = self._solved(seen, robot, weights)
        except (CalibrationError, TrainingError) as error:
            if found is None:
                raise CalibrationError(f"{reason} (an adaptation did not help: {error})") from error
            print(f"the adaptation failed: {error}")
            return found, self.weights
        if found is None:
            return again, weights
        common = {fit.name for fit in found.fits} & {fit.name for fit in again.fits}
        before, after = (
            float(np.mean([fit.pseudo_label.score for fit in each.fits if fit.name in common]))
            for each in (found, again)
        )
        print(f"agreement of images and pose: {before:.2f} without, {after:.2f} with adaptation")
        if after <= before:
            return found, self.weights
        return replace(again, mismatches=found.mismatches + again.mismatches), weights

    def _unadapted(self, seen: Mapping[str, Frame], robot: str) -> tuple[Calibration | None, str]:
        """The calibration with the weights as they are, if there is one, and why the network should be adapted."""
        try:
            found = self._solved(seen, robot, self.weights)
        except TooFewPosesError as error:
            if self.adapt == "no":
                raise
            return None, str(error)
        return found, "" if self.adapt == "no" else reason_to_adapt(found)

    def _solved(self, seen: Mapping[str, Frame], robot: str, weights: Path | None) -> Calibration:
        with counting_progress() as bar:
            task = bar.add_task("images", total=len(seen))
            return calibrate(
                seen,
                self._estimator(robot, weights),
                self.refine,
                lambda done: bar.update(task, completed=done),
                self.estimate,
                None if self.board is None else read_board_file(self.board),
            )

    def _estimator(self, robot: str, weights: Path | None) -> CtRNetEstimator:
        config: dict[str, Any] = {"tracking": False, "device": self.device, "precision": "float32"}
        if weights is not None:
            config["weights"] = str(weights)
        return CtRNetEstimator(RobotKinematics(robot), config)

    def _source(self, kinematics: RobotKinematics, folder: Path) -> Folder:
        data = () if self.data is None else (self.data,)
        (source,) = image_sources(data, self, kinematics, folder / "images")
        return source

    def _adapted(self, frames: list[Frame], robot: str, folder: Path) -> Path:
        """Weights adapted to these images."""
        kinematics = RobotKinematics(robot)
        start = self.weights or packaged_weights(kinematics.robot)
        patience = _PATIENCE if self.adapt == "auto" else 0
        config = AdaptationConfig(
            robot=robot, minutes=self.minutes, rounds=_ROUNDS, patience=patience, device=self.device
        )
        settings = json.dumps(adaptation_settings(config, [frames], start), sort_keys=True)
        run = folder / f"adaptation-{hashlib.sha256(settings.encode()).hexdigest()[:8]}"
        replay, weights = replay_source(config, None, start, kinematics), run / "weights.safetensors"
        adapt_with_progress(Adapter(config, [frames], start, replay, run), weights)
        return weights

    def _data(
        self, found: Calibration, images: Images, kinematics: RobotKinematics, weights: Path | None
    ) -> dict[str, Any]:
        """The content of ``calibration.json``."""
        joints = np.stack([frame.joint_positions for frame in images.frames.values()])
        return {
            "schema": SCHEMA,
            "command": self.command_line,
            "config": {name: getattr(self, name) for name in _SETTINGS},
            "adapted": weights != self.weights,
            "versions": versions("torch"),
            "skipped": [rejected._asdict() for rejected in images.rejected],
            "advice": advice(found, joints, kinematics, adapted=weights != self.weights),
            **calibration_data(found, kinematics.robot, next(iter(images.cameras.values()))),
        }


def _read(source: Folder) -> Images:
    """The images of one camera; which ones are rejected, is said on stderr."""
    images = of_one_camera(read_images(source))
    report_rejected(images.rejected)
    return images


def _show(found: Calibration, data: dict[str, Any], folder: Path, requested: Sequence[str]) -> None:
    pose = found.camera_T_base
    for title, position_m, prefix in (
        ("base in the camera", pose.translation, ""),
        ("camera in the base", pose.inv().translation, "base_T_camera_"),
    ):
        pairs = zip(position_m, data[f"{prefix}position_std_mm"], strict=True)
        rotation = ", ".join(f"{s:.2f}" for s in data[f"{prefix}rotation_std_deg"])
        print(f"{title} (x, y, z; mm): {', '.join(f'{1e3 * x:.1f} ± {s:.1f}' for x, s in pairs)}; ± {rotation} deg")
    used = sum(fit.own.valid for fit in found.fits)
    print(f"{used} of {len(found.fits)} images have a valid pose, in {found.configurations} joint configurations")
    differ = data["halves_differ"]
    print(f"halves differ by {differ['position_mm']:.1f} mm, {differ['rotation_deg']:.2f} deg")
    for each in found.comparisons:
        if each.estimated:
            print(f"estimated: {described(each)} ({evidence_in_words(each)})")
        elif each.name in requested:
            print(f"not estimated, {each.name.replace('_', ' ')}: {each.reason}")
    if found.board is not None:
        print(f"board: {board_in_words(found.board)}")
    for hint in data["advice"]:
        print(f"hint: {hint}")
    for title, name in (("page", "calibration.html"), ("JSON", "calibration.json"), ("YAML", "calibration.yaml")):
        print(f"{title:7} {folder / name}")
    print(f"ROS 2   {static_transform_command(data)}")
