"""Fitting the uncertainty model of a network to its errors on frames that neither training nor tests use."""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import brentq
from scipy.stats import chi2, rankdata
from torch import Tensor

from ctr_env.estimators.ctrnet.estimator import CtRNetEstimator
from ctr_env.estimators.ctrnet.uncertainty import DESIGN_CONSTANTS, FITTED_CONSTANTS, UncertaintyModel
from ctr_env.estimators.ctrnet.validity import ValidityModel
from ctr_env.estimators.ctrnet.weights import WeightsHeader, load_weights, save_weights
from ctr_env.runs.seeds import DATA_SETS
from ctr_env.scenes.robots.kinematics import RobotKinematics

from .metrics import NEES_DOF, nees_within
from .runner import PoseStudy, run_pose_study
from .validity import fit_validity_model, labelled_poses, rejected_shares

__all__ = ["FRAMES_OF_A_FIT", "covariance_scale", "fit_model", "fit_uncertainty"]

_SHARE = 0.9  # of the errors, and of the probability of the region that they shall lie in
_DECADES = 3.0
_LARGEST_EXPONENT = 12.0
_FEWEST = 50  # estimates below which the exponent is not determined
_COVERAGE = (0.5, 0.9, 0.95)
_SETS = {"validation": "synthetic:validation", "hard": "synthetic:hard/validation"}
FRAMES_OF_A_FIT = 4
"""Times as many frames as asked for that a fit evaluates in all, but for those of other robots."""
_KEPT = ("frames", "add_auc_ctrnet", "add_median_m", "valid_share", "mask_iou", "pck2d")


def fit_uncertainty(
    weights: Path,
    robot: str,
    frames: int = 200,
    on_frame: Callable[[], None] | None = None,
    seed: int = 0,
    device: str = "auto",
) -> dict[str, Any]:
    """Evaluate weights on the validation split, fit their uncertainty model, and write both into their header.

    Single frames without tracking. First the validity model is fitted (:mod:`.validity`); then, with the poses that it
    accepts in other frames of the presets ``strong`` and ``hard``, the covariances (:func:`fit_model`). The constants
    that are not fitted keep their values.

    Args:
        weights: Weights file to evaluate and to write to.
        robot: Its robot, by name or file.
        frames: Number of frames of each preset.
        on_frame: Called after every frame (see :func:`.runner.run_pose_study`).
        seed: Seed of the frames.
        device: Where the network runs.

    Returns:
        The metrics in the header: ``validation`` (preset ``strong``), ``hard`` and ``uncertainty``.

    Raises:
        MissingFileError: If there is no such file.
        DataError: If it is not a weights file.
    """
    state, header = load_weights(weights)
    with tempfile.TemporaryDirectory() as scratch:
        file = Path(scratch) / weights.name  # the user's file changes once, at the end
        metrics, model = _fitted(file, state, header, robot, frames, on_frame or _ignored, seed, device)
    save_weights(weights, state, replace(header, metrics=metrics, uncertainty=model))
    return metrics


def _fitted(
    file: Path,
    state: Mapping[str, Tensor],
    header: WeightsHeader,
    robot: str,
    frames: int,
    on_frame: Callable[[], None],
    seed: int,
    device: str,
) -> tuple[dict[str, Any], UncertaintyModel]:
    """Metrics and fitted model of weights; ``file`` is written for the estimators that use them."""
    config = {"weights": str(file), "tracking": False, "device": device}
    save_weights(file, state, replace(header, uncertainty=replace(header.uncertainty, validity=ValidityModel())))
    estimator = CtRNetEstimator(RobotKinematics(robot), config)
    judged = list(labelled_poses(estimator, frames, seed, on_frame))
    model = replace(header.uncertainty, validity=fit_validity_model(judged))
    save_weights(file, state, replace(header, uncertainty=model))
    results = {}
    for name, data in _SETS.items():
        study = PoseStudy(
            robot=robot,
            data=data,
            frames=frames,
            estimator="ctrnet",
            estimator_config=config,
            seed=(seed + 1) % DATA_SETS,
        )
        with tempfile.TemporaryDirectory() as folder:
            results[name] = run_pose_study(study, Path(folder), on_frame=lambda *_: on_frame())
    records = [
        record
        for result in results.values()
        for record in result["per_frame"]
        if record["error_twist"] and record["covariance"]
    ]
    before = model
    if records:
        model = fit_model(before, records)
    metrics = {
        **{name: {key: result["summary"][key] for key in _KEPT} for name, result in results.items()},
        "uncertainty": {
            "data": list(_SETS.values()),
            "seed": seed,
            "frames": sum(result["frames"] for result in results.values()),
            "estimates": len(records),
            "coverage": _coverage(before, model, records),
            "rejected": rejected_shares(judged, model.validity),
            "fitted": list(FITTED_CONSTANTS),
            "chosen": list(DESIGN_CONSTANTS),
        },
    }
    return metrics, model


def _ignored() -> None:
    """Ignore progress."""


