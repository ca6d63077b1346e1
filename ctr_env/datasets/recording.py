"""A folder of images or a video, a table of joint angles and a camera: a recording, without labels mostly."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from scipy.spatial.transform import RigidTransform

from ctr_env.geometry import PinholeCamera
from ctr_env.scenes.robots.description import RobotDescription
from ctr_env.scenes.robots.kinematics import RobotKinematics

from .camera_file import read_camera_file
from .frame import Frame
from .image_file import read_image
from .image_size import camera_of_size
from .joint_limits import require_joints
from .joint_table import read_joint_table
from .labelled import LabelledFrame
from .pose_file import read_pose_file
from .video_reader import Video

__all__ = ["Recording", "load_recording"]

_IMAGES = (".png", ".jpg", ".jpeg", ".bmp", ".tif", ".tiff", ".webp")


def load_recording(
    images: str | Path,
    joints: str | Path,
    camera: str | Path | PinholeCamera,
    robot: str | RobotDescription | RobotKinematics,
    pose: str | Path | RigidTransform | None = None,
    rectified: bool | None = None,
    joint_names: Mapping[str, str] | None = None,
    image_times: str | Path | None = None,
    max_gap_s: float = 0.1,
) -> Recording:
    """Images of a robot with its joint angles and the intrinsics of the camera."""
    kinematics = robot if isinstance(robot, RobotKinematics) else RobotKinematics(robot)
    if not isinstance(camera, PinholeCamera):
        camera = read_camera_file(Path(camera), rectified)
    if isinstance(pose, str | Path):
        pose = read_pose_file(Path(pose), kinematics.robot.base_link)
    times = None if image_times is None else Path(image_times)
    return Recording(Path(images), Path(joints), camera, kinematics, pose, joint_names, times, max_gap_s)


class Recording:
    """Images with joint angles, read when they are asked for.

    Attributes:
        names: Names of the frames: those of the images' files, or numbers in a video; in the order of the table, then
            images that it does not name, which cannot be read.
    """

    def __init__(
        self,
        images: Path,
        joints: Path,
        camera: PinholeCamera,
        kinematics: RobotKinematics,
        camera_T_base: RigidTransform | None = None,
        joint_names: Mapping[str, str] | None = None,
        image_times: Path | None = None,
        max_gap_s: float = 0.1,
    ) -> None:
        """Bring images and joint angles together.

        Args:
            images: A folder of images, taken in the order of their names (2.png before 10.png), or a video.
            joints: CSV file (see :func:`~ctr_env.datasets.joint_table.read_joint_table`); rows name files of the
                folder or frames of the video, counted from 0, or belong to all of them in order.
            camera: Intrinsics; images of another size than it says are those of a resized camera, and those of
                another shape are rejected.
            kinematics: The robot in the images.
            camera_T_base: Where the camera stands, if that is known; it does not move.

        Raises:
            FileNotFoundError: If a file or folder does not exist, or all images that the table names.
            ValueError: If the table cannot be understood, or has not a row for each image.
        """
        if not images.exists():
            raise FileNotFoundError(f"no such folder or video: {images}")
        self.images = images
        self.conventions: dict[str, str] = {}
        self._camera, self._kinematics, self._pose, self._joints = camera, kinematics, camera_T_base, joints
        table = read_joint_table(joints, kinematics.robot)
        self._video = None if images.is_dir() else Video(images)
        there = self._listed()
        named = there if table.names is None else self._chosen(table.names, there)
        if len(named) != len(table.positions):
            raise ValueError(f"{joints} has {len(table.positions)} rows, {images} has {len(named)} images")
        self._positions = dict(zip(named, table.positions, strict=True))
        self._times = dict(zip(named, table.times.tolist(), strict=True))
        self._problems = {named[i]: problem for i, problem in table.problems.items()}
        left = [] if self._video is not None else [name for name in there if name not in self._positions]
        self._problems |= {name: f"{images / name}: no row of {joints} names it" for name in left}
        self.names = [*named, *left]

    def __len__(self) -> int:
        """Number of frames."""
        return len(self.names)

    def read_unlabelled(self, name: str) -> Frame:
        """Image, joint angles and camera of a frame.

        Raises:
            FileNotFoundError: If there is no such image.
            ValueError: If its image or joint angles cannot be read, or the robot cannot take these.
        """
        if name in self._problems:
            raise ValueError(self._problems[name])
        try:
            joints = require_joints(self._kinematics, self._positions[name])
        except ValueError as error:
            raise ValueError(f"{self._joints}, {name}: {error}") from error
        image = self._image(name)
        try:
            camera = camera_of_size(self._camera, image.shape[1], image.shape[0])
        except ValueError as error:
            raise ValueError(f"{self.images}, {name}: {error}") from error
        return Frame(joints, camera, self._time_s(name), image)

    def read(self, name: str) -> LabelledFrame:
        """One frame, with the camera's pose if that is known.

        Raises:
            FileNotFoundError: If there is no such image.
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

    def _chosen(self, rows: list[str], there: list[str]) -> list[str]:
        """The images that the rows of the table name."""
        chosen = rows if self._video is None else [_frame_number(name, self._joints) for name in rows]
        twice = next((name for i, name in enumerate(chosen) if name in chosen[:i]), None)
        if twice is not None:
            raise ValueError(f"{self._joints}: two rows name image {twice!r}")
        if not set(there) & set(chosen):
            raise FileNotFoundError(f"none of the images that {self._joints} names is in {self.images}: {rows[0]}")
        return chosen

    def _time_s(self, name: str) -> float:
        """When a image was taken, as far as table or video say."""
        if np.isfinite(self._times[name]):
            return self._times[name]
        return int(name) / self._video.rate if self._video is not None and self._video.rate > 0.0 else 0.0

    def _listed(self) -> list[str]:
        if self._video is not None:
            return [_named(i) for i in range(len(self._video))]
        images = (file.name for file in self.images.iterdir() if file.suffix.lower() in _IMAGES)
        return sorted(images, key=_in_order)

    def _image(self, name: str) -> NDArray[np.uint8]:
        if self._video is None:
            if not (self.images / name).is_file():
                raise FileNotFoundError(f"{self._joints}: no image {name!r} in {self.images}")
            return read_image(self.images / name)
        return self._video.read(int(name))


def _named(index: int) -> str:
    return f"{index:06d}"


def _frame_number(name: str, table: Path) -> str:
    if not name.isdecimal():
        raise ValueError(f"{table}: a row names frame {name!r}; rows name a video's frames by their number, from 0")
    return _named(int(name))


def _in_order(name: str) -> list[tuple[int, str]]:
    """What names are sorted by: numbers in them by their value."""
    return [(int(part), part) if part.isdecimal() else (-1, part) for part in re.split(r"(\d+)", name)]
