"""Switched visual servoing: position-based, and image-based where the gripper is about to leave the image."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.spatial.transform import RigidTransform

from ctr_env.errors import ConfigurationError, DataError
from ctr_env.geometry import PinholeCamera
from ctr_env.runs.configuration import require_choice, require_range

from .features import CartesianFeature
from .gains import AdaptiveGain
from .gripper_points import POINTS, gripper_points
from .ibvs import ImagePointLaw
from .interaction import MIN_DEPTH_M
from .law import ServoContext, ServoLaw
from .pbvs import PoseLaw
from .servo_config import ServoControllerConfig
from .servo_controller import ServoController

__all__ = ["SwitchedConfig", "SwitchedController", "SwitchedLaw", "image_margin"]


@dataclass(frozen=True, kw_only=True)
class SwitchedConfig(ServoControllerConfig):
    """Settings of :class:`~ctr_env.controllers.SwitchedController`.

    Raises:
        ConfigurationError: If a value is out of its range or a name is unknown; the message lists what is valid.
    """

    points: str = "square"
    """Points on the gripper that stay in the image: ``"square"`` (corners of a square around its origin), ``"board"``
    (corners of the calibration board) or ``"links"`` (origins of its links)."""
    square_side: float = 0.1
    """Side of that square, m."""
    enter_margin: float = 0.06
    """Distance of a point from the image's border, as a share of the image's smaller side, below which the image-based
    law takes over."""
    leave_margin: float = 0.12
    """Distance of all points above which the position-based law takes over again."""

    def __post_init__(self) -> None:
        """Check every value."""
        require_choice(f"{type(self).__name__}.points", self.points, POINTS)
        require_range(self, 1e-3, 10.0, "square_side")
        require_range(self, 0.0, 0.5, "enter_margin", "leave_margin")
        if self.leave_margin < self.enter_margin:
            raise ConfigurationError(
                f"{type(self).__name__}.leave_margin must not be below enter_margin, "
                f"not {self.leave_margin!r} and {self.enter_margin!r}"
            )
        super().__post_init__()


class SwitchedLaw(ServoLaw):
    """The position-based law while all points are well inside the image, else the image-based one.

    Switching between the two is due to N. Gans and S. Hutchinson, "Stable visual servoing through hybrid
    switched-system control", IEEE Transactions on Robotics 23(3), 2007; the image border as the reason to switch to
    G. Chesi, K. Hashimoto, D. Prattichizzo, A. Vicino, "Keeping features in the field of view in eye-in-hand visual
    servoing: a switching approach", IEEE Transactions on Robotics 20(5), 2004. The image-based law with the current
    interaction matrix moves the points' images towards their goals, which are inside the image, so that they do not
    cross its border; hysteresis between the margins prevents chattering.

    Attributes:
        image_based: Whether the image-based law was used last.
    """

    def __init__(
        self, pose_law: PoseLaw, image_law: ImagePointLaw, enter_margin: float = 0.06, leave_margin: float = 0.12
    ) -> None:
        """Compose the law; see :class:`SwitchedConfig` for the margins."""
        self.pose_law = pose_law
        self.image_law = image_law
        self.enter_margin = enter_margin
        self.leave_margin = leave_margin
        self.reset()

    def reset(self) -> None:
        """Begin with the position-based law."""
        self.image_based = False

    def twist(self, context: ServoContext) -> NDArray[np.float64]:
        """``(6,)`` twist towards the goal, m/s and rad/s in base axes.

        Raises:
            DataError: If the goal came without ``camera_T_base`` or ``camera``.
        """
        if context.camera is None:
            raise DataError("a visibility constraint needs goals with ServoGoal.camera, which is None")
        camera_T_ee, camera_T_goal = context.camera_poses()
        points = self.image_law.points
        margin = image_margin(context.camera, camera_T_ee, points)
        if image_margin(context.camera, camera_T_goal, points) <= 0.0:
            self.image_based = False  # there is no image position that the points could be kept at
        else:
            self.image_based = margin < (self.leave_margin if self.image_based else self.enter_margin)
        return (self.image_law if self.image_based else self.pose_law).twist(context)


def image_margin(camera: PinholeCamera, camera_T_points: RigidTransform, points: NDArray[np.float64]) -> float:
    """Least distance of points from the image's border, as a share of its smaller side; negative outside.

    Args:
        camera: Intrinsics.
        camera_T_points: Pose of the points' frame.
        points: ``(P, 3)`` metres. One behind the camera counts as far outside.
    """
    seen = camera_T_points.apply(points)
    if (seen[:, 2] < MIN_DEPTH_M).any():
        return -1.0
    pixels = camera.project(seen)
    size = np.array([camera.width, camera.height], dtype=float)
    return float(np.min(np.minimum(pixels, size - pixels)) / size.min())


class SwitchedController(ServoController):
    """Servoes on the pose, and on the image where the gripper is about to leave it; see :class:`SwitchedLaw`."""

    config_type = SwitchedConfig
    config: SwitchedConfig

    def make_law(self, gain: AdaptiveGain) -> ServoLaw:
        """Both laws with the same gain."""
        c = self.config
        points = gripper_points(self.kinematics, c.points, c.square_side)
        image_law = ImagePointLaw(points, gain, "current", c.rotation_length)
        return SwitchedLaw(PoseLaw(CartesianFeature(), gain), image_law, c.enter_margin, c.leave_margin)
