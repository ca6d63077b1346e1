"""A folder of pictures or a video, a table of joint angles and a camera: a recording, without labels mostly."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray
from scipy.spatial.transform import RigidTransform

from ctr_env.estimators.base import Frame
from ctr_env.geometry import PinholeCamera
from ctr_env.scenes.kinematics import RobotKinematics

from .joint_fit import require_joints
from .joint_table import read_joint_table
from .labelled import LabelledFrame
from .ndds_read import read_picture
from .picture_size import camera_of_size

__all__ = ["Recording"]

_PICTURES = (".png", ".jpg", ".jpeg", ".bmp", ".tif", ".tiff", ".webp")


class Recording:
    """Pictures with joint angles, read when they are asked for.

    Attributes:
        names: Names of the frames, in order: those of the pictures' files, or numbers in a video.
    """

    def __init__(
        self,
        images: Path,
        joints: Path,
        camera: PinholeCamera,
        kinematics: RobotKinematics,
        camera_T_base: RigidTransform | None = None,
    ) -> None:
        """Bring pictures and joint angles together.

        Args:
            images: A folder of pictures, taken in the order of their names, or a video.
            joints: CSV file (see :func:`~ctr_env.estimators.data.joint_table.read_joint_table`).
            camera: Intrinsics; pictures of another size than it says are those of a resized camera, and those of
                another shape are refused.
            kinematics: The robot in the pictures.
            camera_T_base: Where the camera stands, if that is known; it does not move.

        Raises:
            FileNotFoundError: If a file or folder does not exist, or all pictures that the table names.
            ValueError: If the table cannot be understood, or has not a row for each picture.
        """
        if not images.exists():
            raise FileNotFoundError(f"no such folder or video: {images}")
        self.images = images
        self._camera, self._kinematics, self._pose, self._joints = camera, kinematics, camera_T_base, joints
        self._video: cv2.VideoCapture | None = None
        table = read_joint_table(joints, kinematics.robot)
        found = self._listed()
        if images.is_dir() and table.names is not None:
            twice = next((name for i, name in enumerate(table.names) if name in table.names[:i]), None)
            if twice is not None:
                raise ValueError(f"{joints}: two rows name picture {twice!r}")
            if not set(found) & set(table.names):
                raise FileNotFoundError(f"none of the pictures that {joints} names is in {images}: {table.names[0]}")
            found = table.names
        if len(found) != len(table.positions):
            raise ValueError(f"{joints} has {len(table.positions)} rows, {images} has {len(found)} pictures")
        self.names = found
        self._positions = dict(zip(found, table.positions, strict=True))
        self._problems = {found[i]: problem for i, problem in table.problems.items()}

    def __len__(self) -> int:
        """Number of frames."""
        return len(self.names)

    def read_unlabelled(self, name: str) -> Frame:
        """Picture, joint angles and camera of a frame.

        Raises:
            FileNotFoundError: If there is no such picture.
            ValueError: If its picture or joint angles cannot be read, or the robot cannot take these.
        """
        if name in self._problems:
            raise ValueError(self._problems[name])
        try:
            joints = require_joints(self._kinematics, self._positions[name])
        except ValueError as error:
            raise ValueError(f"{self._joints}, {name}: {error}") from error
        image = self._picture(name)
        try:
            camera = camera_of_size(self._camera, image.shape[1], image.shape[0])
        except ValueError as error:
            raise ValueError(f"{self.images}, {name}: {error}") from error
        return Frame(joints, camera, 0.0, image)

    def read(self, name: str) -> LabelledFrame:
        """One frame, with the camera's pose if that is known.

        Raises:
            FileNotFoundError: If there is no such picture.
            ValueError: As :meth:`read_unlabelled`.
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
        return [self.images / name if self._video is None else self.images, self._joints]

    def _listed(self) -> list[str]:
        if self.images.is_dir():
            return sorted(f.name for f in self.images.iterdir() if f.suffix.lower() in _PICTURES)
        self._video = cv2.VideoCapture(str(self.images))
        count = int(self._video.get(cv2.CAP_PROP_FRAME_COUNT))
        if not self._video.isOpened() or count < 1:
            raise ValueError(f"{self.images}: not a video that can be read")
        return [f"{i:06d}" for i in range(count)]

    def _picture(self, name: str) -> NDArray[np.uint8]:
        if self._video is None:
            if not (self.images / name).is_file():
                raise FileNotFoundError(f"{self._joints}: no picture {name!r} in {self.images}")
            return read_picture(self.images / name)
        self._video.set(cv2.CAP_PROP_POS_FRAMES, int(name))
        there, picture = self._video.read()
        if not there:
            raise ValueError(f"{self.images}: frame {int(name)} cannot be read")
        return np.asarray(cv2.cvtColor(picture, cv2.COLOR_BGR2RGB), dtype=np.uint8)
