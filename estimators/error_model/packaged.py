"""The error models of the package, and the robots that they belong to."""

from __future__ import annotations

from pathlib import Path

from ctr_env.runs.packaged_files import packaged_file, packaged_names
from ctr_env.scenes.robots.description import RobotDescription

__all__ = ["modelled_robots", "packaged_error_model"]

_FOLDER = Path(__file__).parent / "fitted"


def modelled_robots() -> tuple[str, ...]:
    """Names of the robots whose error models the package contains."""
    return packaged_names(_FOLDER)


def packaged_error_model(robot: RobotDescription) -> Path:
    """The file of a robot's error model.

    Raises:
        ConfigurationError: If none comes with the package; the message lists the robots that have one.
    """
    remedy = "fit one with `ctr-env fit-error-model` and name the file: model=FILE"
    return packaged_file(_FOLDER, robot.network_robot, f"error model for robot {robot.name!r}", remedy)
