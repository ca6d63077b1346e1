"""What a scene is made of."""

from __future__ import annotations

from dataclasses import dataclass

from ctr_env.scenes.robots.description import RobotDescription

__all__ = ["SceneConfig"]


@dataclass(frozen=True)
class SceneConfig:
    """What a scene is made of."""

    robot: str | RobotDescription = "panda"
    """Robot, by name or by description."""
    width: int = 320
    """Largest image width, pixels."""
    height: int = 240
    """Largest image height, pixels."""
    board: bool = False
    """Whether the gripper carries a calibration board."""
    room: str = "plain"
    """One of :data:`~ctr_env.scenes.world.furniture.ROOMS`."""
    clutter: int = 12
    """Slots for objects that stand around (drawn, never touched)."""
    occluders: int = 3
    """Slots for objects that hang between camera and robot."""
