"""2½-D visual servoing: the image of one point, its relative depth, and the rotation."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.spatial.transform import RigidTransform, Rotation

from .features import theta_u_jacobian
from .gains import AdaptiveGain
from .image_law import ImageLaw
from .interaction import point_matrix, project
from .law import ServoLaw
from .servo_config import ServoControllerConfig
from .servo_controller import ServoController

__all__ = ["HybridConfig", "HybridController", "HybridLaw"]


@dataclass(frozen=True, kw_only=True)
class HybridConfig(ServoControllerConfig):
    """Settings of :class:`~ctr_env.controllers.HybridController`.

    Raises:
        ConfigurationError: If a value is out of its range or a name is unknown; the message lists what is valid.
    """


class HybridLaw(ImageLaw):
    """``s = (x, y, log Z, theta u)``: the gripper's origin in the image, its depth, and its rotation from the goal.

    2½-D visual servoing (E. Malis, F. Chaumette, S. Boudet, "2 1/2 D visual servoing", IEEE Transactions on Robotics
    and Automation 15(2), 1999) for a camera beside the arm. The interaction matrix is upper block triangular

    ``[[L_v / Z, L_vw], [0, L_w]]``

    and singular only at a rotation by 2 pi: the origin moves straight in the image, so that it stays in view between
    two visible poses, while the gripper rotates about one fixed axis. There are neither local minima nor a retreat.
    """

    def solve(self, jacobian: NDArray[np.float64], error: NDArray[np.float64]) -> NDArray[np.float64]:
        """``(6,)`` exact solution: the matrix is square and regular."""
        return np.asarray(np.linalg.solve(jacobian, error))

    def error_and_matrix(
        self, camera_T_ee: RigidTransform, camera_T_goal: RigidTransform
    ) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        """``(6,)`` error (x, y, log Z, rotation vector), and the ``(6, 6)`` interaction matrix of a camera's twist."""
        now, goal = camera_T_ee.as_matrix(), camera_T_goal.as_matrix()
        xy, depth = project(np.stack([now[:3, 3], goal[:3, 3]]))
        theta_u = Rotation.from_matrix(now[:3, :3] @ goal[:3, :3].T).as_rotvec()
        error = np.concatenate([xy[0] - xy[1], [np.log(depth[0] / depth[1])], theta_u])
        x, y = xy[0]
        L = np.zeros((6, 6))
        L[:2] = point_matrix(xy[:1], depth[:1])
        L[2] = 0.0, 0.0, -1.0 / depth[0], -y, x, 0.0
        L[3:, 3:] = -theta_u_jacobian(-theta_u)  # in axes at rest; those of the article turn with the frame
        return error, L


class HybridController(ServoController):
    """Drives image position, depth and rotation of the gripper to its goal; see :class:`HybridLaw`."""

    config_type = HybridConfig
    config: HybridConfig

    def make_law(self, gain: AdaptiveGain) -> ServoLaw:
        """The law of 2½-D visual servoing."""
        return HybridLaw(gain)
