"""The uncertainty model of a network: from the covariance of a fit to the covariance of a pose."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from ctr_env.errors import ConfigurationError
from ctr_env.estimators.systematic_error import JOINT_STD_RAD, SYSTEMATIC_M, SYSTEMATIC_RAD, systematic_covariance
from ctr_env.runs.configuration import config_from_mapping, require_range

from .validity import ValidityModel

__all__ = ["DESIGN_CONSTANTS", "FITTED_CONSTANTS", "UncertaintyModel"]

FITTED_CONSTANTS = ("covariance_scale", "contour_exponent", "typical_inlier_ratio", "validity")
"""Fields of :class:`UncertaintyModel` that ``ctr-env fit-uncertainty`` fits to validation frames."""

DESIGN_CONSTANTS = (
    "min_inlier_ratio",
    "systematic_m",
    "systematic_rad",
    "joint_std_rad",
    "convincing_inlier_ratio",
    "sure_inlier_ratio",
    "keypoint_information",
)
"""Fields of :class:`UncertaintyModel` that were chosen by hand and are not fitted."""


@dataclass(frozen=True, kw_only=True)
class UncertaintyModel:
    """Constants that turn fits into covariances and hypotheses into accepted poses, for one weights file.

    The covariance of a pose with contour inlier ratio ``r`` is ``covariance_scale * (r / typical_inlier_ratio) **
    -contour_exponent * F + joint_std_rad ** 2 * J @ J.T + S``. ``F`` is the covariance of the fit, which assumes that
    keypoints and mask boundary belong to the robot, and that it stands as its encoders say. ``J`` is the sensitivity to
    joint offsets, where it is known. ``S`` is the diagonal covariance of the systematic error: lens and network err
    alike in all frames of a camera, and no residual shows it.

    The constants are stored in the header of a weights file.

    Raises:
        ConfigurationError: If a value is out of range.
    """

    covariance_scale: float = 1.0
    """Factor on the covariance of every fit; fitted."""
    contour_exponent: float = 5.0
    """How steeply the covariance grows when the contour inlier ratio falls; fitted. With 5, half the ratio means a
    standard deviation nearly six times as large."""
    typical_inlier_ratio: float = 0.77
    """Median contour inlier ratio of valid estimates; fitted. Used where contours are not aligned."""
    min_inlier_ratio: float = 0.05
    """Lower bound of the ratio in the formula, which keeps covariances finite; such poses are not valid anyway."""
    systematic_m: float = SYSTEMATIC_M
    """Standard deviation of the systematic error of each base coordinate, metres."""
    systematic_rad: float = SYSTEMATIC_RAD
    """Standard deviation of the systematic error of each component of the rotation vector, radians."""
    joint_std_rad: float = JOINT_STD_RAD
    """Standard deviation of each joint's offset, rad."""
    convincing_inlier_ratio: float = 0.5
    """Contour inlier ratio above which a pose is accepted whatever its reprojection error."""
    sure_inlier_ratio: float = 0.7
    """Contour inlier ratio above which no further inference pass is made."""
    keypoint_information: float = 0.1
    """Weight of the keypoints' information matrix relative to the contour's: keypoint errors are correlated."""
    validity: ValidityModel = field(default_factory=ValidityModel)
    """Which poses are right; fitted. A mapping of its fields is accepted too."""
    measured: bool = False
    """Whether the fitted constants were fitted to estimates of the very weights that they are stored with."""
    inherited_from: str = ""
    """If they were not: the weights to which they were fitted, empty for the defaults above."""

    def __post_init__(self) -> None:
        """Check every value."""
        object.__setattr__(self, "validity", config_from_mapping(ValidityModel, self.validity))
        require_range(self, 1e-6, 1e6, "covariance_scale")
        require_range(self, 0.0, 100.0, "contour_exponent")
        require_range(self, 1e-6, 1.0, "typical_inlier_ratio", "min_inlier_ratio", "keypoint_information")
        require_range(self, 0.0, 1.0, "systematic_m", "systematic_rad", "joint_std_rad")
        require_range(self, 0.0, 1.0, "convincing_inlier_ratio", "sure_inlier_ratio")
        if self.measured and self.inherited_from:
            raise ConfigurationError(
                f"UncertaintyModel.inherited_from must be empty where measured is true, not {self.inherited_from!r}"
            )

    @property
    def source(self) -> str:
        """Where the fitted constants come from: ``"measured"`` on these weights, ``"inherited"`` or ``"default"``."""
        if self.measured:
            return "measured"
        return "inherited" if self.inherited_from else "default"

    @property
    def systematic_covariance(self) -> NDArray[np.float64]:
        """``(6, 6)`` covariance of the systematic error, as ``PoseEstimate.covariance``."""
        return systematic_covariance(self.systematic_m, self.systematic_rad)

    def pose_covariance(
        self,
        fit: NDArray[np.float64],
        contour_inlier_ratio: float | None = None,
        joint_sensitivity: NDArray[np.float64] | None = None,
    ) -> NDArray[np.float64]:
        """``(6, 6)`` covariance of a pose, as ``PoseEstimate.covariance``.

        Args:
            fit: ``(6, 6)`` covariance of the fit.
            contour_inlier_ratio: Share of the projected contour that lies on the mask boundary; ``None`` if unknown.
            joint_sensitivity: ``(6, n)`` as ``PoseEstimate.joint_sensitivity``; ``None`` if unknown.
        """
        ratio = 1.0
        if contour_inlier_ratio is not None:
            ratio = max(contour_inlier_ratio, self.min_inlier_ratio) / self.typical_inlier_ratio
        found = self.covariance_scale * ratio**-self.contour_exponent * fit + self.systematic_covariance
        if joint_sensitivity is not None:
            found += self.joint_std_rad**2 * joint_sensitivity @ joint_sensitivity.T
        return found
