"""Estimators by name."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from ctr_env.scenes.robots.kinematics import RobotKinematics

from .base import PoseEstimator
from .ground_truth import GroundTruthEstimator
from .noisy import NoisyEstimator

__all__ = ["estimator_names", "make_estimator", "register_estimator"]

Factory = Callable[[RobotKinematics, Mapping[str, Any]], PoseEstimator]


def _ground_truth(kinematics: RobotKinematics, config: Mapping[str, Any]) -> PoseEstimator:
    if config:
        raise ValueError(f"the ground_truth estimator has no configuration, not {dict(config)!r}")
    return GroundTruthEstimator()


def _noisy(kinematics: RobotKinematics, config: Mapping[str, Any]) -> PoseEstimator:
    return NoisyEstimator(config)


def _charuco(kinematics: RobotKinematics, config: Mapping[str, Any]) -> PoseEstimator:
    from .charuco import CharucoEstimator  # OpenCV only where it is asked for

    return CharucoEstimator(kinematics, config)


def _ctrnet(kinematics: RobotKinematics, config: Mapping[str, Any]) -> PoseEstimator:
    from ctr_env.estimators.ctrnet.estimator import make_ctrnet  # likewise

    return make_ctrnet(kinematics, config)


def _render_and_compare(kinematics: RobotKinematics, config: Mapping[str, Any]) -> PoseEstimator:
    from .render_and_compare import make_render_and_compare  # likewise

    return make_render_and_compare(kinematics, config)


def _sliding_window(kinematics: RobotKinematics, config: Mapping[str, Any]) -> PoseEstimator:
    from ctr_env.estimators.fusion.sliding_window import SlidingWindowEstimator

    return SlidingWindowEstimator(kinematics, config)


def _pose_filter(kinematics: RobotKinematics, config: Mapping[str, Any]) -> PoseEstimator:
    from ctr_env.estimators.fusion.pose_filter import PoseFilterEstimator

    return PoseFilterEstimator(kinematics, config)


_FACTORIES: dict[str, Factory] = {
    "ctrnet": _ctrnet,
    "ground_truth": _ground_truth,
    "noisy": _noisy,
    "fiducial": _charuco,
    "render_and_compare": _render_and_compare,
    "sliding_window": _sliding_window,
    "pose_filter": _pose_filter,
}


def estimator_names() -> tuple[str, ...]:
    """Names that :func:`make_estimator` takes."""
    return tuple(sorted(_FACTORIES))


def register_estimator(name: str, factory: Factory) -> None:
    """Make an estimator of your own available by name.

    Args:
        name: Name for ``estimator="..."``.
        factory: Called with the robot's kinematics and the user's configuration mapping.

    Raises:
        ValueError: If the name is taken.
    """
    if name in _FACTORIES:
        raise ValueError(f"an estimator named {name!r} exists already; names: {', '.join(estimator_names())}")
    _FACTORIES[name] = factory


def make_estimator(
    estimator: str | PoseEstimator, config: Mapping[str, Any] | None, kinematics: RobotKinematics
) -> PoseEstimator:
    """An estimator by name and configuration; an object is returned as it is.

    Raises:
        ValueError: If the name or a configuration field is unknown, or an object comes with a configuration.
    """
    if isinstance(estimator, PoseEstimator):
        if config:
            raise ValueError("estimator_config goes with an estimator's name; an object is configured already")
        return estimator
    if estimator not in _FACTORIES:
        raise ValueError(f"unknown estimator {estimator!r}; valid names: {', '.join(estimator_names())}")
    return _FACTORIES[estimator](kinematics, config or {})
