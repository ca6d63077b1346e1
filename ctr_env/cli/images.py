"""Options that say where unlabelled images are, and reading them."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from ctr_env.datasets.folders import Folder
    from ctr_env.scenes.robots.kinematics import RobotKinematics

__all__ = ["add_image_options", "add_recording_options", "image_sources"]


def add_image_options(parser: argparse.ArgumentParser, one_camera: bool = False) -> None:
    """Options that name folders, or images with joint angles and a camera; one folder if it is about one camera."""
    folders = "folder" if one_camera else "folders, one for each camera,"
    source = parser.add_mutually_exclusive_group(required=True)
    source.add_argument(
        "--data", type=Path, nargs=1 if one_camera else "+", metavar="DIR",
        help=f"{folders} in the layout of DREAM, or CtRNet's Baxter set; no labels are read",
    )  # fmt: skip
    source.add_argument(
        "--images", type=Path, metavar="DIR|VIDEO|N",
        help="folder of images, a video, or the number of a camera, which takes a image for each row of --joints",
    )  # fmt: skip
    add_recording_options(parser)


def add_recording_options(parser: argparse.ArgumentParser) -> None:
    """Options that name what belongs to ``--images``."""
    parser.add_argument("--joints", type=Path, metavar="CSV", help="joint angles of --images, a row for each image")
    parser.add_argument("--camera", type=Path, metavar="YAML", help="intrinsics of --images, OpenCV's or ROS's layout")


def image_sources(options: argparse.Namespace, kinematics: RobotKinematics, folder: Path) -> list[Folder]:
    """Where the images of each camera are read from; those that a camera has yet to take go to ``folder``.

    Raises:
        ValueError: If the options do not go together, or a file cannot be understood.
        FileNotFoundError: If a file or folder does not exist, or has no images.
    """
    from ctr_env.datasets.camera_file import read_camera_file
    from ctr_env.datasets.capture import capture
    from ctr_env.datasets.folders import open_folder
    from ctr_env.datasets.recording import Recording

    if options.data:
        if options.joints or options.camera:
            raise ValueError("--joints and --camera belong to --images; folders of --data have their own")
        return [open_folder(folder, kinematics) for folder in options.data]
    if not options.joints or not options.camera:
        raise ValueError("--images needs --joints (a CSV file) and --camera (a YAML file)")
    camera = read_camera_file(options.camera)
    images = options.images
    if str(images).isdigit() and not images.exists():
        images = capture(int(str(images)), options.joints, camera, kinematics, folder)
    return [Recording(images, options.joints, camera, kinematics)]
