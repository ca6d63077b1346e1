"""Options that say where images without labels are, and reading them."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from ctr_env.datasets.camera_file import read_camera_file
from ctr_env.datasets.capture import capture
from ctr_env.datasets.folders import Folder, RejectedFrame, open_folder
from ctr_env.datasets.recording import load_recording
from ctr_env.errors import ConfigurationError
from ctr_env.scenes.robots.kinematics import RobotKinematics

__all__ = ["DataOptions", "RecordingOptions", "image_sources", "report_rejected"]

_OF_IMAGES = ("joints", "camera", "rectified", "joint_names")


@dataclass(frozen=True, kw_only=True)
class RecordingOptions:
    """Options that name a recording: images, joint angles and a camera."""

    images: Path | None = None
    """Folder of images, a video, or the number of a camera, which takes an image for each row of ``--joints``."""
    joints: Path | None = None
    """CSV file with the joint angles of ``--images``, rad, associated with them by name, time or order."""
    camera: Path | None = None
    """File with the intrinsics of ``--images``, in a layout of OpenCV, ROS, Kalibr or librealsense."""
    rectified: bool | None = None
    """Whether the images are rectified: needed where the matrices P and K of ``--camera`` differ."""
    joint_names: tuple[str, ...] = ()
    """Joints in ``--joints`` under other names or prefixes, as ``FILE=ROBOT``, such as ``fr3_=panda_``."""

    @property
    def joint_name_map(self) -> dict[str, str] | None:
        """Names in the table to those of the robot; ``None`` if no name is mapped.

        Raises:
            ConfigurationError: If a word has another form than ``FILE=ROBOT``.
        """
        pairs = [word.partition("=") for word in self.joint_names]
        wrong = [word for word, (given, _, own) in zip(self.joint_names, pairs, strict=True) if not (given and own)]
        if wrong:
            raise ConfigurationError(f"--joint-names takes FILE=ROBOT, such as fr3_=panda_, not {wrong[0]!r}")
        return {given: own for given, _, own in pairs} or None

    @property
    def camera_number(self) -> int | None:
        """Number of the camera that takes the images; ``None`` if they are in a folder or video."""
        images = self.images
        return None if images is None or not str(images).isdigit() or images.exists() else int(str(images))

    def require_images(self, *more: str) -> None:
        """Reject options of a recording that is not named.

        Args:
            more: Further options that belong to ``--images``.

        Raises:
            ConfigurationError: If an option is given without ``--images``.
        """
        given = [name for name in (*_OF_IMAGES, *more) if getattr(self, name) not in (None, ())]
        if given and self.images is None:
            flags = ", ".join("--" + name.replace("_", "-") for name in given)
            raise ConfigurationError(f"{flags} belong to --images; folders of --data have their own")


@dataclass(frozen=True, kw_only=True)
class DataOptions(RecordingOptions):
    """Options that name images without labels: a recording, or folders in a known layout."""

    units: Literal["auto", "m", "cm"] = "auto"
    """Unit of length in folders of ``--data`` in the layout of DREAM and NDDS; ``auto``: inferred from the values."""
    pixel_centres: Literal["auto", "integer", "half"] = "auto"
    """Coordinates of pixel centres in folders of ``--data``; ``auto``: as the files say, else inferred."""


def image_sources(
    data: Sequence[Path], options: DataOptions, kinematics: RobotKinematics, captured: Path
) -> list[Folder]:
    """Where the images of each camera are read from.

    Args:
        data: Folders in a known layout, one for each camera.
        options: The images of one camera instead, and how the files are read.
        kinematics: The robot in the images.
        captured: Folder for images that a camera takes now.

    Raises:
        ConfigurationError: If the options contradict each other, or one is missing.
        DataError: If a file cannot be understood.
        MissingFileError: If a file or folder does not exist, or has no images.
    """
    if data and options.images is not None:
        raise ConfigurationError("give --data or --images, not both")
    if data:
        options.require_images()
        return [open_folder(folder, kinematics, options.units, options.pixel_centres) for folder in data]
    if options.images is None:
        raise ConfigurationError("images are needed: --data DIR, or --images with --joints and --camera")
    if options.joints is None or options.camera is None:
        raise ConfigurationError("--images needs --joints (a CSV file) and --camera (intrinsics)")
    if (options.units, options.pixel_centres) != ("auto", "auto"):
        raise ConfigurationError("--units and --pixel-centres belong to --data")
    camera, images = read_camera_file(options.camera, options.rectified), options.images
    names = options.joint_name_map
    number = options.camera_number
    if number is not None:
        images = capture(number, options.joints, camera, kinematics, captured, joint_names=names)
    return [load_recording(images, options.joints, camera, kinematics, joint_names=names)]


def report_rejected(rejected: Sequence[RejectedFrame]) -> None:
    """Say on stderr which images are not used, and why."""
    for each in rejected:
        print(f"rejected: {each.reason}", file=sys.stderr)
