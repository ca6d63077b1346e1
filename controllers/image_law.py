"""Laws on what a camera beside the arm sees of the gripper: features with an interaction matrix."""

from __future__ import annotations

from abc import abstractmethod

import numpy as np
from numpy.typing import NDArray
from scipy.spatial.transform import RigidTransform

from .gains import AdaptiveGain
from .interaction import spatial_twist_map
from .law import ServoContext, ServoLaw

__all__ = ["ImageLaw"]


class ImageLaw(ServoLaw):
    """``twist = -g(e) inv(J) e`` with features' error e and Jacobian J with respect to the twist of the gripper."""

    def __init__(self, gain: AdaptiveGain) -> None:
        """Set the rate of decay, as a function of the error."""
        self.gain = gain

    @abstractmethod
    def error_and_matrix(
        self, camera_T_ee: RigidTransform, camera_T_goal: RigidTransform
    ) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        """``(F,)`` error of the features, and the ``(F, 6)`` interaction matrix of a camera's twist."""

    @abstractmethod
    def solve(self, jacobian: NDArray[np.float64], error: NDArray[np.float64]) -> NDArray[np.float64]:
        """``(6,)`` solution x of ``jacobian @ x = error``, for the ``(F, 6)`` Jacobian of the features."""

    def twist(self, context: ServoContext) -> NDArray[np.float64]:
        """``(6,)`` twist towards the goal, m/s and rad/s in base axes.

        Raises:
            DataError: If the goal came without ``camera_T_base``.
        """
        camera_T_ee, camera_T_goal = context.camera_poses()
        error, L = self.error_and_matrix(camera_T_ee, camera_T_goal)
        assert context.camera_T_base is not None
        jacobian = -L @ spatial_twist_map(context.camera_T_base, camera_T_ee)
        return np.asarray(-min(self.gain(error), context.max_gain) * self.solve(jacobian, error))
