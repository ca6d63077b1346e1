"""How likely a hypothesis is right: a logistic model of what the stages of inference have found."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ctr_env.errors import ConfigurationError
from ctr_env.runs.configuration import require_range

from .hypothesis import PoseHypothesis
from .joint_information import JointInformation, indicated_offsets, offset_gain, undetermined_share
from .robot_model import RobotView

__all__ = ["EVIDENCE", "ValidityModel", "evidence", "standardised"]

EVIDENCE = {
    "contour": "contour_mismatch",
    "keypoint_fit": "keypoints_disagree",
    "confidence": "robot_not_recognised",
    "used": "too_few_keypoints",
    "in_view": "robot_out_of_view",
    "position_std": "uncertain",
    "sharpness": "mask_uncertain",
    "joint_offset": "joints_disagree",
    "edges": "edge_mismatch",
    "edge_distance": "edge_mismatch",
    "offset_gain": "joints_disagree",
    "undetermined": "joints_undetermined",
}
"""Quantities that the model weighs, each with the reason of rejection that it stands for."""

_UNDETERMINED = list(EVIDENCE).index("undetermined")
_LARGEST_FIT = 1e4
_LEAST_DISTANCE = 0.05
_LEAST_GAIN = 1e-4
_FARTHEST = 4.0  # standard deviations from the mean beyond which evidence says no more
_SURE = (0.2, 0.8)  # mask probabilities between these are undecided


def evidence(
    view: RobotView, hypothesis: PoseHypothesis, information: JointInformation, min_confidence: float
) -> NDArray[np.float64]:
    """``(E,)`` the quantities of :data:`EVIDENCE` for a hypothesis with a pose.

    * ``contour``: contour inlier ratio;
    * ``keypoint_fit``: log of the mean squared reprojection error at the pose in units of the predicted variances;
    * ``confidence``: mean confidence of the keypoints that the pose puts into the image;
    * ``used``: share of these that are confident;
    * ``in_view``: share of all keypoints that the pose puts into the image;
    * ``position_std``: log of the base's standard deviation by the geometry of the fit, metres;
    * ``sharpness``: share of the mask's pixels that are decided;
    * ``joint_offset``: largest joint offset that the image indicates, rad (see :func:`.indicated_offsets`);
    * ``edges``: share of the contour beside an edge of the image;
    * ``edge_distance``: log of the robust standard deviation of its distance to the edges, units;
    * ``offset_gain``: log of the gain of log-posterior by such offsets (see :func:`.offset_gain`);
    * ``undetermined``: share of a joint offset's prior standard deviation that the image leaves (see
      :func:`.undetermined_share`).

    Args:
        view: The image.
        hypothesis: After alignment with image edges.
        information: What the image says of pose and joint offsets there.
        min_confidence: Least confidence of a keypoint that enters PnP.
    """
    found, camera = hypothesis.detected, view.camera
    pixels = camera.project(hypothesis.camera_T_base.apply(view.keypoints))
    inside = camera.contains(pixels)
    known = inside & np.isfinite(found.pixels).all(axis=1) & (found.confidence >= min_confidence)
    squares = np.sum((np.where(known[:, None], pixels - found.pixels, 0.0)) ** 2, axis=1) / (2.0 * found.variance)
    fit = float(squares[known].mean()) if known.any() else _LARGEST_FIT
    mask = found.crop_mask
    robot = float((mask > _SURE[0]).sum())
    undecided = float(((mask > _SURE[0]) & (mask < _SURE[1])).sum())
    count = max(int(inside.sum()), 1)
    return np.array(
        [
            hypothesis.contour_inlier_ratio,
            np.log(np.clip(fit, 1e-3, _LARGEST_FIT)),
            float(found.confidence[inside].mean()) if inside.any() else 0.0,
            float(known.sum()) / count,
            float(inside.mean()),
            0.5 * np.log(max(float(np.trace(hypothesis.covariance[:3, :3])), 1e-12)),
            1.0 - undecided / max(robot, 1.0),
            float(np.abs(indicated_offsets(information)).max()),
            hypothesis.edge_inlier_ratio,
            np.log(max(hypothesis.edge_distance, _LEAST_DISTANCE)),
            np.log(max(offset_gain(information), _LEAST_GAIN)),
            undetermined_share(information),
        ]
    )


def standardised(
    found: Sequence[float] | NDArray[np.float64],
    mean: Sequence[float] | NDArray[np.float64],
    scale: Sequence[float] | NDArray[np.float64],
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """``(..., E)`` standardised quantities of a model and ``(..., E)`` their products with that of ``undetermined``.

    Args:
        found: ``(..., E)`` evidence.
        mean: ``(E,)`` means.
        scale: ``(E,)`` standard deviations.
    """
    z = np.clip((np.asarray(found, dtype=float) - mean) / scale, -_FARTHEST, _FARTHEST)
    return z, z * z[..., [_UNDETERMINED]]


@dataclass(frozen=True, kw_only=True)
class ValidityModel:
    """Logistic regression of "the pose is right" on the evidence; fitted by ``ctr-env fit-uncertainty``.

    With standardised quantities ``z`` (cut off at four standard deviations), of which ``z_u`` is ``undetermined``, the
    log odds are ``bias + (weights + shifts * z_u) @ z``: what a contour is worth depends on how much of the arm it
    shows.

    Raises:
        ConfigurationError: If the numbers do not belong to the evidence.
    """

    mean: tuple[float, ...] = ()
    """Mean of each quantity over the frames of the fit; empty: there is no model."""
    scale: tuple[float, ...] = ()
    """Standard deviation of each."""
    weights: tuple[float, ...] = ()
    """Weight of each standardised quantity."""
    shifts: tuple[float, ...] = ()
    """Change of each weight by ``z_u``."""
    bias: float = 0.0
    """Log odds where all quantities have their means."""
    least_probability: float = 0.5
    """Probability below which a pose is rejected."""

    def __post_init__(self) -> None:
        """Check the numbers, and convert the lists of a JSON reader."""
        for name in ("mean", "scale", "weights", "shifts"):
            values = tuple(float(value) for value in getattr(self, name))
            object.__setattr__(self, name, values)
            if len(values) not in (0, len(EVIDENCE)) or not np.isfinite(values).all():
                raise ConfigurationError(f"ValidityModel.{name} must be {len(EVIDENCE)} numbers or none, not {values}")
        counts = {len(self.mean), len(self.scale), len(self.weights), len(self.shifts)}
        if len(counts) > 1 or min(self.scale, default=1.0) <= 0.0:
            raise ConfigurationError(
                "ValidityModel needs as many means as scales, weights and shifts, and positive scales, not "
                f"{self.mean}, {self.scale}, {self.weights}, {self.shifts}"
            )
        require_range(self, -1e3, 1e3, "bias")
        require_range(self, 0.0, 1.0, "least_probability")

    @property
    def fitted(self) -> bool:
        """Whether there is a model."""
        return bool(self.weights)

    def probability(self, found: Sequence[float] | NDArray[np.float64]) -> float:
        """Probability that a pose with this evidence is right; 1 without a model."""
        if not self.fitted:
            return 1.0
        return float(1.0 / (1.0 + np.exp(-np.clip(self.bias + self._terms(found).sum(), -50.0, 50.0))))

    def reason(self, found: Sequence[float] | NDArray[np.float64]) -> str:
        """Why a pose with this evidence is rejected: what speaks most against it; empty where it is accepted."""
        if self.probability(found) >= self.least_probability:
            return ""
        return list(EVIDENCE.values())[int(np.argmin(self._terms(found)))]

    def _terms(self, found: Sequence[float] | NDArray[np.float64]) -> NDArray[np.float64]:
        z, products = standardised(found, self.mean, self.scale)
        return z * self.weights + products * self.shifts
