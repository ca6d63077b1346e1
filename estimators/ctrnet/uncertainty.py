"""How far a pose may be off: the fit's covariance, and what the fit does not know of."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from ctr_env.estimators.systematic_error import systematic_covariance

__all__ = ["fit_share", "pose_covariance"]

_STEEP = 5.0  # a pose that explains half as much errs nearly six times as far
_TYPICAL = 0.77  # share of the contour that poses explain, about; where nobody looked, this is taken for it
_LEAST = 0.05  # keeps covariances finite; poses that explain so little are not valid


def pose_covariance(fit: NDArray[np.float64], contour_inlier_ratio: float | None, scale: float) -> NDArray[np.float64]:
    """``(6, 6)`` covariance of a pose, as ``PoseEstimate.covariance``.

    That of the fit supposes that points and contour are the robot's. Poses that leave much of the contour unexplained
    are wrong by more, whatever their residuals; and lens, encoders and network err in a way that no fit shows. Form
    and constants were found on 400 frames each of Panda and Baxter, split ``validation``, seed 900.

    Args:
        fit: ``(6, 6)`` of the fit.
        contour_inlier_ratio: Share of the contour that the pose explains; ``None`` if nobody looked.
        scale: What a network's fits must be multiplied by, as measured when it was trained.
    """
    share = 1.0 if contour_inlier_ratio is None else max(contour_inlier_ratio, _LEAST) / _TYPICAL
    return scale * share**-_STEEP * fit + systematic_covariance()


def fit_share(covariance: NDArray[np.float64]) -> NDArray[np.float64]:
    """The part of a :func:`pose_covariance` that its ``scale`` multiplies."""
    return covariance - systematic_covariance()
