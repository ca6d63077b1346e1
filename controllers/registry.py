"""Controllers by name."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Any

from ctr_env.scenes.robots.kinematics import RobotKinematics

from .pbvs_controller import PBVSController

__all__ = ["CONTROLLERS", "make_controller"]

CONTROLLERS: Mapping[str, type[PBVSController]] = MappingProxyType({"pbvs": PBVSController})
"""The controllers that come with the package, by name."""


def make_controller(
    name: str, kinematics: RobotKinematics, config: Any = None, dt: float = 1.0 / 30.0
) -> PBVSController:
    """A controller by name.

    Args:
        name: One of :data:`CONTROLLERS`.
        kinematics: The arm.
        config: The controller's settings, or a mapping of those that are not the defaults.
        dt: Time between two commands, seconds.

    Raises:
        ValueError: If the name is unknown, or a setting is not valid.
    """
    if name not in CONTROLLERS:
        raise ValueError(f"unknown controller {name!r}; valid names: {', '.join(sorted(CONTROLLERS))}")
    return CONTROLLERS[name](kinematics, config, dt)
