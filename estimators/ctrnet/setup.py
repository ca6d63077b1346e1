"""A camera set-up: everything between joint readings and pixels that may be wrong, and its free parameters."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.spatial.transform import RigidTransform

from ctr_env.datasets.frame import Frame
from ctr_env.errors import ConfigurationError
from ctr_env.geometry import PinholeCamera, moved
from ctr_env.runs.configuration import require_choice

__all__ = ["PARAMETERS", "CameraSetup", "Parameters", "known_velocities"]

PARAMETERS = ("joint_offsets", "time_offset", "focal_length", "principal_point", "distortion")
"""What a self-calibration can estimate beside the pose."""

_BOARD = ("network_error", "board")  # blocks beside those, where the robot carries a calibration board
_BOARD_STD = (1.0, 3.0)  # m, rad: of the board on its link, where no image shows it

_PRIOR_STD = {  # what an untouched set-up may be off by: wide, but finite where the images tell nothing
    "joint_offsets": 0.01,  # rad
    "time_offset": 0.1,  # s
    "focal_length": 0.05,  # share
    "principal_point": 0.05,  # of the image's width
    "distortion": 0.3,
}


@dataclass(frozen=True)
class CameraSetup:
    """A static camera before a robot.

    Attributes:
        camera_T_base: Pose of the base in the camera.
        camera: Intrinsics, with radial distortion as OpenCV's ``k1`` and ``k2``.
        joint_offsets: ``(n,)`` true joint positions less measured ones, rad.
        time_offset_s: Time by which joint readings lag behind the images: the robot of an image is where the readings
            put it so much later.
        link_T_board: Pose of a calibration board on the link that carries it; ``None`` without a board.
        network_error: ``(6,)`` systematic error of the network, which a board tells from the pose: the twist (m, rad;
            camera axes) from ``camera_T_base`` to the pose that its detections fit.
    """

    camera_T_base: RigidTransform
    camera: PinholeCamera
    joint_offsets: NDArray[np.float64]
    time_offset_s: float = 0.0
    link_T_board: RigidTransform | None = None
    network_error: NDArray[np.float64] = field(default_factory=lambda: np.zeros(6))

    @property
    def of_network(self) -> CameraSetup:
        """The set-up with the pose that the network's detections fit."""
        if not self.network_error.any():
            return self
        return replace(self, camera_T_base=moved(self.camera_T_base, self.network_error))

    def joints(self, measured: NDArray[np.float64], velocities: NDArray[np.float64]) -> NDArray[np.float64]:
        """``(n,)`` true joint positions (rad) for measured ones and joint velocities, rad/s."""
        return measured + self.joint_offsets + self.time_offset_s * velocities

    def corrected(self, frame: Frame) -> Frame:
        """A frame with the set-up's joint positions and camera; its image keeps the set-up's lens distortion."""
        joints = self.joints(frame.joint_positions, known_velocities(frame))
        return replace(frame, joint_positions=joints, camera=self.camera)


def known_velocities(frame: Frame) -> NDArray[np.float64]:
    """``(n,)`` joint velocities of a frame, rad/s; 0 where they are unknown."""
    return np.zeros_like(frame.joint_positions) if frame.joint_velocities is None else frame.joint_velocities


