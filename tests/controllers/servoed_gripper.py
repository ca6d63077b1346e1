"""A gripper without an arm: it moves exactly by the twist that a law requests."""

from __future__ import annotations

import numpy as np
from scipy.spatial.transform import RigidTransform, Rotation

from ctr_env.controllers import AdaptiveGain, CartesianFeature, HybridLaw, ImagePointLaw, ServoContext, ServoLaw
from ctr_env.controllers.features import ImageFeature
from ctr_env.controllers.pbvs import PoseLaw
from ctr_env.controllers.switched import SwitchedLaw
from ctr_env.geometry import PinholeCamera, look_at, moved, transform

DT = 1.0 / 30.0
CAMERA = PinholeCamera(fx=500.0, fy=500.0, cx=320.0, cy=240.0, width=640, height=480)
CAMERA_T_BASE = look_at(np.array([1.6, 0.3, 0.7]), np.array([0.4, 0.0, 0.4])).inv()
SQUARE = 0.05 * np.array([(-1.0, -1.0, 0.0), (1.0, -1.0, 0.0), (1.0, 1.0, 0.0), (-1.0, 1.0, 0.0)])


def facing(x: float = 0.0, y: float = 0.0, z: float = 1.0, roll: float = 0.0) -> RigidTransform:
    """``base_T_ee`` of a gripper whose square faces the camera, at a position in the camera frame."""
    return CAMERA_T_BASE.inv() * transform((x, y, z), Rotation.from_rotvec((0.0, 0.0, roll)))


def laws(gain: float) -> dict[str, ServoLaw]:
    """All laws with a constant gain, 1/s."""
    g = AdaptiveGain.constant(gain)
    images = {f"ibvs {name}": ImagePointLaw(SQUARE, g, name) for name in ("current", "desired", "mean")}
    pose = PoseLaw(CartesianFeature(), g)
    switched = SwitchedLaw(pose, images["ibvs current"])
    return {
        "pbvs": pose,
        "pbvs image": PoseLaw(ImageFeature(), g),
        "hybrid": HybridLaw(g),
        "switched": switched,
    } | images


LAWS = tuple(laws(1.0))


def context(ee: RigidTransform, goal: RigidTransform, camera: PinholeCamera | None = CAMERA) -> ServoContext:
    return ServoContext(
        base_T_ee=ee, base_T_goal=goal, time_s=0.0, goal_twist=np.zeros(6), camera_T_base=CAMERA_T_BASE, camera=camera
    )


def run(law: ServoLaw, ee: RigidTransform, goal: RigidTransform, steps: int) -> list[RigidTransform]:
    poses = [ee]
    for _ in range(steps):
        poses.append(moved(poses[-1], law.twist(context(poses[-1], goal)), DT))
    return poses


def depths(poses: list[RigidTransform]) -> np.ndarray:
    """``(T,)`` distances of the gripper from the camera along its axis, metres."""
    return np.array([(CAMERA_T_BASE * pose).translation[2] for pose in poses])
