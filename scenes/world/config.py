"""Configuration of a scene."""

from __future__ import annotations

from dataclasses import dataclass

from ctr_env.scenes.robots.description import RobotDescription

__all__ = ["SceneConfig"]


@dataclass(frozen=True)
class SceneConfig:
    """Configuration of a scene."""

    robot: str | RobotDescription = "panda"
    """Name or description of the robot."""
    width: int = 320
    """Largest image width, pixels."""
    height: int = 240
    """Largest image height, pixels."""
    board: bool = False
    """Whether the gripper carries a calibration board."""
    block: bool = False
    """Whether there is a block that the gripper can grasp or push."""
    room: str = "plain"
    """One of :data:`~ctr_env.scenes.world.rooms.ROOMS`."""
    clutter: int = 12
    """Largest number of clutter objects (rendered, never colliding)."""
    occluders: int = 3
    """Largest number of objects between camera and robot."""
    block_friction: float = 1.0
    """Sliding friction of the block on table and floor."""
