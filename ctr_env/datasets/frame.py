"""One image with the joint angles and the camera it belongs to."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.spatial.transform import RigidTransform

from ctr_env.geometry import PinholeCamera

__all__ = ["Frame"]


@dataclass(frozen=True)
class Frame:
    """What an estimator sees at one instant.

    Attributes:
        joint_positions: ``(n,)`` measured arm joint positions, rad.
        camera: Intrinsics of the image.
        time_s: Time of the image, seconds.
        image: ``(H, W, 3)`` uint8 RGB image; ``None`` where nobody asked for one
            (see :attr:`PoseEstimator.needs_image`).
        true_camera_T_base: The simulator's answer, for estimators that imitate one; ``None`` for real images.
        true_camera_T_ee: The same for the gripper, which encoders and kinematics do not know exactly.
    """

    joint_positions: NDArray[np.float64]
    camera: PinholeCamera
    time_s: float
    image: NDArray[np.uint8] | None = None
    true_camera_T_base: RigidTransform | None = None
    true_camera_T_ee: RigidTransform | None = None
