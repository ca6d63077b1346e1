"""The weights that come with the package, and whose they are."""

from __future__ import annotations

from pathlib import Path

from ctr_env.estimators.mirrored import Mirror
from ctr_env.scenes.robots.description import RobotDescription

__all__ = ["mirror_for", "packaged_robots", "packaged_weights", "weights_robot"]

_FOLDER = Path(__file__).parent / "pretrained"


def packaged_robots() -> tuple[str, ...]:
    """Names of the robots that weights come with the package for."""
    return tuple(sorted(file.stem for file in _FOLDER.glob("*.safetensors")))


def packaged_weights(robot: RobotDescription) -> Path:
    """The weights file of a robot.

    Raises:
        ValueError: If none comes with the package; the message lists the robots that have one.
    """
    if robot.name not in packaged_robots():
        raise ValueError(
            f"no CtRNet weights come with the package for robot {robot.name!r} (there are: "
            f"{', '.join(packaged_robots()) or 'none'}); train some with `ctr-env pretrain` and name the file in the "
            "configuration: {'weights': 'FILE'}"
        )
    return _FOLDER / f"{robot.name}.safetensors"


def mirror_for(robot: RobotDescription, weights: Path | None) -> Mirror | None:
    """The mirror in which weights see a robot; ``None`` if they are its own, or it is no other's mirror image.

    Args:
        robot: The robot in the images.
        weights: A weights file; none: those that come with the package.

    Raises:
        FileNotFoundError: If there is no such file.
        ValueError: If it is not a weights file.
    """
    if robot.mirror_of is None:
        return None
    own = robot.name in packaged_robots() if weights is None else weights_robot(weights) == robot.name
    return None if own else Mirror(robot)


def weights_robot(file: Path) -> str:
    """Name of the robot that a weights file was trained on.

    Raises:
        FileNotFoundError: If there is no such file.
        ValueError: If it is not a weights file.
    """
    from .weights import read_header  # torch only where it is needed

    return read_header(file).robot
