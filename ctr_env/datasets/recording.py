"""A recording: images or a video, a table of joint angles, and the intrinsics of the camera."""

from __future__ import annotations

import math
import warnings
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

from scipy.spatial.transform import RigidTransform

from ctr_env.errors import ConfigurationError, DataError, DataWarning
from ctr_env.geometry import PinholeCamera
from ctr_env.scenes.robots.description import RobotDescription
from ctr_env.scenes.robots.kinematics import RobotKinematics

from .association import associate
from .camera_file import read_camera_file
from .frame import Frame
from .image_sequence import ImageFolder, open_images
from .image_size import camera_of_size
from .joint_limits import joint_hint, require_joints
from .joint_table import read_joint_table
from .labelled import LabelledFrame
from .plausible_camera import require_plausible
from .pose_file import read_pose_file

__all__ = ["Recording", "load_recording"]


def load_recording(
    images: str | Path,
    joints: str | Path,
    camera: str | Path | PinholeCamera,
    robot: str | RobotDescription | RobotKinematics,
    pose: str | Path | RigidTransform | None = None,
    rectified: bool | None = None,
    joint_names: Mapping[str, str] | None = None,
) -> Recording:
    """Open images of a robot together with its joint angles and the camera's intrinsics.

    Args:
        images: A folder of images, or a video.
        joints: CSV file of joint angles, rad (see :func:`~.joint_table.read_joint_table`), associated with the images
            by their names, by time, or by order (see :func:`~.association.associate`).
        camera: Intrinsics, or a file that holds them (see :func:`~.camera_file.read_camera_file`).
        robot: The robot: its name, description or kinematics.
        pose: The camera's pose if it is known: ``camera_T_base``, or a file (see :func:`~.pose_file.read_pose_file`).
            The camera does not move.
        rectified: Whether the images are rectified, if ``camera`` is a ROS file whose P differs from K.
        joint_names: Names, or beginnings of names, in the table to those of the robot (see
            :func:`~.joint_columns.joint_columns`).

    Raises:
        MissingFileError: If a file or folder does not exist, or none of the images that the table names.
        DataError: If a file cannot be understood, or images and table cannot be associated.
        ConfigurationError: If ``rectified`` is given with a camera that is not a file.
    """
    kinematics = robot if isinstance(robot, RobotKinematics) else RobotKinematics(robot)
    if not isinstance(camera, PinholeCamera):
        camera = read_camera_file(camera, rectified)
    elif rectified is not None:
        raise ConfigurationError("rectified says how to read a camera file; a PinholeCamera is that of the images")
    if isinstance(pose, str | Path):
        pose = read_pose_file(Path(pose), kinematics.robot.base_link)
    return Recording(Path(images), Path(joints), camera, kinematics, pose, joint_names)


class Recording:
    """Images with joint angles, read one by one.

    Attributes:
        names: Names of the frames: the images' file names, or frame numbers of a video; in the order of the table or
            of time, then images without joint angles, which cannot be read.
        images: The folder or video.
        conventions: How rows belong to images: ``{"rows": "by name"}``, ``"by time"`` or ``"by order"``.
    """

    def __init__(
        self,
        images: Path,
        joints: Path,
        camera: PinholeCamera,
        kinematics: RobotKinematics,
        camera_T_base: RigidTransform | None = None,
        joint_names: Mapping[str, str] | None = None,
    ) -> None:
        """Associate images and joint angles.

        Args:
            images: A folder of images, taken in the order of their names (2.png before 10.png), or a video.
            joints: CSV file (see :func:`~.joint_table.read_joint_table`).
            camera: Intrinsics. Images of another size but the same shape were resized as a whole; those of another
                shape are rejected.
            kinematics: The robot in the images.
            camera_T_base: The pose of the camera, if it is known; the camera does not move.
            joint_names: Names of joints in the table to those of the robot.

        Raises:
            MissingFileError: If a file or folder does not exist, or none of the images that the table names.
            DataError: If the intrinsics are implausible, or the table cannot be understood or associated.
        """
        self._images = open_images(images)
        self._camera, self._kinematics = require_plausible(camera), kinematics
        self._pose, self._joints = camera_T_base, joints
        known = self._images.names if isinstance(self._images, ImageFolder) else ()
        table = read_joint_table(joints, kinematics.robot, known, joint_names)
        self._associated = associate(self._images, table, joints)
        hint = joint_hint(table.positions, kinematics)
        if hint:
            warnings.warn(f"{joints}: {hint}", DataWarning, stacklevel=2)
        self.images, self.names = images, self._associated.names
        self.conventions = {"rows": f"by {self._associated.by}"}

    def __len__(self) -> int:
        """Number of frames."""
        return len(self.names)

    def read_unlabelled(self, name: str) -> Frame:
        """Image, joint angles and camera of a frame.

        Raises:
            MissingFileError: If there is no such image.
            DataError: If its image or joint angles cannot be read, or the robot cannot take these.
        """
        if name in self._associated.problems:
            raise DataError(self._associated.problems[name])
        try:
            joints = require_joints(self._kinematics, self._associated.positions[name])
        except DataError as error:
            raise DataError(f"{self._joints}, {name}: {error}") from error
        image = self._images.read(name)
        try:
            camera = camera_of_size(self._camera, image.shape[1], image.shape[0])
        except DataError as error:
            raise DataError(f"{self.images}, {name}: {error}") from error
        return Frame(joints, camera, self._time_s(name), image, self._associated.velocities.get(name))

    def read(self, name: str) -> LabelledFrame:
        """One frame, with the camera's pose if that is known.

        Raises:
            MissingFileError: If there is no such image.
            DataError: As :meth:`read_unlabelled`.
        """
        frame = self.read_unlabelled(name)
        unposed = LabelledFrame.unposed(name, frame, len(self._kinematics.robot.keypoint_frames))
        if self._pose is None:
            return unposed
        points = self._pose.apply(self._kinematics.keypoints(frame.joint_positions))
        pixels = frame.camera.project(points)
        return replace(unposed, camera_T_base=self._pose, keypoints=points, keypoints_px=pixels)

    def files(self, name: str) -> list[Path]:
        """The files that a frame is read from."""
        return [self._images.file(name), self._joints]

    def _time_s(self, name: str) -> float:
        """When an image was taken, seconds: as table or names say, else by a video's frame rate, else zero."""
        time_s = self._associated.times[name]
        if math.isfinite(time_s):
            return time_s
        return int(name) / self._images.rate if self._images.rate > 0.0 else 0.0