def fit_model(model: UncertaintyModel, records: Sequence[dict[str, Any]]) -> UncertaintyModel:
    """The uncertainty model that fits errors of valid estimates.

    * ``typical_inlier_ratio`` is the median contour inlier ratio.
    * ``contour_exponent`` is the value at which the normalised squared errors (NEES) and the contour inlier ratios have
      Spearman's rank correlation zero: the ratio then tells nothing more about errors than the covariances do. With
      fewer than 50 estimates it is kept.
    * ``covariance_scale`` is such that nine of ten errors lie inside the 90 % regions of their covariances. Network
      errors have heavier tails than a normal distribution: more than half of them then lie inside the 50 % regions.

    Args:
        model: The model that made the covariances in the records.
        records: Records of valid estimates (see :func:`.records.frame_record`) with ``covariance``, ``error_twist`` and
            ``contour_inlier_ratio``.

    Returns:
        The model with these constants, marked as measured.
    """
    errors, ratios = _errors(records), _ratios(records)
    fits, constant = _fits(model, records), _constant_parts(model, records)
    model = replace(model, measured=True, inherited_from="")
    if ratios is None or len(errors) < _FEWEST:
        return replace(model, covariance_scale=covariance_scale(errors, _shaped(model, fits, ratios), constant))
    model = replace(model, typical_inlier_ratio=float(np.median(ratios)))

    def fitted(exponent: float) -> UncertaintyModel:
        shaped = replace(model, contour_exponent=exponent)
        return replace(shaped, covariance_scale=covariance_scale(errors, _shaped(shaped, fits, ratios), constant))

    def correlation(exponent: float) -> float:
        squares = _nees(errors, fitted(exponent), fits, ratios, constant)
        return float(np.corrcoef(rankdata(squares), rankdata(ratios))[0, 1])

    if correlation(0.0) >= 0.0:
        return fitted(0.0)
    if correlation(_LARGEST_EXPONENT) <= 0.0:
        return fitted(_LARGEST_EXPONENT)
    return fitted(float(brentq(correlation, 0.0, _LARGEST_EXPONENT, xtol=1e-3)))


def covariance_scale(errors: NDArray[np.float64], fits: NDArray[np.float64], constant: NDArray[np.float64]) -> float:
    """Factor on ``(N, 6, 6)`` covariances of fits that explains ``(N, 6)`` errors, between 0.001 and 1,000.

    With it, nine of ten errors lie inside the 90 % regions of scaled fit plus a ``constant`` part, ``(N, 6, 6)`` or
    ``(6, 6)``: that of systematic errors and joint offsets.
    """

    def beyond(exponent: float) -> float:
        covariances = 10.0**exponent * fits + constant
        return float(np.quantile(_squares(errors, covariances), _SHARE) - chi2.ppf(_SHARE, NEES_DOF))

    if beyond(-_DECADES) < 0.0:
        return float(10.0**-_DECADES)
    if beyond(_DECADES) > 0.0:
        return float(10.0**_DECADES)
    return float(10.0 ** brentq(beyond, -_DECADES, _DECADES))


def _errors(records: Sequence[dict[str, Any]]) -> NDArray[np.float64]:
    return np.array([record["error_twist"] for record in records])


def _ratios(records: Sequence[dict[str, Any]]) -> NDArray[np.float64] | None:
    ratios = [record["contour_inlier_ratio"] for record in records]
    return None if None in ratios else np.array(ratios)


def _fits(model: UncertaintyModel, records: Sequence[dict[str, Any]]) -> NDArray[np.float64]:
    """``(N, 6, 6)`` covariances of the fits: a model's covariances without its factors and constant parts."""
    covariances = np.array([record["covariance"] for record in records])
    factors = model.covariance_scale * _shape_factors(model, _ratios(records), len(covariances))
    return (covariances - _constant_parts(model, records)) / factors[:, None, None]


def _constant_parts(model: UncertaintyModel, records: Sequence[dict[str, Any]]) -> NDArray[np.float64]:
    """``(N, 6, 6)`` parts of covariances that do not depend on the fits: systematic errors and joint offsets."""
    nothing = np.zeros((6, 6))
    return np.array([model.pose_covariance(nothing, None, _sensitivity(record)) for record in records])


def _sensitivity(record: dict[str, Any]) -> NDArray[np.float64] | None:
    found = record["joint_sensitivity"]
    return None if found is None else np.array(found)


def _shape_factors(model: UncertaintyModel, ratios: NDArray[np.float64] | None, count: int) -> NDArray[np.float64]:
    if ratios is None:
        return np.ones(count)
    ratios = np.maximum(ratios, model.min_inlier_ratio) / model.typical_inlier_ratio
    return np.asarray(ratios**-model.contour_exponent)


def _shaped(
    model: UncertaintyModel, fits: NDArray[np.float64], ratios: NDArray[np.float64] | None
) -> NDArray[np.float64]:
    """Covariances of fits times the factors of their contour inlier ratios."""
    return _shape_factors(model, ratios, len(fits))[:, None, None] * fits


def _nees(
    errors: NDArray[np.float64],
    model: UncertaintyModel,
    fits: NDArray[np.float64],
    ratios: NDArray[np.float64] | None,
    constant: NDArray[np.float64],
) -> NDArray[np.float64]:
    covariances = model.covariance_scale * _shaped(model, fits, ratios) + constant
    return _squares(errors, covariances)


def _squares(errors: NDArray[np.float64], covariances: NDArray[np.float64]) -> NDArray[np.float64]:
    """``(N,)`` normalised squared errors (NEES)."""
    return np.einsum("ni,ni->n", errors, np.linalg.solve(covariances, errors[..., None])[..., 0])


def _coverage(
    before: UncertaintyModel, after: UncertaintyModel, records: Sequence[dict[str, Any]]
) -> dict[str, dict[str, float]]:
    """Shares of errors inside the 50, 90 and 95 % regions of the model before and after the fit."""
    if not records:
        return {}
    errors, fits, ratios = _errors(records), _fits(before, records), _ratios(records)
    constant, found = _constant_parts(before, records), {}
    for name, model in (("before", before), ("after", after)):
        shares = nees_within(_nees(errors, model, fits, ratios, constant), _COVERAGE)
        found[name] = {f"{100 * p:.0f}": float(share) for p, share in zip(_COVERAGE, shares, strict=True)}
    return found
