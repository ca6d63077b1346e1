"""Image-based visual servoing on the images of points that are fixed to the gripper."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.spatial.transform import RigidTransform

from ctr_env.runs.configuration import require_choice, require_range

from .gains import AdaptiveGain
from .gripper_points import POINTS, gripper_points
from .image_law import ImageLaw
from .interaction import point_matrix, project
from .law import ServoLaw
from .servo_config import ServoControllerConfig
from .servo_controller import ServoController

__all__ = ["INTERACTIONS", "IBVSConfig", "IBVSController", "ImagePointLaw"]

INTERACTIONS = ("mean", "current", "desired")
"""Poses at which the interaction matrix is evaluated; see :class:`ImagePointLaw`."""
_SINGULAR = 1e-3
"""Singular value, relative to the largest, below which the inverse is damped."""


@dataclass(frozen=True, kw_only=True)
class IBVSConfig(ServoControllerConfig):
    """Settings of :class:`~ctr_env.controllers.IBVSController`; errors are in normalised image coordinates.

    Raises:
        ConfigurationError: If a value is out of its range or a name is unknown; the message lists what is valid.
    """

    points: str = "square"
    """Points on the gripper: ``"square"`` (corners of a square around its origin), ``"board"`` (corners of the
    calibration board) or ``"links"`` (origins of its links)."""
    square_side: float = 0.1
    """Side of that square, m."""
    interaction: str = "mean"
    """Pose at which the interaction matrix is evaluated: ``"current"``, ``"desired"``, or the ``"mean"`` of both
    matrices."""

    def __post_init__(self) -> None:
        """Check every value."""
        name = type(self).__name__
        require_choice(f"{name}.points", self.points, POINTS)
        require_choice(f"{name}.interaction", self.interaction, INTERACTIONS)
        require_range(self, 1e-3, 10.0, "square_side")
        super().__post_init__()


class ImagePointLaw(ImageLaw):
    """``V = g pinv(L) (s - s*)``: the images of points move to where the goal has them.

    s are normalised image coordinates of the gripper's points by the estimate, s* those at the goal, V the gripper's
    twist seen from the camera. L, the interaction matrix, with depths by the estimate, is evaluated

    - at the *current* pose: image points move straight to their goals; a large rotation about the optical axis makes
      the gripper retreat along it, without end for 180 degrees (F. Chaumette, "Potential problems of stability and
      convergence in image-based and position-based visual servoing", The Confluence of Vision and Control, 1998);
    - at the *desired* pose: constant; near the goal only;
    - as the *mean* of both matrices: second-order convergence (E. Malis, "Improving vision-based control using
      efficient second-order minimization techniques", ICRA 2004) and no retreat, but singular at 180 degrees.

    Eight errors of four points have six degrees of freedom: where a part of the error lies in the null space of
    ``pinv(L)``, the law rests in a local minimum (Chaumette, 1998).
    """

    def __init__(
        self, points: NDArray[np.float64], gain: AdaptiveGain, interaction: str = "mean", rotation_length: float = 0.3
    ) -> None:
        """Set the law.

        Args:
            points: ``(P, 3)`` points in the end-effector frame, metres.
            gain: Rate of decay, as a function of the image error.
            interaction: One of :data:`INTERACTIONS`.
            rotation_length: Length that weights a radian against translation near singularities, m.

        Raises:
            ConfigurationError: If the interaction is unknown.
        """
        require_choice("interaction", interaction, INTERACTIONS)
        super().__init__(gain)
        self.points = points
        self.interaction = interaction
        self._weights = np.repeat([1.0, 1.0 / rotation_length], 3)

    def solve(self, jacobian: NDArray[np.float64], error: NDArray[np.float64]) -> NDArray[np.float64]:
        """``(6,)`` least-squares solution, damped where the images say little of a motion."""
        return np.asarray(self._weights * damped_solution(jacobian * self._weights, error))

    def error_and_matrix(
        self, camera_T_ee: RigidTransform, camera_T_goal: RigidTransform
    ) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        """``(2P,)`` image error s - s*, and the ``(2P, 6)`` interaction matrix of a camera's twist."""
        now, now_depth = project(camera_T_ee.apply(self.points))
        goal, goal_depth = project(camera_T_goal.apply(self.points))
        matrices = []
        if self.interaction != "desired":
            matrices.append(point_matrix(now, now_depth))
        if self.interaction != "current":
            matrices.append(point_matrix(goal, goal_depth))
        return (now - goal).ravel(), np.asarray(sum(matrices) / len(matrices))


def damped_solution(matrix: NDArray[np.float64], values: NDArray[np.float64]) -> NDArray[np.float64]:
    """Least-squares solution of ``matrix @ x = values`` that stays bounded where the matrix is nearly singular.

    Each singular value s below e, a thousandth of the largest, is damped by ``e^2 - s^2``: the solution is exact above
    e, continuous at it, and vanishes in directions that the values say nothing of.
    """
    U, s, Vt = np.linalg.svd(matrix, full_matrices=False)
    least = _SINGULAR * max(float(s[0]), 1e-12)
    damping = np.where(s < least, 1.0 - (s / least) ** 2, 0.0) * least**2
    return np.asarray(Vt.T @ (s / (s**2 + damping) * (U.T @ values)))


class IBVSController(ServoController):
    """Drives the images of points on the gripper to their goals; see :class:`ImagePointLaw`."""

    config_type = IBVSConfig
    config: IBVSConfig

    def make_law(self, gain: AdaptiveGain) -> ServoLaw:
        """The law of the points and the interaction matrix that the settings name."""
        c = self.config
        points = gripper_points(self.kinematics, c.points, c.square_side)
        return ImagePointLaw(points, gain, c.interaction, c.rotation_length)
