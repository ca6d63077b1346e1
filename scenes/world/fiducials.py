"""The calibration board at the gripper: a thin plate with one ChArUco pattern on each face."""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import mujoco
import numpy as np
from numpy.typing import NDArray
from scipy.spatial.transform import RigidTransform, Rotation

from ctr_env.geometry import transform
from ctr_env.runs.configuration import require_choice
from ctr_env.scenes.robots.description import RobotDescription

__all__ = ["FACES", "CharucoBoardSpec", "add_board", "board_transform", "robot_board"]

FACES = ("front", "back")
_PIXELS_PER_SQUARE = 48


@dataclass(frozen=True)
class CharucoBoardSpec:
    """A plate with a ChArUco pattern on either face.

    The origin of the *board frame* is the centre of the plate; seen from the front, x points right, y up, and z out of
    the front face. The faces carry different markers, so that an image of one identifies it.
    """

    columns: int = 5
    """Number of squares in a row."""
    rows: int = 4
    """Number of squares in a column."""
    square_m: float = 0.04
    """Side of a square, metres."""
    marker_share: float = 0.775
    """Side of a marker as a share of the side of a square."""
    margin_m: float = 0.006
    """White margin around the pattern, metres, rounded to whole pixels of :meth:`image`."""
    thickness_m: float = 0.004
    """Thickness of the plate, metres."""
    dictionary: str = "DICT_4X4_50"
    """Name of OpenCV's marker dictionary."""

    @property
    def size(self) -> tuple[float, float]:
        """Width and height of the plate, margin included, metres."""
        margin = self._margin_px * self.square_m / _PIXELS_PER_SQUARE  # whole pixels of the image
        return (self.columns * self.square_m + 2 * margin, self.rows * self.square_m + 2 * margin)

    @property
    def _margin_px(self) -> int:
        return round(self.margin_m * _PIXELS_PER_SQUARE / self.square_m)

    def pattern(self, face: str) -> cv2.aruco.CharucoBoard:
        """OpenCV's board object for a face.

        Raises:
            ConfigurationError: If the face is unknown.
        """
        require_choice("face", face, FACES)
        dictionary = cv2.aruco.getPredefinedDictionary(getattr(cv2.aruco, self.dictionary))
        markers = (self.columns * self.rows) // 2
        ids = np.arange(markers) + markers * FACES.index(face)
        return cv2.aruco.CharucoBoard(
            (self.columns, self.rows), self.square_m, self.marker_share * self.square_m, dictionary, ids
        )

    def image(self, face: str) -> NDArray[np.uint8]:
        """``(H, W, 3)`` uint8 image of a face, margin included, upright."""
        inner = self.pattern(face).generateImage(
            (self.columns * _PIXELS_PER_SQUARE, self.rows * _PIXELS_PER_SQUARE), marginSize=0, borderBits=1
        )
        grey = np.pad(np.asarray(inner, dtype=np.uint8), self._margin_px, constant_values=255)
        return np.repeat(grey[..., None], 3, axis=2)

    def corners(self, face: str) -> NDArray[np.float64]:
        """``(N, 3)`` chessboard corners of a face in the board frame, metres, in OpenCV's order of corners."""
        flat = np.asarray(self.pattern(face).getChessboardCorners(), dtype=float)
        side = 1.0 if face == "front" else -1.0
        x = flat[:, 0] - 0.5 * self.columns * self.square_m
        y = 0.5 * self.rows * self.square_m - flat[:, 1]
        return np.stack([side * x, y, np.full(len(x), side * 0.5 * self.thickness_m)], axis=1)

    def normal(self, face: str) -> NDArray[np.float64]:
        """``(3,)`` outward normal of a face in the board frame."""
        return np.array([0.0, 0.0, 1.0 if face == "front" else -1.0])


def robot_board(robot: RobotDescription) -> CharucoBoardSpec:
    """The board at a robot's gripper."""
    return CharucoBoardSpec(square_m=robot.board_square)


def board_transform(robot: RobotDescription) -> RigidTransform:
    """``ee_T_board`` of the board at a robot's gripper."""
    pose = robot.board_pose
    return transform(pose[:3], Rotation.from_euler("xyz", pose[3:]))


def add_board(spec: mujoco.MjSpec, body: mujoco.MjsBody, board: CharucoBoardSpec, body_T_board: RigidTransform) -> None:
    """Fix a board to a body: a white plate and two textured faces, without mass and without collisions."""
    half = np.array([*board.size, board.thickness_m]) / 2
    quat = body_T_board.rotation.as_quat(scalar_first=True)
    no_physics = {"contype": 0, "conaffinity": 0, "mass": 0.0, "group": 1}
    body.add_geom(
        name="board", type=mujoco.mjtGeom.mjGEOM_BOX, size=half - [0, 0, 2e-4], pos=body_T_board.translation,
        quat=quat, rgba=(0.9, 0.9, 0.9, 1.0), **no_physics,
    )  # fmt: skip
    for face in FACES:
        _add_face(spec, board, face)
        body.add_geom(
            name=f"board_{face}", type=mujoco.mjtGeom.mjGEOM_MESH, meshname=f"board_{face}", material=f"board_{face}",
            pos=body_T_board.translation, quat=quat, **no_physics,
        )  # fmt: skip


def _add_face(spec: mujoco.MjSpec, board: CharucoBoardSpec, face: str) -> None:
    """Add mesh, texture and material of a face."""
    name = f"board_{face}"
    image = board.image(face)
    texture = spec.add_texture(
        name=name,
        type=mujoco.mjtTexture.mjTEXTURE_2D,
        width=image.shape[1],
        height=image.shape[0],
        nchannel=3,
    )
    texture.data = image.tobytes()
    material = spec.add_material(name=name, specular=0.0, emission=0.5)
    material.textures[mujoco.mjtTextureRole.mjTEXROLE_RGB] = name
    side = 1.0 if face == "front" else -1.0
    width, height = board.size
    # counter-clockwise seen from outside, from the lower left; the origin of textures is the top left
    corners = np.array([[-1, -1], [1, -1], [1, 1], [-1, 1]]) * 0.5
    vertices = np.column_stack(
        [side * corners[:, 0] * width, corners[:, 1] * height, np.full(4, side * 0.5 * board.thickness_m)]
    )
    texture_coordinates = np.column_stack([corners[:, 0] + 0.5, 0.5 - corners[:, 1]])
    mesh = spec.add_mesh(name=name)
    mesh.uservert = vertices.ravel()
    mesh.usertexcoord = texture_coordinates.ravel()
    mesh.userface = [0, 1, 2, 0, 2, 3]
    mesh.inertia = mujoco.mjtMeshInertia.mjMESH_INERTIA_SHELL
