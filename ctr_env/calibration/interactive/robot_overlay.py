"""The robot drawn into the live image: where it should be, and where it should go."""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray
from scipy.spatial.transform import RigidTransform

from ctr_env.drawing.primitives import draw_mask_boundary, draw_skeleton
from ctr_env.estimators.silhouette.contour import Lens, silhouette
from ctr_env.geometry import PinholeCamera
from ctr_env.scenes.robots.kinematics import RobotKinematics
from ctr_env.scenes.robots.surfaces import robot_surface

__all__ = ["RobotOverlay", "jpeg"]

_WIDTH = 960  # pixels, at most
_COARSER = 3  # times fewer faces than a scene's robot
_PRESENT, _PROPOSED, _BONES = (255, 140, 30), (70, 160, 255), (235, 245, 255)
_DIMMED, _FILLED = 0.45, 0.45


class RobotOverlay:
    """Draws a robot into images of a camera without lens distortion."""

    def __init__(self, kinematics: RobotKinematics) -> None:
        """Load the surface of a robot."""
        self._kinematics = kinematics
        self._surface = robot_surface(kinematics.robot, kinematics.robot.face_budget // _COARSER)

    def plain(self, image: NDArray[np.uint8]) -> NDArray[np.uint8]:
        """A copy of an ``(H, W, 3)`` image, at most 960 pixels wide."""
        height, width = image.shape[:2]
        shown = min(width, _WIDTH)
        size = shown, round(height * shown / width)
        return np.asarray(cv2.resize(image, size, interpolation=cv2.INTER_AREA), dtype=np.uint8)

    def contour(
        self, image: NDArray[np.uint8], camera: PinholeCamera, pose: RigidTransform, joints: NDArray[np.float64]
    ) -> NDArray[np.uint8]:
        """The image with the robot's contour.

        Args:
            image: ``(H, W, 3)`` uint8 RGB.
            camera: Its intrinsics.
            pose: ``camera_T_base``.
            joints: ``(n,)`` rad.
        """
        canvas = self.plain(image)
        draw_mask_boundary(canvas, self._mask(canvas, camera, pose, joints), _PRESENT, 2)
        return canvas

    def proposal(
        self, image: NDArray[np.uint8], camera: PinholeCamera, pose: RigidTransform, joints: NDArray[np.float64]
    ) -> NDArray[np.uint8]:
        """The image dimmed, with the robot's silhouette and keypoints at other joint positions."""
        canvas = (_DIMMED * self.plain(image)).astype(np.uint8)
        mask = self._mask(canvas, camera, pose, joints)
        canvas[mask] = ((1.0 - _FILLED) * canvas[mask] + _FILLED * np.array(_PROPOSED)).astype(np.uint8)
        draw_mask_boundary(canvas, mask, _PROPOSED, 2)
        shown = camera.resized(canvas.shape[1], canvas.shape[0])
        draw_skeleton(canvas, shown.project(pose.apply(self._kinematics.keypoints(joints))), _BONES, 2)
        return canvas

    def _mask(
        self, canvas: NDArray[np.uint8], camera: PinholeCamera, pose: RigidTransform, joints: NDArray[np.float64]
    ) -> NDArray[np.bool_]:
        height, width = canvas.shape[:2]
        c = camera.resized(width, height)
        vertices = self._surface.posed(self._kinematics, joints)
        return silhouette(self._surface, vertices, pose, Lens(c.fx, c.fy, c.cx, c.cy), (width, height))


def jpeg(image: NDArray[np.uint8], quality: int = 85) -> bytes:
    """An ``(H, W, 3)`` uint8 RGB image as a JPEG."""
    _, code = cv2.imencode(".jpg", image[..., ::-1], [cv2.IMWRITE_JPEG_QUALITY, quality])
    return code.tobytes()
