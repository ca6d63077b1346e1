"""What inference knows of the robot, and of one image of it before any pose is known."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray
from scipy.spatial.transform import RigidTransform

from ctr_env.datasets.frame import Frame
from ctr_env.datasets.joint_limits import require_joints
from ctr_env.errors import DataError
from ctr_env.geometry import PinholeCamera
from ctr_env.scenes.robots.kinematics import RobotKinematics
from ctr_env.scenes.robots.surfaces import RobotSurface, robot_surface

from .points import LinkPoint, link_points, points_at_the_gripper

__all__ = ["RobotModel", "RobotView"]

_COARSER = 3  # times fewer faces than a scene's robot: coarser meshes have another contour


class RobotModel:
    """Kinematics, network keypoints and contour mesh of one robot.

    Attributes:
        kinematics: The arm's kinematics.
        points: The K keypoints that the network detects.
    """

    def __init__(self, kinematics: RobotKinematics, points: Sequence[LinkPoint]) -> None:
        """Combine an arm with the keypoints of a network."""
        self.kinematics, self.points = kinematics, tuple(points)

    @cached_property
    def surface(self) -> RobotSurface:
        """The mesh whose contour is aligned with the mask boundary."""
        robot = self.kinematics.robot
        return robot_surface(robot, robot.face_budget // _COARSER)

    @cached_property
    def gripper_points(self) -> NDArray[np.bool_]:
        """``(K,)`` keypoints that are fixed relative to the end effector, up to the last two joints."""
        return points_at_the_gripper(self.kinematics, self.points)

    def view(self, frame: Frame) -> RobotView:
        """The image of a frame with the robot's geometry at its joint positions.

        Raises:
            DataError: If the frame has no image, or the robot cannot take its joint positions.
        """
        require_joints(self.kinematics, frame.joint_positions)
        return self.posed(frame)

    def posed(self, frame: Frame) -> RobotView:
        """The same without a check of joint limits, for positions that a search tries.

        Raises:
            DataError: If the frame has no image.
        """
        if frame.image is None:
            raise DataError("the ctrnet estimator needs Frame.image, which is None")
        joints = frame.joint_positions
        keypoints = link_points(self.kinematics, joints, self.points)
        return RobotView(self, frame.image, frame.camera, joints, keypoints, frame.time_s)


@dataclass(frozen=True)
class RobotView:
    """One image and the robot's geometry in the base frame.

    Attributes:
        model: The robot.
        image: ``(H, W, 3)`` uint8 RGB.
        camera: Intrinsics.
        joint_positions: ``(n,)`` rad.
        keypoints: ``(K, 3)`` the network's keypoints in the base frame, metres.
        time_s: Time of the image, seconds.
    """

    model: RobotModel
    image: NDArray[np.uint8]
    camera: PinholeCamera
    joint_positions: NDArray[np.float64]
    keypoints: NDArray[np.float64]
    time_s: float

    @cached_property
    def vertices(self) -> NDArray[np.float64]:
        """``(V, 3)`` vertices of the contour mesh in the base frame, metres."""
        return self.model.surface.posed(self.model.kinematics, self.joint_positions)

    @cached_property
    def base_T_ee(self) -> RigidTransform:
        """The end effector's pose by encoders and kinematics."""
        return self.model.kinematics.base_T_ee(self.joint_positions)
