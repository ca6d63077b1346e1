"""CtRNet's own Baxter data set: images of the left arm with joint angles and end-effector positions."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ctr_env.errors import DataError, MissingFileError
from ctr_env.geometry import PinholeCamera
from ctr_env.scenes.robots.kinematics import RobotKinematics

from .camera_file import read_camera_file
from .frame import Frame
from .image_file import read_image
from .image_size import camera_of_size
from .joint_limits import require_joints
from .labelled import LabelledFrame, MarkedPoint
from .restricted_pickle import read_plain

__all__ = ["CtRNetBaxterFolder"]

_TRUTH, _BESIDE, _CAMERA = "ground_truth_data", "baxter-real-dataset", "camera.yaml"
_LINK, _OFFSET = "left_wrist", (0.0, 0.0, 0.25233)  # the published chain's end effector, 0.3683 m from the wrist's axis
_KINECT = PinholeCamera(960.41357421875, 960.22314453125, 1021.7171020507812 + 0.5, 776.2381591796875 + 0.5, 2048, 1536)


class CtRNetBaxterFolder:
    """The set as its authors publish it: ``pose_0`` to ``pose_19`` with images, and ``ground_truth_data``.

    The camera is the published one (no lens distortion is published), unless a ``camera.yaml`` lies beside
    ``ground_truth_data``.

    Attributes:
        folder: The folder of ``ground_truth_data``.
        names: Names of the frames, such as ``"pose_3/17"``, in order of poses.
        conventions: Units and pixel centres of the set.
    """

    def __init__(self, folder: Path, kinematics: RobotKinematics) -> None:
        """List the images.

        Args:
            folder: The set, or the folder around it.
            kinematics: The robot in the images: Baxter's left arm.

        Raises:
            MissingFileError: If there are no images.
            DataError: If the robot is another one, or ``ground_truth_data`` cannot be understood.
        """
        if kinematics.robot.name != "baxter":
            raise DataError(f"{folder} shows Baxter's left arm: the robot must be baxter, not {kinematics.robot.name}")
        self.folder = folder if (folder / _TRUTH).is_file() else folder / _BESIDE
        self._kinematics = kinematics
        self.conventions = {"units": "m", "pixel_centres": "integer"}
        file = self.folder / _TRUTH
        try:
            self._truth: dict[str, Any] = dict(read_plain(file.read_bytes()))
        except (TypeError, ValueError) as error:
            raise DataError(f"{file}: {error}") from error
        camera = self.folder / _CAMERA
        self._camera = read_camera_file(camera) if camera.is_file() else _KINECT
        poses = sorted(self._truth, key=lambda pose: (len(pose), pose))
        self.names = [f"{pose}/{file.stem}" for pose in poses for file in sorted((self.folder / pose).glob("*.png"))]
        if not self.names:
            raise MissingFileError(f"no images (pose_N/*.png) in {self.folder}")

    @classmethod
    def recognises(cls, folder: Path) -> bool:
        """Whether a folder holds the set."""
        return (folder / _TRUTH).is_file() or (folder / _BESIDE / _TRUTH).is_file()

    def __len__(self) -> int:
        """Number of frames."""
        return len(self.names)

    def files(self, name: str) -> list[Path]:
        """The files that a frame is read from."""
        camera = self.folder / _CAMERA
        return [self.folder / f"{name}.png", self.folder / _TRUTH, *([camera] if camera.is_file() else [])]

    def read_unlabelled(self, name: str) -> Frame:
        """Image, joint angles and camera of a frame.

        Raises:
            DataError: If its image cannot be read, or its joint angles are not seven that the arm can take.
        """
        positions = self._numbers(name, "joints", self._kinematics.n)
        try:
            joints = require_joints(self._kinematics, positions)
        except ValueError as error:
            raise DataError(f"{self.folder / _TRUTH}, {name}: {error}") from error
        image = read_image(self.folder / f"{name}.png")
        try:
            camera = camera_of_size(self._camera, image.shape[1], image.shape[0])
        except ValueError as error:
            raise DataError(f"{self.folder / name}.png: {error}") from error
        return Frame(joints, camera, 0.0, image)

    def read(self, name: str) -> LabelledFrame:
        """One frame with the position of its end effector.

        Raises:
            DataError: If its files cannot be understood.
        """
        frame = self.read_unlabelled(name)
        scale = np.array([frame.camera.width / self._camera.width, frame.camera.height / self._camera.height])
        pixel = (self._numbers(name, "ee_2d", 2) + 0.5) * scale  # they count pixel centres as integers
        marked = MarkedPoint(_LINK, np.array(_OFFSET), self._numbers(name, "ee_3d", 3), pixel)
        return LabelledFrame.unposed(name, frame, len(self._kinematics.robot.keypoint_frames), marked)

    def _numbers(self, name: str, entry: str, count: int) -> NDArray[np.float64]:
        pose = name.partition("/")[0]
        try:
            values = np.array(self._truth[pose][entry], dtype=float).ravel()
        except (KeyError, TypeError, ValueError) as error:
            raise DataError(f"{self.folder / _TRUTH}: {pose} has no {entry} of {count} numbers") from error
        if values.shape != (count,) or not np.isfinite(values).all():
            raise DataError(f"{self.folder / _TRUTH}: {entry} of {pose} must be {count} finite numbers, not {values}")
        return values
