"""The error models of the package, and the robots that they belong to."""

from __future__ import annotations

from pathlib import Path

from ctr_env.errors import ConfigurationError
from ctr_env.scenes.robots.description import RobotDescription

__all__ = ["modelled_robots", "packaged_error_model"]

_FOLDER = Path(__file__).parent / "fitted"


def modelled_robots() -> tuple[str, ...]:
    """Names of the robots whose error models the package contains."""
    return tuple(sorted(file.stem for file in _FOLDER.glob("*.safetensors")))


def packaged_error_model(robot: RobotDescription) -> Path:
    """The file of a robot's error model.

    Raises:
        ConfigurationError: If none comes with the package; the message lists the robots that have one.
    """
    if robot.network_robot not in modelled_robots():
        raise ConfigurationError(
            f"the package has no error model for robot {robot.name!r} (it has: "
            f"{', '.join(modelled_robots()) or 'none'}); fit one with `ctr-env fit-error-model` and "
            "name the file: model=FILE"
        )
    return _FOLDER / f"{robot.network_robot}.safetensors"
