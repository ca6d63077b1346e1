"""The weights of the package, and the robots that weights files belong to."""

from __future__ import annotations

from pathlib import Path

from ctr_env.estimators.mirrored import Mirror
from ctr_env.runs.packaged_files import packaged_file, packaged_names
from ctr_env.scenes.robots.description import RobotDescription

from .weights import read_header

__all__ = ["mirror_for", "packaged_robots", "packaged_weights", "weights_robot"]

_FOLDER = Path(__file__).parent / "pretrained"


def packaged_robots() -> tuple[str, ...]:
    """Names of the robots whose weights the package contains."""
    return packaged_names(_FOLDER)


def packaged_weights(robot: RobotDescription) -> Path:
    """The weights file of a robot.

    Raises:
        ConfigurationError: If none comes with the package; the message lists the robots that have one.
    """
    remedy = "train weights with `ctr-env pretrain` and name the file: weights=FILE"
    return packaged_file(_FOLDER, robot.network_robot, f"CtRNet weights for robot {robot.name!r}", remedy)


def mirror_for(robot: RobotDescription, weights: Path | None) -> Mirror | None:
    """How images of a robot are mirrored for weights of its mirror image; ``None`` if the weights are the robot's own.

    Args:
        robot: The robot in the images.
        weights: A weights file; ``None``: those of the package.

    Raises:
        MissingFileError: If there is no such file.
        DataError: If it is not a weights file.
    """
    if robot.mirror_of is None:
        return None
    own = robot.network_robot in (packaged_robots() if weights is None else [weights_robot(weights)])
    return None if own else Mirror(robot)


def weights_robot(file: Path) -> str:
    """Name of the robot that a weights file was trained on.

    Raises:
        MissingFileError: If there is no such file.
        DataError: If it is not a weights file.
    """
    return read_header(file).robot
