"""The files that make images of a static camera an evaluable recording."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from ctr_env.datasets.recording import Recording, load_recording
from ctr_env.runs.files import sha256
from ctr_env.scenes.robots.kinematics import RobotKinematics

__all__ = ["RecordingFiles"]


@dataclass(frozen=True, kw_only=True)
class RecordingFiles:
    """Files that belong to the images of a static camera, and how they are read (see :func:`.load_recording`)."""

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
        """Hashes of the files, and the options that differ from their defaults."""
        options = {"rectified": self.rectified, "joint_names": dict(self.joint_names) or None}
        files = {"joints": self.joints, "camera": self.camera, "pose": self.pose}
        return {name: sha256(file) for name, file in files.items()} | {
            name: value for name, value in options.items() if value is not None
        }

    def open(self, images: Path, kinematics: RobotKinematics) -> Recording:
        """The recording of these images.

        Args:
            images: Folder of images, or a video.
            kinematics: The robot in them.

        Raises:
            MissingFileError: If a file does not exist.
            DataError: If a file cannot be understood, or the files do not belong together.
        """
        return load_recording(
            images, self.joints, self.camera, kinematics, self.pose, self.rectified, self.joint_names or None
        )
