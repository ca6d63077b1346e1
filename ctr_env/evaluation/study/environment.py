"""The environment of a study's episodes."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ctr_env.evaluation.benchmark.resolve import environment_of
from ctr_env.evaluation.servo.servo_study import ServoStudy

__all__ = ["servo_study_of"]


def servo_study_of(parameters: Mapping[str, Any], seconds: float | None) -> ServoStudy:
    """What makes the environment of some parameters.

    Args:
        parameters: As :func:`~ctr_env.evaluation.benchmark.resolve.environment_of` takes them.
        seconds: Length of an episode; ``None``: as the environment is registered.

    Raises:
        ConfigurationError: If a parameter is not valid.
    """
    spec = environment_of(parameters)
    return ServoStudy(spec.robot, spec.task, env_config=dict(spec.env_config), seconds=seconds, env=spec.env)
