"""Options that name an entry of a registry: the valid names, and the options that an entry brings."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from ctr_env.runs.configuration import require_choice
from ctr_env.runs.seeds import SPLITS

__all__ = ["CONFIGURATIONS", "NAMES", "metavar"]


def _estimator(name: str) -> type | None:
    from ctr_env.estimators.registry import estimator_entries

    require_choice("estimator", name, _estimators())
    return estimator_entries()[name].config_type


def _controller(name: str) -> type | None:
    from ctr_env.controllers.registry import controller_entries

    require_choice("controller", name, _controllers())
    return controller_entries()[name].config


def _estimators() -> tuple[str, ...]:
    from ctr_env.estimators.registry import estimator_names

    return estimator_names()


def _controllers() -> tuple[str, ...]:
    from ctr_env.controllers.registry import controller_names

    return controller_names()


def _renderers() -> tuple[str, ...]:
    from ctr_env.scenes.rendering.registry import RENDERERS

    return tuple(RENDERERS)


def _architectures() -> tuple[str, ...]:
    from ctr_env.estimators.ctrnet.architectures import ARCHITECTURES

    return tuple(ARCHITECTURES)


def _robots() -> str:
    from ctr_env.scenes.robots.catalogue import ROBOTS

    return "|".join([*ROBOTS, "FILE"])


def _presets() -> str:
    from ctr_env.scenes.randomization.presets import PRESETS

    return "|".join([*PRESETS, "FILE"])


CONFIGURATIONS: Mapping[str, Callable[[str], type | None]] = {
    "estimator": _estimator, "source": _estimator, "start": _estimator, "controller": _controller,
}  # fmt: skip
"""For each option that names an entry with a configuration: the configuration class of an entry, if it has one."""

NAMES: Mapping[str, Callable[[], tuple[str, ...]]] = {
    "estimator": _estimators, "source": _estimators, "start": _estimators, "controller": _controllers,
    "renderer": _renderers, "architecture": _architectures,
}  # fmt: skip
"""For each option that names an entry: the valid names."""


def _tasks() -> str:
    from ctr_env.envs.config import TASKS

    return "|".join(TASKS)


def _moving() -> str:
    from ctr_env.envs.config import MOVING

    return "|".join(MOVING)


def _features() -> str:
    from ctr_env.controllers.features import FEATURES

    return "|".join(FEATURES)


def _feed_forward() -> str:
    from ctr_env.controllers.goal_motion import FEED_FORWARD

    return "|".join(FEED_FORWARD)


def _endpoints() -> str:
    from ctr_env.controllers.endpoint import ENDPOINTS

    return "|".join(ENDPOINTS)


def _points() -> str:
    from ctr_env.controllers.gripper_points import POINTS

    return "|".join(POINTS)


def _interactions() -> str:
    from ctr_env.controllers.ibvs import INTERACTIONS

    return "|".join(INTERACTIONS)


def _latency() -> str:
    from ctr_env.controllers.latency import LATENCY

    return "|".join(LATENCY)


_METAVARS: Mapping[str, Callable[[], str]] = {
    "robot": _robots,
    "randomization": _presets,
    "device": lambda: "auto|cpu|cuda[:N]",
    "split": lambda: "|".join(SPLITS),
    "task": _tasks,
    "moving": _moving,
    "feature": _features,
    "feed_forward": _feed_forward,
    "endpoint": _endpoints,
    "latency": _latency,
    "points": _points,
    "interaction": _interactions,
    "keypoints": lambda: "all|paper",
}


def metavar(option: str) -> str | None:
    """Placeholder of an option's value in the help; ``None``: made from its type."""
    return _METAVARS[option]() if option in _METAVARS else None
