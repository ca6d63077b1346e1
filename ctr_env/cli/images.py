"""Options that say where images without labels are, and reading them."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from ctr_env.datasets.camera_file import read_camera_file
from ctr_env.datasets.capture import capture
from ctr_env.datasets.folders import Folder, RejectedFrame, open_folder
from ctr_env.datasets.recording import Recording
from ctr_env.errors import ConfigurationError
from ctr_env.scenes.robots.kinematics import RobotKinematics

__all__ = ["RecordingOptions", "image_sources", "report_rejected"]


@dataclass(frozen=True, kw_only=True)
class RecordingOptions:
    """Options that name a recording: images, joint angles and a camera."""

    images: Path | None = None
    """Folder of images, a video, or the number of a camera, which takes an image for each row of ``--joints``."""
    joints: Path | None = None
    """CSV file with the joint angles of ``--images``, one row for each image."""
    camera: Path | None = None
    """File with the intrinsics of ``--images``, in a layout of OpenCV, ROS, Kalibr or librealsense."""


def image_sources(
    data: Sequence[Path], recording: RecordingOptions, kinematics: RobotKinematics, captured: Path
) -> list[Folder]:
    """Where the images of each camera are read from.

    Args:
        data: Folders in a known layout, one for each camera.
        recording: The images of one camera instead.
        kinematics: The robot in the images.
        captured: Folder for images that a camera takes now.

    Raises:
        ConfigurationError: If the options contradict each other, or one is missing.
        DataError: If a file cannot be understood.
        MissingFileError: If a file or folder does not exist, or has no images.
    """
    if data and recording.images is not None:
        raise ConfigurationError("give --data or --images, not both")
    if data:
        if recording.joints or recording.camera:
            raise ConfigurationError("--joints and --camera belong to --images; folders of --data have their own")
        return [open_folder(folder, kinematics) for folder in data]
    if recording.images is None:
        raise ConfigurationError("images are needed: --data DIR, or --images with --joints and --camera")
    if recording.joints is None or recording.camera is None:
        raise ConfigurationError("--images needs --joints (a CSV file) and --camera (intrinsics)")
    camera, images = read_camera_file(recording.camera), recording.images
    if str(images).isdigit() and not images.exists():
        images = capture(int(str(images)), recording.joints, camera, kinematics, captured)
    return [Recording(images, recording.joints, camera, kinematics)]


def report_rejected(rejected: Sequence[RejectedFrame]) -> None:
    """Say on stderr which images are not used, and why."""
    for each in rejected:
        print(f"rejected: {each.reason}", file=sys.stderr)
