"""What of a view determines an estimator's errors: points of the arm, their image, and what it says of the pose."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ctr_env.geometry import PinholeCamera
from ctr_env.scenes.robots.kinematics import RobotKinematics

__all__ = ["ArmView", "feature_names", "twist_map", "view_arm"]

_NEAREST_M = 0.05  # depth of a point that counts as in front of the camera
_FEWEST = 3
_REFERENCE_WIDTH = 640.0  # width of the image (px) in whose pixels keypoint errors are counted
_PRIOR = np.array([0.3**-2] * 3 + [0.5**-2] * 3)  # information that bounds the covariance of a view without points
_FARTHEST = 1.5  # image sizes from the centre, beyond which positions are clipped


@dataclass(frozen=True)
class ArmView:
    """One view of an arm.

    Attributes:
        points: ``(P, 3)`` keypoints, gripper and the points half way between neighbours, camera frame, metres.
        centre: ``(3,)`` mean of the points inside the image, camera frame, metres.
        factor: ``(6, 6)`` lower Cholesky factor of the covariance of an error twist in camera axes at ``centre`` that
            independent errors of one pixel (of an image 640 pixels wide) of the points inside the image imply.
        features: ``(F,)`` the quantities that :func:`feature_names` lists.
    """

    points: NDArray[np.float64]
    centre: NDArray[np.float64]
    factor: NDArray[np.float64]
    features: NDArray[np.float64]

    def path_from(self, earlier: ArmView | None) -> float:
        """RMS displacement of the points in the camera frame since another view, as a share of the arm's extent.

        Motions of arm and camera count alike. 0 without an earlier view.
        """
        if earlier is None:
            return 0.0
        spread = self.points - self.points.mean(axis=0)
        return float(np.sqrt(np.sum((self.points - earlier.points) ** 2) / np.sum(spread**2)))


def feature_names(joints: int) -> tuple[str, ...]:
    """Names of the features of an arm with a number of joints.

    * ``log_distance`` of the visible centre (m), ``log_focal`` (focal length by image width);
    * ``visible_share`` of the points; ``log_extent`` of those by image width; ``centre_x``, ``centre_y`` in the image,
      from -0.5 to 0.5;
    * ``log_std_0`` … ``log_std_5``: log of the diagonal of :attr:`ArmView.factor`;
    * ``toward_x``, ``toward_y``, ``toward_z``: direction to the camera in base axes; ``up_x``, ``up_y``: the base's
      vertical axis in the image;
    * ``gripper_x``, ``gripper_y`` in the image, ``gripper_depth`` (log, by the distance), ``gripper_axis``: cosine
      between its axis and the line of sight;
    * ``joint_0`` …: joint positions, rad.
    """
    return (
        *("log_distance", "log_focal", "visible_share", "log_extent", "centre_x", "centre_y"),
        *(f"log_std_{i}" for i in range(6)),
        *("toward_x", "toward_y", "toward_z", "up_x", "up_y"),
        *("gripper_x", "gripper_y", "gripper_depth", "gripper_axis"),
        *(f"joint_{i}" for i in range(joints)),
    )


def view_arm(
    kinematics: RobotKinematics,
    joint_positions: NDArray[np.float64],
    camera_T_base: NDArray[np.float64],
    camera: PinholeCamera,
) -> ArmView:
    """The view of an arm at ``(n,)`` joint positions (rad) by a camera at a ``(4, 4)`` pose."""
    R, t = camera_T_base[:3, :3], camera_T_base[:3, 3]
    base_T_ee = kinematics.ee_matrix(joint_positions)
    chain = np.vstack([kinematics.keypoints(joint_positions), base_T_ee[:3, 3]])
    points = np.vstack([chain, 0.5 * (chain[1:] + chain[:-1])]) @ R.T + t
    inside = _inside(points, camera)
    visible = inside if inside.sum() >= _FEWEST else np.ones(len(points), bool)
    centre = points[visible].mean(axis=0)
    factor = _factor(points[visible], centre, camera)
    pixels = _shares(np.vstack([points[visible], points[len(chain) - 1], centre]), camera)
    distance = float(np.sqrt(centre @ centre))
    gripper = points[len(chain) - 1]
    axis = (R @ base_T_ee[:3, 2]) @ gripper / max(float(np.sqrt(gripper @ gripper)), _NEAREST_M)
    spread = pixels[:-2] - pixels[:-2].mean(axis=0)
    features = np.concatenate(
        [
            [np.log(distance), np.log(camera.fx / camera.width), inside.mean()],
            [0.5 * np.log(np.mean(np.sum(spread**2, axis=1)) + 1e-4), *pixels[-1]],
            np.log(factor.diagonal()),
            -(R.T @ centre) / distance,
            R[:2, 2],
            [*pixels[-2], np.log(max(gripper[2], _NEAREST_M) / distance), axis],
            joint_positions,
        ]
    )
    return ArmView(points, centre, factor, features)


def twist_map(arm: NDArray[np.float64]) -> NDArray[np.float64]:
    """``(6, 6)`` map of error twists in camera axes from one point of a body to another one.

    The translation (m) of the other point is ``v + w x arm`` for a twist ``(v, w)``.

    Args:
        arm: ``(3,)`` from the first point to the other one, camera axes, metres.
    """
    x, y, z = arm.tolist()
    A = np.eye(6)
    A[:3, 3:] = [[0.0, z, -y], [-z, 0.0, x], [y, -x, 0.0]]
    return A


def _inside(points: NDArray[np.float64], camera: PinholeCamera) -> NDArray[np.bool_]:
    return np.asarray(camera.contains(camera.project(points)) & (points[:, 2] > _NEAREST_M))


def _shares(points: NDArray[np.float64], camera: PinholeCamera) -> NDArray[np.float64]:
    """``(N, 2)`` positions in the image from its centre by its size, without lens distortion, bounded."""
    z = np.maximum(points[:, 2:], _NEAREST_M)
    pixels = points[:, :2] / z * (camera.fx, camera.fy) + (camera.cx, camera.cy)
    return np.asarray((pixels / (camera.width, camera.height) - 0.5).clip(-_FARTHEST, _FARTHEST))


def _factor(points: NDArray[np.float64], centre: NDArray[np.float64], camera: PinholeCamera) -> NDArray[np.float64]:
    """See :attr:`ArmView.factor`."""
    x, y, z = points.T
    z = np.maximum(z, _NEAREST_M)
    arm = (points - centre).T
    moved = np.zeros((3, 6, len(points)))  # translation of each point by the twist
    moved[[0, 1, 2], [0, 1, 2]] = 1.0
    moved[0, 4], moved[0, 5] = arm[2], -arm[1]
    moved[1, 3], moved[1, 5] = -arm[2], arm[0]
    moved[2, 3], moved[2, 4] = arm[1], -arm[0]
    focal = _REFERENCE_WIDTH / camera.width
    across = focal * camera.fx * (moved[0] - x / z * moved[2]) / z
    down = focal * camera.fy * (moved[1] - y / z * moved[2]) / z
    return np.asarray(np.linalg.cholesky(np.linalg.inv(across @ across.T + down @ down.T + np.diag(_PRIOR))))
