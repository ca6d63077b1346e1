"""Metrics of pose estimates: pure functions of errors.

An invalid estimate has an *infinite* error in all metrics: it is a miss at every threshold, so that rejecting frames
improves no metric. The published definitions are those of

- DREAM: Lee et al., "Camera-to-Robot Pose Estimation from a Single Image", ICRA 2020 (``dream/analysis.py``);
- CtRNet: Lu et al., "Markerless Camera-to-Robot Pose Estimation via Self-Supervised Sim-to-Real Transfer", CVPR 2023
  (``evaluation/evaluate_DREAM.ipynb`` and ``evaluate_baxter_dataset.ipynb``).
"""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.stats import chi2

__all__ = [
    "MIN_IN_FRAME",
    "NEES_DOF",
    "accuracy",
    "add_auc_baxter",
    "add_auc_ctrnet",
    "add_auc_dream",
    "mask_iou",
    "nees",
    "nees_within",
    "pck_auc_ctrnet",
    "pck_auc_dream",
]

MIN_IN_FRAME = 4
"""Keypoints that must lie in the image for a frame to count in DREAM's ADD metrics."""
NEES_DOF = 6
"""Expected NEES of a calibrated covariance: the number of degrees of freedom of a pose."""

_MASK_THRESHOLD = 0.5


def accuracy(errors: ArrayLike, thresholds: ArrayLike, strict: bool = True) -> NDArray[np.float64]:
    """Share of errors below each threshold.

    Args:
        errors: ``(n,)`` errors, infinite for misses; at least one.
        thresholds: ``(m,)`` thresholds in the same unit.
        strict: Whether an error must be smaller than the threshold, not equal.

    Returns:
        ``(m,)`` in [0, 1].
    """
    ordered = np.sort(np.asarray(errors, dtype=float))
    below = np.searchsorted(ordered, np.asarray(thresholds, dtype=float), side="left" if strict else "right")
    return np.asarray(below / len(ordered))


def add_auc_dream(errors_m: ArrayLike, keypoints_in_frame: ArrayLike) -> float | None:
    """DREAM's area under the ADD accuracy curve, 0 to 100.

    Thresholds run from 0 to 0.1 m in steps of 0.01 mm, an error counts if it is at most the threshold, and the area is
    integrated by trapezoids. Frames with fewer than four true keypoints in the image do not count. DREAM takes each
    frame's mean over the keypoints that its network *detected*; estimators here need not detect keypoints, so it is
    the mean over those whose true position lies in the image. (DREAM's own thresholds stop one step before 0.1 m,
    which costs a perfect estimator 0.01, and it lets frames with fewer than four keypoints count as hits.)

    Args:
        errors_m: ``(n,)`` ADD over the keypoints in the image, metres; infinite for misses.
        keypoints_in_frame: ``(n,)`` numbers of true keypoints in the image.

    Returns:
        The area; ``None`` if no frame counts.
    """
    counted = np.asarray(errors_m, dtype=float)[np.asarray(keypoints_in_frame) >= MIN_IN_FRAME]
    if not len(counted):
        return None
    curve = accuracy(counted, np.arange(10001) / 100_000, strict=False)
    return 100.0 * _trapezoid(curve)


def add_auc_ctrnet(errors_m: ArrayLike) -> float | None:
    """CtRNet's area under the ADD accuracy curve, 0 to 100: all keypoints, all frames.

    The mean of the shares of errors below 0, 0.1, ..., 99.9 mm. Nothing is below 0: a perfect estimator gets 99.9.

    Args:
        errors_m: ``(n,)`` ADD over all keypoints, metres; infinite for misses.

    Returns:
        The area; ``None`` without frames.
    """
    errors = np.asarray(errors_m, dtype=float)
    return 100.0 * float(accuracy(errors, np.arange(1000) / 10_000).mean()) if len(errors) else None


def add_auc_baxter(errors_m: ArrayLike) -> float | None:
    """CtRNet's area for its Baxter set, 0 to 100: the mean of the shares of errors below 0, 1, ..., 399 mm.

    Args:
        errors_m: ``(n,)`` ADD of all frames (of that set: the end effector's error), metres; infinite for misses.

    Returns:
        The area (at most 99.75: nothing is below 0); ``None`` without frames.
    """
    errors = np.asarray(errors_m, dtype=float)
    return 100.0 * float(accuracy(errors, np.arange(400) / 1000).mean()) if len(errors) else None


def pck_auc_dream(errors_px: ArrayLike) -> float | None:
    """DREAM's area under the PCK curve from 0 to 20 px in steps of 0.01 px, 0 to 100 (trapezoids).

    Args:
        errors_px: ``(n,)`` pixel errors of the keypoints whose true position lies in the image; infinite for misses.

    Returns:
        The area (at most 99.975: nothing is below 0); ``None`` without keypoints.
    """
    errors = np.asarray(errors_px, dtype=float)
    return 100.0 * _trapezoid(accuracy(errors, np.arange(2001) / 100)) if len(errors) else None


def pck_auc_ctrnet(errors_px: ArrayLike) -> float | None:
    """CtRNet's area under the PCK curve, 0 to 100: the mean of the shares of errors below 0, 1, ..., 199 px.

    Args:
        errors_px: As for :func:`pck_auc_dream`.

    Returns:
        The area (at most 99.5: nothing is below 0); ``None`` without keypoints.
    """
    errors = np.asarray(errors_px, dtype=float)
    return 100.0 * float(accuracy(errors, np.arange(200)).mean()) if len(errors) else None


def mask_iou(true: NDArray[np.bool_], predicted: NDArray[np.float32]) -> float | None:
    """Intersection over union of a true mask and a predicted one, in pixels of the true one.

    Args:
        true: ``(H, W)`` bool.
        predicted: ``(h, w)`` probabilities; resized to ``(H, W)``, then thresholded at 0.5.

    Returns:
        In [0, 1]; ``None`` if both are empty.
    """
    same = predicted.shape == true.shape
    fitted = predicted if same else cv2.resize(predicted, true.shape[::-1], interpolation=cv2.INTER_LINEAR)
    segmented = np.asarray(fitted) >= _MASK_THRESHOLD
    union = np.count_nonzero(true | segmented)
    return float(np.count_nonzero(true & segmented) / union) if union else None


def nees(error: NDArray[np.float64], covariance: NDArray[np.float64]) -> float | None:
    """Normalised estimation error squared of a ``(6,)`` error with a ``(6, 6)`` covariance.

    Its mean over estimates is 6 if the covariance is calibrated.

    Returns:
        The square, at least 0; ``None`` if the covariance is not positive definite (such as the zero covariance of the
        true pose).
    """
    try:
        root = np.linalg.cholesky(covariance)
    except np.linalg.LinAlgError:
        return None
    return float(np.sum(np.linalg.solve(root, error) ** 2))


def nees_within(squares: ArrayLike, probabilities: ArrayLike) -> NDArray[np.float64]:
    """Share of ``(n,)`` NEES within the chi-square quantile of each of ``(m,)`` probabilities.

    For a calibrated covariance these equal the probabilities.
    """
    return accuracy(squares, chi2.ppf(np.asarray(probabilities, dtype=float), NEES_DOF), strict=False)


def _trapezoid(curve: NDArray[np.float64]) -> float:
    """Mean height of a curve over equal steps."""
    return float(np.trapezoid(curve) / (len(curve) - 1))