class Parameters:
    """The free parameters of a set-up as one vector: pose, then the blocks that are estimated.

    The pose's part is a translation (metres) and a rotation vector (rad) in the camera's axes, applied from the left
    as in ``PoseEstimate.covariance``. Then, for those that are free: joint offsets (rad), time offset (s), log focal
    length, principal point (pixels), ``k1`` and ``k2``. With a calibration board on the robot the systematic error of
    the network follows, and then the board's translation and rotation vector in the axes of its link.

    Attributes:
        names: The free blocks of :data:`PARAMETERS`, in that order.
        slices: Place of each block; ``"pose"`` is among them, with a board ``"network_error"`` and ``"board"``.
        count: Length of the vector.
    """

    def __init__(
        self, names: Sequence[str], n_joints: int, width: int, systematic: NDArray[np.float64] | None = None
    ) -> None:
        """Parameters of a set-up.

        Args:
            names: Free blocks, of :data:`PARAMETERS`.
            n_joints: Number of joints.
            width: Width of the images, pixels.
            systematic: ``(6, 6)`` diagonal covariance of the network's systematic error, if there is a board.

        Raises:
            ConfigurationError: If a name is not one of :data:`PARAMETERS`.
        """
        for name in names:
            require_choice("parameter of a self-calibration", name, PARAMETERS)
        self.names = tuple(name for name in PARAMETERS if name in names)
        sizes = {"joint_offsets": n_joints, "time_offset": 1, "focal_length": 1, "principal_point": 2, "distortion": 2}
        self.slices = {"pose": slice(0, 6)}
        start = 6
        for name in self.names:
            self.slices[name] = slice(start, start + sizes[name])
            start += sizes[name]
        for name in _BOARD if systematic is not None else ():
            self.slices[name] = slice(start, start + 6)
            start += 6
        self.count = start
        self._width, self._systematic = width, systematic

    def prior_information(self) -> NDArray[np.float64]:
        """``(count,)`` inverse variances of the prior; 0 for the pose."""
        information = np.zeros(self.count)
        for name in self.names:
            std = _PRIOR_STD[name] * (self._width if name == "principal_point" else 1.0)
            information[self.slices[name]] = std**-2
        if self._systematic is not None:
            information[self.slices["network_error"]] = 1.0 / np.diag(self._systematic)
            information[self.slices["board"]] = np.repeat(_BOARD_STD, 3) ** -2
        return information

    def values(self, setup: CameraSetup, nominal: PinholeCamera) -> NDArray[np.float64]:
        """``(count,)`` the set-up's deviation from readings and intrinsics as given; 0 for the pose and a board's."""
        found = np.zeros(self.count)
        camera = setup.camera
        all_values: dict[str, Any] = {
            "joint_offsets": setup.joint_offsets,
            "time_offset": setup.time_offset_s,
            "focal_length": np.log(camera.fx / nominal.fx),
            "principal_point": (camera.cx - nominal.cx, camera.cy - nominal.cy),
            "distortion": np.subtract(_radial(camera), _radial(nominal)),
        }
        for name in self.names:
            found[self.slices[name]] = all_values[name]
        if "network_error" in self.slices:
            found[self.slices["network_error"]] = setup.network_error
        return found

    def moved(self, setup: CameraSetup, step: NDArray[np.float64]) -> CameraSetup:
        """The set-up after a step of the vector."""
        pose, board, error = moved(setup.camera_T_base, step[:6]), setup.link_T_board, setup.network_error
        if board is not None and "board" in self.slices:
            board, error = moved(board, step[self.slices["board"]]), error + step[self.slices["network_error"]]
        part = {name: step[self.slices[name]] for name in self.names}
        camera = setup.camera
        if "focal_length" in part:
            factor = float(np.exp(part["focal_length"][0]))
            camera = replace(camera, fx=factor * camera.fx, fy=factor * camera.fy)
        if "principal_point" in part:
            x, y = part["principal_point"].tolist()
            camera = replace(camera, cx=camera.cx + x, cy=camera.cy + y)
        if "distortion" in part:
            k1, k2 = (np.array(_radial(camera)) + part["distortion"]).tolist()
            camera = replace(camera, distortion=(k1, k2, 0.0, 0.0) if k1 or k2 else ())
        offsets = setup.joint_offsets + part.get("joint_offsets", 0.0)
        time_offset_s = setup.time_offset_s + float(part.get("time_offset", np.zeros(1))[0])
        return CameraSetup(pose, camera, offsets, time_offset_s, board, error)

    def jacobian(
        self,
        setup: CameraSetup,
        points: NDArray[np.float64],
        by_joints: NDArray[np.float64],
        velocities: NDArray[np.float64],
    ) -> NDArray[np.float64]:
        """Derivatives of undistorted pixels by the parameters, for points of the robot that the network detects.

        The change of the distorted pixel by the distortion is taken for that of the undistorted one, which differ by
        the lens's own magnification: a few per cent in the corners.

        Args:
            setup: Where the derivatives are taken.
            points: ``(S, 3)`` points of the robot in the base frame, metres.
            by_joints: ``(S, 3, n)`` their derivatives by the joint positions.
            velocities: ``(n,)`` joint velocities, rad/s.

        Returns:
            ``(S, 2, count)``.
        """
        T, camera = setup.camera_T_base.as_matrix(), setup.camera
        rotated = points @ T[:3, :3].T
        seen = rotated + T[:3, 3]
        x, y, depth = seen[:, 0] / seen[:, 2], seen[:, 1] / seen[:, 2], seen[:, 2]
        zero = np.zeros_like(x)
        by_point = np.stack(  # (S, 2, 3)
            [np.stack([camera.fx / depth, zero, -camera.fx * x / depth], axis=1),
             np.stack([zero, camera.fy / depth, -camera.fy * y / depth], axis=1)], axis=1,
        )  # fmt: skip
        found = np.zeros((len(points), 2, self.count))
        found[:, :, :3] = by_point
        found[:, :, 3:6] = by_point @ _cross(-rotated)
        part = self.slices
        if "network_error" in part:
            found[:, :, part["network_error"]] = found[:, :, :6]
        if "joint_offsets" in part or "time_offset" in part:
            moved = by_point @ (T[:3, :3] @ by_joints)
            if "joint_offsets" in part:
                found[:, :, part["joint_offsets"]] = moved
            if "time_offset" in part:
                found[:, :, part["time_offset"]] = (moved @ velocities)[..., None]
        if "focal_length" in part:
            found[:, :, part["focal_length"]] = np.stack([camera.fx * x, camera.fy * y], axis=1)[..., None]
        if "principal_point" in part:
            found[:, :, part["principal_point"]] = np.eye(2)
        if "distortion" in part:
            squared = x**2 + y**2
            powers = np.stack([squared, squared**2], axis=1)[:, None]  # (S, 1, 2)
            found[:, :, part["distortion"]] = np.stack([camera.fx * x, camera.fy * y], axis=1)[..., None] * powers
        return found

    def board_jacobian(
        self,
        setup: CameraSetup,
        points: NDArray[np.float64],
        by_joints: NDArray[np.float64],
        velocities: NDArray[np.float64],
        base_R_link: NDArray[np.float64],
        rotated: NDArray[np.float64],
    ) -> NDArray[np.float64]:
        """The same for points of the board, which the network's error does not move.

        Args:
            setup: Where the derivatives are taken.
            points: ``(S, 3)`` points of the board in the base frame, metres.
            by_joints: ``(S, 3, n)`` their derivatives by the joint positions.
            velocities: ``(n,)`` joint velocities, rad/s.
            base_R_link: ``(3, 3)`` rotation of the link that carries the board.
            rotated: ``(S, 3)`` the points from the board's origin in the axes of the link, metres.
        """
        found = self.jacobian(setup, points, by_joints, velocities)
        start = self.slices["board"].start
        found[:, :, self.slices["network_error"]] = 0.0
        found[:, :, start : start + 3] = found[:, :, :3] @ (setup.camera_T_base.rotation.as_matrix() @ base_R_link)
        found[:, :, start + 3 : start + 6] = found[:, :, start : start + 3] @ _cross(-rotated)
        return found


def _radial(camera: PinholeCamera) -> tuple[float, float]:
    """``k1`` and ``k2`` of a camera without other coefficients."""
    if camera.lens_model != "opencv" or any(camera.distortion[2:]):
        raise ConfigurationError(
            f"a set-up has radial distortion k1, k2 alone, not {camera.distortion}; undistort images"
        )
    return (camera.distortion[0], camera.distortion[1]) if camera.distortion else (0.0, 0.0)


def _cross(vectors: NDArray[np.float64]) -> NDArray[np.float64]:
    """``(S, 3, 3)`` cross-product matrices."""
    x, y, z = vectors.T
    zero = np.zeros_like(x)
    return np.stack([np.stack(row, axis=1) for row in ((zero, -z, y), (z, zero, -x), (-y, x, zero))], axis=1)
