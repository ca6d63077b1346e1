"""A calibration board on the robot: its corners in the images, its pose on its link, and its normal equations."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import cv2
import numpy as np
from numpy.typing import NDArray
from scipy.spatial.transform import RigidTransform, Rotation

from ctr_env.datasets.board_file import MountedBoard
from ctr_env.datasets.frame import Frame
from ctr_env.errors import CalibrationError
from ctr_env.estimators.board_detection import PatternDetector
from ctr_env.estimators.board_pose import BoardCorners, collinear, planar_poses
from ctr_env.estimators.ctrnet.setup import CameraSetup, Parameters, known_velocities
from ctr_env.estimators.ctrnet.setup_equations import KEYPOINT_CUT, Equations, tukey, tukey_weights
from ctr_env.estimators.fusion.fuse import most_central
from ctr_env.estimators.silhouette.contour_pull import NORMAL
from ctr_env.geometry import transform
from ctr_env.scenes.robots.kinematics import RobotKinematics

__all__ = ["BoardFit", "BoardMeasurement", "board_fit", "first_board_pose", "measured_boards"]

_FEWEST_CORNERS = 6
_FEWEST_IMAGES = 3
_UPSCALE = 2  # small markers are found in enlarged images
_LEAST_STD = 0.2  # pixels: corners are not better than this, whatever their residuals


@dataclass(frozen=True)
class BoardMeasurement:
    """The corners of the board in one image.

    Attributes:
        kinematics: The robot.
        frame: The image, with measured joint positions and the camera as given, without lens distortion.
        link: Link that carries the board.
        pixels: ``(S, 2)`` corners, continuous pixels (centres at a half).
        points: ``(S, 3)`` the same in the board's frame, metres.
        std: Standard deviation of a corner, pixels.
    """

    kinematics: RobotKinematics
    frame: Frame
    link: str
    pixels: NDArray[np.float64]
    points: NDArray[np.float64]
    std: float = _LEAST_STD

    def residuals(self, setup: CameraSetup) -> NDArray[np.float64]:
        """``(S, 2)`` measured less projected corners, pixels."""
        return self.pixels - setup.camera.project(setup.camera_T_base.apply(self._placed(setup).points))

    def scaled(self, setup: CameraSetup) -> BoardMeasurement:
        """The measurement with the standard deviation of its corners at a set-up."""
        spread = NORMAL * float(np.median(np.abs(self.residuals(setup))))
        return replace(self, std=max(_LEAST_STD, spread))

    def equations(self, setup: CameraSetup, parameters: Parameters) -> Equations:
        """The corners' normal equations at a set-up that has a board."""
        placed, velocities = self._placed(setup), known_velocities(self.frame)
        links = [self.link] * len(self.points)
        by_joints = self.kinematics.point_jacobians(placed.joints, links, placed.points)
        J = parameters.board_jacobian(
            setup, placed.points, by_joints, velocities, placed.base_R_link, placed.rotated
        ) / self.std  # fmt: skip
        away = self.residuals(setup) / self.std
        squares, cut = np.sum(away**2, axis=1), 2.0 * KEYPOINT_CUT**2
        weights = tukey_weights(squares, cut)
        return Equations(
            np.einsum("sap,s,saq->pq", J, weights, J),
            np.einsum("sap,s,sa->p", J, weights, away),
            float(np.sum(tukey(squares, cut))),
            2.0 * len(self.points),
            0.0,
            0.0,
        )

    def _placed(self, setup: CameraSetup) -> _Placed:
        assert setup.link_T_board is not None
        joints = setup.joints(self.frame.joint_positions, known_velocities(self.frame))
        base_T_link, board = self.kinematics.base_T_link(joints, self.link), setup.link_T_board
        rotated = board.rotation.apply(self.points)
        points = base_T_link.apply(rotated + board.translation)
        return _Placed(joints, base_T_link.rotation.as_matrix(), rotated, points)


