"""Advice on a calibration: which further images would help, and what may be wrong with the inputs."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from scipy.stats import chi2

from ctr_env.datasets.joint_limits import joint_hint
from ctr_env.scenes.robots.kinematics import RobotKinematics

from .findings import described, evidence_in_words
from .mismatch import in_words
from .result import POOR_FIT, Calibration

__all__ = ["advice", "halves_disagree", "reason_to_adapt"]

_STILL = 0.15  # rad: a joint that moved less determines little
_GOOD_ENOUGH = 1e-3  # m beside the systematic error: no further images are asked for
_POOR_SHARE, _FOUND_SHARE = 0.25, 0.5  # of the images, that fit poorly or have a valid estimate, for adaptation to help
_GATE = float(chi2.ppf(0.999, 6))  # 22.5: squared Mahalanobis distance of the halves
_SMALLER = 0.9  # of the standard deviation that further images should leave
_MOST = 2.0  # times as many images as there are that may be asked for


def advice(
    calibration: Calibration, joints: NDArray[np.float64], kinematics: RobotKinematics, adapted: bool = False
) -> list[str]:
    """Sentences on further images, motions or inputs that would help; empty if nothing stands out.

    Args:
        calibration: The result.
        joints: ``(N, n)`` joint positions of its images, rad.
        kinematics: The arm in them.
        adapted: Whether the network was adapted to the images.
    """
    found = [
        _still_joints(joints, kinematics),
        _uncertain_axis(calibration),
        in_words(calibration.mismatches),
        _poor_fits(calibration, adapted),
        joint_hint(joints, kinematics),
        *_set_up(calibration),
    ]
    if halves_disagree(calibration):
        found.append(
            "the poses from two halves of the images differ more than their covariances allow: joint angles may be "
            "late, the camera may have moved, or its intrinsics may be wrong"
        )
    return [sentence for sentence in found if sentence]


def reason_to_adapt(calibration: Calibration) -> str:
    """Why the network should be adapted to the images; empty if they fit, or where the set-up is what is wrong.

    An adaptation would learn the set-up's faults, and hide them.
    """
    fits = calibration.fits
    if any(each.evident and not each.estimated for each in calibration.comparisons):
        return ""
    poor = sum(fit.pseudo_label.contour_inlier_ratio < POOR_FIT for fit in fits)
    found = sum(fit.own.valid for fit in fits)
    if poor >= _POOR_SHARE * len(fits):
        return f"{poor} of {len(fits)} images hardly fit the calibrated pose"
    if found < _FOUND_SHARE * len(fits):
        return f"only {found} of {len(fits)} images have a valid pose"
    if halves_disagree(calibration):
        return "the poses from two halves of the images differ more than their covariances allow"
    return ""


def halves_disagree(calibration: Calibration) -> bool:
    """Whether the halves differ beyond the 99.9 % quantile of chi-square with 6 degrees of freedom."""
    squared = calibration.halves @ np.linalg.solve(calibration.halves_covariance, calibration.halves)
    return bool(squared > _GATE)


def _still_joints(joints: NDArray[np.float64], kinematics: RobotKinematics) -> str:
    spans = zip(kinematics.robot.arm_joints, np.ptp(joints, axis=0), strict=True)
    still = [name for name, span in spans if span < _STILL]
    if not still:
        return ""
    return (
        f"{', '.join(still)} moved less than {np.degrees(_STILL):.0f} degrees: images with other angles of these "
        "joints help most"
    )


def _uncertain_axis(calibration: Calibration) -> str:
    variances, axes = np.linalg.eigh(calibration.covariance[:3, :3])
    variance, worst = float(variances[-1]), axes[:, -1]
    systematic = float(worst @ calibration.systematic[:3, :3] @ worst)
    if variance - systematic <= _GOOD_ENOUGH**2:
        return ""
    axis = "xyz"[int(np.argmax(np.abs(worst)))]
    more = _more(calibration.configurations, variance, systematic)
    return f"the position is known to {1e3 * np.sqrt(variance):.1f} mm, least along the camera's {axis} axis; {more}"


def _more(configurations: int, variance: float, systematic: float) -> str:
    """The effect of further images on the variance that some have left.

    With a variance V of one joint configuration, n leave ``(V - systematic) / n + systematic`` (see
    :func:`~ctr_env.estimators.fusion.fuse.fuse`).
    """
    wanted = _SMALLER**2 * variance
    independent = configurations * (variance - systematic)
    more = independent / (wanted - systematic) - configurations if wanted > systematic else np.inf
    if more > _MOST * configurations:
        return (
            "further images would hardly help, since the remaining error is systematic, such as inexact intrinsics or "
            "joint angles"
        )
    return f"{int(np.ceil(more))} more images in new joint configurations would reduce that by a tenth"


def _poor_fits(calibration: Calibration, adapted: bool) -> str:
    poor = [fit.name for fit in calibration.fits if fit.pseudo_label.contour_inlier_ratio < POOR_FIT]
    if not poor:
        return ""
    more = ", ..." if len(poor) > 4 else ""
    return (
        f"{len(poor)} of {len(calibration.fits)} images hardly fit ({', '.join(poor[:4])}{more}): see the overlays"
        f"{'' if adapted else ', or try --adapt yes'}"
    )


def _set_up(calibration: Calibration) -> list[str]:
    """What there is strong evidence for, but was not estimated."""
    return [
        f"{described(each)} ({evidence_in_words(each)}); the pose and its covariance do not account "
        "for it: check the set-up, or estimate it (--estimate auto)"
        for each in calibration.comparisons
        if each.evident and not each.estimated
    ]
