"""Batched estimators by name."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import torch

from ctr_env.errors import ConfigurationError
from ctr_env.runs.configuration import require_choice
from ctr_env.scenes.robots.kinematics import RobotKinematics

from .base import BatchedEstimator
from .ctrnet import BatchedCtRNet
from .ground_truth import BatchedGroundTruth
from .noisy import BatchedNoisyEstimator

__all__ = ["BATCHED_ESTIMATORS", "make_batched_estimator"]

BATCHED_ESTIMATORS = ("ground_truth", "noisy", "ctrnet")
"""Names that :func:`make_batched_estimator` accepts: those of the ordinary estimators that are here too."""


def make_batched_estimator(
    name: str, config: Mapping[str, Any] | None, kinematics: RobotKinematics, device: torch.device
) -> BatchedEstimator:
    """A batched estimator.

    Args:
        name: One of :data:`BATCHED_ESTIMATORS`.
        config: The fields of the ordinary estimator's configuration that differ from its defaults.
        kinematics: The robot in the frames.
        device: Where it computes.

    Raises:
        ConfigurationError: If the name or a field is unknown, or a setting is not to be had for batches.
    """
    require_choice("batched estimator", name, BATCHED_ESTIMATORS)
    if name == "ground_truth" and config:
        raise ConfigurationError(f"the batched ground_truth estimator has no configuration, not {dict(config)}")
    if name == "ctrnet":
        return BatchedCtRNet(kinematics, device, config)
    return BatchedNoisyEstimator(device, config) if name == "noisy" else BatchedGroundTruth()
