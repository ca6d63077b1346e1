"""Making a network's covariances as large as its errors, on frames that neither training nor tests see."""

from __future__ import annotations

import tempfile
from collections.abc import Callable
from dataclasses import asdict
from pathlib import Path
from typing import Any

from ctr_env.estimators.ctrnet.weights import WeightsHeader, load_weights, save_weights

from .pose_runner import PoseStudy, run_pose_study

__all__ = ["calibrate_weights"]

_EXPECTED_MEDIAN = 5.348  # of a chi-square distribution with six degrees of freedom
_KEPT = ("frames", "add_auc_ctrnet", "add_median_m", "valid_share", "mask_iou", "pck2d")


def calibrate_weights(
    weights: Path, robot: str, frames: int = 200, on_frame: Callable[[int, int, Any], None] | None = None
) -> dict[str, Any]:
    """Evaluate weights on the validation split, and write what was found into their header.

    ``covariance_scale`` is set such that the median of the normalised squared error (NEES) of valid estimates is that
    of a chi-square distribution: a robust estimate, for the errors of a network have heavier tails than a normal
    distribution's. Single frames, preset ``strong``.

    Args:
        weights: File to evaluate and to write to.
        robot: Its robot, by name or file.
        frames: Number of frames.
        on_frame: Told of every frame (see :func:`.pose_runner.run_pose_study`).

    Returns:
        The figures in the header.

    Raises:
        FileNotFoundError: If there is no such file.
        ValueError: If it is not a weights file.
    """
    state, header = load_weights(weights)
    config = {"weights": str(weights), "tracking": False}
    study = PoseStudy(
        robot=robot, data="synthetic:validation", frames=frames, estimator="ctrnet", estimator_config=config
    )
    with tempfile.TemporaryDirectory() as folder:
        summary = run_pose_study(study, Path(folder), on_frame=on_frame)["summary"]
    scale = float(header.figures.get("covariance_scale", 1.0))
    median = summary["nees"]["median"]
    if median is not None:
        scale *= median / _EXPECTED_MEDIAN
    figures = {"covariance_scale": scale, "validation": {name: summary[name] for name in _KEPT}}
    save_weights(weights, state, WeightsHeader(**{**asdict(header), "figures": figures}))
    return figures
