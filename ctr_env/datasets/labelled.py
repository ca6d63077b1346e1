"""Images with labels."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.spatial.transform import RigidTransform

from ctr_env.geometry import PinholeCamera

from .frame import Frame

__all__ = ["LabelledFrame", "MarkedPoint"]


@dataclass(frozen=True)
class MarkedPoint:
    """A point of the robot whose position was measured, for frames without a pose.

    Attributes:
        link: The link that the point is fixed to.
        offset: ``(3,)`` its position in that link's frame, metres.
        location: ``(3,)`` its position in the camera's frame, metres.
        pixel: ``(2,)`` its image, continuous pixel coordinates.
    """

    link: str
    offset: NDArray[np.float64]
    location: NDArray[np.float64]
    pixel: NDArray[np.float64]


@dataclass(frozen=True)
class LabelledFrame:
    """One image of a robot with its labels.

    Attributes:
        name: Name within its data set, such as ``"000017"``.
        image: ``(H, W, 3)`` uint8 RGB.
        camera: Intrinsics.
        joint_positions: ``(n,)`` measured arm joint positions, rad.
        camera_T_base: Pose of the base in the camera; ``None`` if unknown.
        keypoints: ``(K, 3)`` the robot's keypoints in the camera frame, metres; NaN if unknown.
        keypoints_px: ``(K, 2)`` their pixels, inside the image or not; NaN if unknown.
        mask: ``(H, W)`` bool, the robot; ``None`` if unknown.
        marked: A measured point of the robot, which may be known where the pose is not.
    """

    name: str
    image: NDArray[np.uint8]
    camera: PinholeCamera
    joint_positions: NDArray[np.float64]
    camera_T_base: RigidTransform | None
    keypoints: NDArray[np.float64]
    keypoints_px: NDArray[np.float64]
    mask: NDArray[np.bool_] | None
    marked: MarkedPoint | None = None

    @classmethod
    def unposed(cls, name: str, frame: Frame, keypoints: int, marked: MarkedPoint | None = None) -> LabelledFrame:
        """A frame without a pose.

        Args:
            name: Name within its data set.
            frame: Its image, joint positions and camera.
            keypoints: Number of the robot's keypoints.
            marked: A measured point, if there is one.
        """
        assert frame.image is not None
        return cls(
            name=name,
            image=frame.image,
            camera=frame.camera,
            joint_positions=frame.joint_positions,
            camera_T_base=None,
            keypoints=np.full((keypoints, 3), np.nan),
            keypoints_px=np.full((keypoints, 2), np.nan),
            mask=None,
            marked=marked,
        )

    def frame(self, time_s: float = 0.0) -> Frame:
        """The frame without its labels: the input of an estimator."""
        return Frame(self.joint_positions, self.camera, time_s, self.image)
