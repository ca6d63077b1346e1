"""Making a network's covariances as large as its errors, on frames that neither training nor tests see."""

from __future__ import annotations

import tempfile
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import brentq
from scipy.stats import chi2

from ctr_env.estimators.ctrnet.weights import load_weights, save_weights
from ctr_env.estimators.systematic_error import systematic_covariance

from .metrics import NEES_DOF
from .runner import PoseStudy, run_pose_study

__all__ = ["calibrate_weights", "covariance_scale"]

_SHARE = 0.9  # of errors, and the region that they shall lie in
_DECADES = 3.0
_KEPT = ("frames", "add_auc_ctrnet", "add_median_m", "valid_share", "mask_iou", "pck2d")


def calibrate_weights(
    weights: Path, robot: str, frames: int = 200, on_frame: Callable[[int, int, Any], None] | None = None
) -> dict[str, Any]:
    """Evaluate weights on the validation split, and write what was found into their header.

    ``covariance_scale`` (see :class:`~ctr_env.estimators.ctrnet.uncertainty.UncertaintyModel`) is set such that nine of
    ten errors of valid estimates lie within the 90 % regions of their covariances. The errors of a network have heavier
    tails than a normal distribution's: more than half of them then lie within the 50 % regions. Single frames, preset
    ``strong``.

    Args:
        weights: File to evaluate and to write to.
        robot: Its robot, by name or file.
        frames: Number of frames.
        on_frame: Told of every frame (see :func:`.pose_runner.run_pose_study`).

    Returns:
        The metrics in the header.

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
        result = run_pose_study(study, Path(folder), on_frame=on_frame)
    model = header.uncertainty
    scale = model.covariance_scale
    valid = [record for record in result["per_frame"] if record["error_twist"] and record["covariance"]]
    if valid:
        fits = (np.array([record["covariance"] for record in valid]) - model.systematic_covariance) / scale
        scale = covariance_scale(np.array([record["error_twist"] for record in valid]), fits)
    summary = result["summary"]
    metrics = {"validation": {name: summary[name] for name in _KEPT}}
    model = replace(model, covariance_scale=scale, measured=True, inherited_from="")
    save_weights(weights, state, replace(header, metrics=metrics, uncertainty=model))
    return metrics


def covariance_scale(errors: NDArray[np.float64], fits: NDArray[np.float64]) -> float:
    """What ``(N, 6, 6)`` covariances of fits must be multiplied by for ``(N, 6)`` errors, between 0.001 and 1,000."""

    def beyond(exponent: float) -> float:
        covariances = 10.0**exponent * fits + systematic_covariance()
        squares = np.einsum("ni,ni->n", errors, np.linalg.solve(covariances, errors[..., None])[..., 0])
        return float(np.quantile(squares, _SHARE) - chi2.ppf(_SHARE, NEES_DOF))

    if beyond(-_DECADES) < 0.0:
        return float(10.0**-_DECADES)
    if beyond(_DECADES) > 0.0:
        return float(10.0**_DECADES)
    return float(10.0 ** brentq(beyond, -_DECADES, _DECADES))
