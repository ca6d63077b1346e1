"""Calibrating with a page: ``ctr-env calibrate --interactive``."""

from __future__ import annotations

import dataclasses
import shlex
import webbrowser
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ctr_env.calibration.interactive.image_store import ImageStore
from ctr_env.calibration.interactive.joint_input import JointInput
from ctr_env.calibration.interactive.loop import SessionLoop
from ctr_env.calibration.interactive.page import session_page
from ctr_env.calibration.interactive.session import Session
from ctr_env.datasets.camera_file import read_camera_file
from ctr_env.datasets.folders import Folder
from ctr_env.datasets.joint_log import JointLog
from ctr_env.datasets.live_camera import LiveCamera
from ctr_env.datasets.plausible_camera import require_plausible
from ctr_env.datasets.recording import load_recording
from ctr_env.errors import ConfigurationError
from ctr_env.estimators.base import PoseEstimator
from ctr_env.geometry import PinholeCamera
from ctr_env.scenes.robots.kinematics import RobotKinematics

from .images import DataOptions
from .opening import has_display

__all__ = ["InteractiveOptions", "take_images"]

_PORT = 8360


@dataclass(frozen=True, kw_only=True)
class InteractiveOptions(DataOptions):
    """Options of a calibration whose images are taken with a page."""

    interactive: bool = False
    """Serve a page on this computer that takes the images with a camera (``--images NUMBER``), proposes where to move
    the robot next, and calibrates. ``--joints`` is then a log that another program appends to; without it, joint
    angles are typed."""
    port: int = _PORT
    """Port of that page; 0: any that is free."""

    def require_interactive(self) -> None:
        """Reject options that do not belong to this kind of calibration.

        Raises:
            ConfigurationError: If one is given.
        """
        if not self.interactive and self.port != _PORT:
            raise ConfigurationError("--port belongs to --interactive")
        if self.interactive and (self.units, self.pixel_centres) != ("auto", "auto"):
            raise ConfigurationError("--units and --pixel-centres belong to --data")


def take_images(
    options: InteractiveOptions,
    estimator: PoseEstimator,
    kinematics: RobotKinematics,
    folder: Path,
    solve: Callable[[Folder], Mapping[str, Any]],
) -> None:
    """Serve the page of a session until Ctrl+C.

    Args:
        options: Camera, joint angles and port.
        estimator: Estimates the poses of images, with a kinematics of its own.
        kinematics: The robot.
        folder: Folder of the results; images are kept in ``images`` below it.
        solve: Calibrates from the images taken, writes the results and returns the content of ``calibration.json``.

    Raises:
        ConfigurationError: If the images do not come from a camera, intrinsics are missing, or the port is taken.
        DataError: If the camera or a file cannot be used.
        RunFolderError: If the folder holds images of another camera or robot.
    """
    number, camera = _camera(options)
    robot, joints = kinematics.robot, JointInput(kinematics, _log(options, kinematics))

    def solved() -> Mapping[str, Any]:
        return solve(load_recording(store.folder, store.table, camera, kinematics))

    facts = (
        ("Robot", robot.name),
        ("Camera", f"{number}, {camera.width}x{camera.height}"),
        ("Joint angles", "typed" if options.joints is None else f"from {options.joints.name}"),
        ("Folder", str(folder)),
    )
    page = session_page(facts, from_log=options.joints is not None)
    store = ImageStore(folder / "images", robot, {"camera": dataclasses.asdict(camera)})
    try:
        with LiveCamera(number, camera) as source:
            session = Session(source, camera, estimator, kinematics, joints, store, solved)
            _serve(SessionLoop(session, page, folder / "calibration.html", options.port))
    except KeyboardInterrupt:
        print()
    finally:
        _say_where(store, mapped=bool(options.joint_names))


def _serve(loop: SessionLoop) -> None:
    """Run a session, and open its page where there is a display."""
    print(f"page    {loop.server.url}  (Ctrl+C ends the session)", flush=True)
    if has_display():
        webbrowser.open(loop.server.url)
    loop.run()


def _camera(options: InteractiveOptions) -> tuple[int, PinholeCamera]:
    """Number and intrinsics of the camera."""
    number = options.camera_number
    if number is None:
        raise ConfigurationError(
            f"--interactive takes images with a camera: --images NUMBER, such as 0, not {options.images}"
        )
    if options.camera is None:
        raise ConfigurationError("--interactive needs --camera (intrinsics)")
    return number, require_plausible(read_camera_file(options.camera, options.rectified))


def _log(options: InteractiveOptions, kinematics: RobotKinematics) -> JointLog | None:
    names = options.joint_name_map
    if options.joints is None:
        if names is not None:
            raise ConfigurationError("--joint-names belong to --joints; typed joint angles are in the robot's order")
        return None
    return JointLog(options.joints, kinematics, names)


def _say_where(store: ImageStore, mapped: bool) -> None:
    """Print where the images are and how they are calibrated again; their table has the robot's own joint names."""
    if not store.joints:
        print("no images were taken")
        return
    print(f"{len(store.joints)} images    {store.folder}")
    where = shlex.join(["--images", str(store.folder), "--joints", str(store.table)])
    without = "--interactive and --joint-names" if mapped else "--interactive"
    print(f"the same command calibrates them again with {where}, without {without}")