@dataclass(frozen=True)
class BoardFit:
    """A board on the robot as the calibration found it.

    Attributes:
        link: Link that carries it.
        link_T_board: Its pose there, in the frame of OpenCV's ``CharucoBoard``.
        std: ``(6,)`` standard deviations of that pose: metres, then radians, in the axes of the link.
        images: Number of joint configurations in which it is seen.
        corners: Number of corners in them.
        rms_px: Root mean square residual of a corner's coordinates, pixels.
        network_error: ``(6,)`` twist (m, rad; camera axes) from the pose to that which the network's detections fit.
    """

    link: str
    link_T_board: RigidTransform
    std: NDArray[np.float64]
    images: int
    corners: int
    rms_px: float
    network_error: NDArray[np.float64]


@dataclass(frozen=True)
class _Placed:
    """Corners of a board at a set-up: from its origin in the axes of its link, and in the base frame."""

    joints: NDArray[np.float64]
    base_R_link: NDArray[np.float64]
    rotated: NDArray[np.float64]
    points: NDArray[np.float64]


def measured_boards(
    frames: Sequence[Frame], board: MountedBoard, kinematics: RobotKinematics
) -> list[BoardMeasurement | None]:
    """The board in each image, if it is there.

    Raises:
        CalibrationError: If fewer than three images show at least six of its corners.
        ConfigurationError: If the robot has no such link.
    """
    link = board.link or kinematics.robot.end_effector
    kinematics.base_T_link(kinematics.home, link)  # names the links if this one is unknown
    detector, corners = PatternDetector(board.pattern, _UPSCALE), board.corners
    found: list[BoardMeasurement | None] = []
    for frame in frames:
        assert frame.image is not None
        pixels, numbers = detector.corners(cv2.cvtColor(frame.image, cv2.COLOR_RGB2GRAY))
        points = corners[numbers]
        enough = len(numbers) >= _FEWEST_CORNERS and not collinear(BoardCorners(pixels, points, ""))
        found.append(BoardMeasurement(kinematics, frame, link, pixels + 0.5, points) if enough else None)
    seen = sum(each is not None for each in found)
    if seen < _FEWEST_IMAGES:
        raise CalibrationError(
            f"the board is seen in {seen} of {len(found)} joint configurations, with {_FEWEST_CORNERS} corners or "
            f"more; a calibration with it needs {_FEWEST_IMAGES}: check columns, rows, dictionary, first_marker and "
            "legacy_pattern of its file, or calibrate without --board"
        )
    return found


def first_board_pose(boards: Sequence[BoardMeasurement | None], setup: CameraSetup) -> RigidTransform:
    """``link_T_board`` on which the images agree best at a set-up: the most central one of their planar poses."""
    poses = []
    for each in boards:
        if each is None:
            continue
        joints = setup.joints(each.frame.joint_positions, known_velocities(each.frame))
        camera_T_link = setup.camera_T_base * each.kinematics.base_T_link(joints, each.link)
        for pose in planar_poses(BoardCorners(each.pixels - 0.5, each.points, ""), each.frame.camera):
            camera_T_board = transform(pose.translation, Rotation.from_rotvec(pose.rotvec))
            poses.append(camera_T_link.inv() * camera_T_board)
    if not poses:
        raise CalibrationError("no pose of the board fits its corners in any image")
    return most_central(poses)


def board_fit(boards: Sequence[BoardMeasurement | None], setup: CameraSetup, std: NDArray[np.float64]) -> BoardFit:
    """The board at a solved set-up, with the ``(6,)`` standard deviations of its pose."""
    seen = [each for each in boards if each is not None]
    residuals = np.concatenate([each.residuals(setup) for each in seen])
    assert setup.link_T_board is not None
    return BoardFit(
        link=seen[0].link,
        link_T_board=setup.link_T_board,
        std=std,
        images=len(seen),
        corners=len(residuals),
        rms_px=float(np.sqrt(np.mean(residuals**2))),
        network_error=setup.network_error,
    )
