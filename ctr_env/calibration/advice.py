"""What more images would help a calibration."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from ctr_env.scenes.robots.kinematics import RobotKinematics

from .calibrate import Calibration

__all__ = ["advice"]

_STILL = 0.15  # rad: a joint that moved less tells little
_GOOD_ENOUGH = 1e-3  # m, beside what all images have in common: no more of them are asked for
_POOR_FIT = 0.3  # share of a silhouette's contour
_APART = 3.0  # standard deviations
_SMALLER = 0.9  # of the error that more images are asked for
_MOST = 2.0  # times as many images as there are that may be asked for


def advice(
    calibration: Calibration, joints: NDArray[np.float64], kinematics: RobotKinematics, adapted: bool = False
) -> list[str]:
    """Sentences on which further frames, or which motions, would help; empty if nothing stands out.

    Args:
        calibration: The result.
        joints: ``(N, n)`` joint positions of its images, rad.
        kinematics: The arm in them.
        adapted: Whether the network was adapted to the images.
    """
    said = []
    moved_rad = np.ptp(joints, axis=0)
    still = [name for name, span in zip(kinematics.robot.arm_joints, moved_rad, strict=True) if span < _STILL]
    if still:
        said.append(
            f"{', '.join(still)} moved less than {np.degrees(_STILL):.0f} degrees: images with other angles of "
            "these joints tell most"
        )
    variances, axes = np.linalg.eigh(calibration.covariance[:3, :3])
    spread, worst = float(np.sqrt(variances[-1])), axes[:, -1]
    common = float(worst @ calibration.systematic[:3, :3] @ worst)
    if spread**2 - common > _GOOD_ENOUGH**2:
        axis = "xyz"[int(np.argmax(np.abs(worst)))]
        more = _more(calibration.configurations, spread**2, common)
        said.append(f"the position is known to {1e3 * spread:.1f} mm, least along the camera's {axis} axis; {more}")
    poor = [fit.name for fit in calibration.fits if fit.pseudo_label.contour_inlier_ratio < _POOR_FIT]
    if poor:
        said.append(
            f"{len(poor)} of {len(calibration.fits)} images hardly fit ({', '.join(poor[:4])}"
            f"{', ...' if len(poor) > 4 else ''}): look at them{'' if adapted else ', or try --adapt'}"
        )
    if _disagreement(calibration) > _APART:
        said.append(
            "the two halves of the images disagree by more than they should: joint angles may be late, the camera "
            "may have moved, or its intrinsics may be wrong"
        )
    return said


def _more(configurations: int, variance: float, common: float) -> str:
    """What more images would do to the variance that some have left.

    Of one joint configuration's variance V, n leave ``(V - common) / n + common`` (see
    :func:`~ctr_env.estimators.fusion.fuse.fuse`).
    """
    wanted = _SMALLER**2 * variance
    own = configurations * (variance - common)  # V - common
    more = own / (wanted - common) - configurations if wanted > common else np.inf
    if more > _MOST * configurations:
        return (
            "more images would hardly help, for what remains is what all of them have in common, such as intrinsics "
            "or joint angles that are not exact"
        )
    return f"{int(np.ceil(more))} more images in new joint configurations would make that a tenth less"


def _disagreement(calibration: Calibration) -> float:
    """Difference of the halves in standard deviations."""
    squared = calibration.halves @ np.linalg.solve(calibration.halves_covariance, calibration.halves)
    return float(np.sqrt(squared / 6.0))
