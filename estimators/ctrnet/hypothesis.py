"""One pose hypothesis for one image: what every stage of inference adds its result to."""

from __future__ import annotations

from dataclasses import dataclass, field, replace

import numpy as np
from numpy.typing import NDArray
from scipy.spatial.transform import RigidTransform

from ctr_env.estimators.silhouette.image_view import FARTHEST_EDGE

from .cropping import Crop

__all__ = ["Detection", "PoseHypothesis", "quarter_turns"]

_NO_CROP = Crop((0.0, 0.0), 1.0, (1, 1))
_VERTICAL = 0.5  # least length, of 1, of the vertical axis in the image plane that tells the image's rotation


@dataclass(frozen=True)
class Detection:
    """Output of the network for one crop.

    Attributes:
        pixels: ``(K, 2)`` keypoints, continuous image pixels.
        confidence: ``(K,)`` in [0, 1].
        variance: ``(K,)`` predicted variance of each pixel coordinate, px².
        crop: The crop that the network was applied to.
        crop_mask: ``(h, w)`` float32 robot probability in the crop.
        size: Width and height of the image, pixels.
    """

    pixels: NDArray[np.float64]
    confidence: NDArray[np.float64]
    variance: NDArray[np.float64]
    crop: Crop
    crop_mask: NDArray[np.float32]
    size: tuple[int, int]

    @property
    def mask(self) -> NDArray[np.float32]:
        """``(H, W)`` float32 robot probability in the image; 0 outside the crop."""
        return self.crop.paste(self.crop_mask, *self.size)


@dataclass(frozen=True)
class PoseHypothesis:
    """A crop, and what the stages crop, detect, solve, align and score have found in it so far.

    Attributes:
        crop: Region of the image that the network is applied to.
        prior_px: ``(K, 2)`` image pixels of the keypoints at the prior pose, which is rendered as an extra input of the
            network; ``None``: no prior.
        prior: The prior ``camera_T_base``; ``None``: no prior.
        detection: Output of the network; ``None`` before detection.
        used: ``(K,)`` keypoints that enter PnP.
        camera_T_base: The pose; the prior, or identity, before PnP and where PnP fails.
        covariance: ``(6, 6)`` covariance of the fit, as ``PoseEstimate.covariance``, without systematic errors.
        joint_sensitivity: ``(6, n)`` as ``PoseEstimate.joint_sensitivity``; ``None`` before alignment with image edges.
        edge_inlier_ratio: Share of the contour within a unit of an image edge; 0 before that alignment.
        edge_distance: Robust standard deviation of its distance to the edges, units.
        rms_px: Weighted root mean square reprojection error of the keypoints, pixels.
        status: Why there is no pose; empty where PnP succeeded.
        contour_inlier_ratio: Share of the projected mesh contour within two pixels of the mask boundary; 0 before
            alignment.
        doubtful: Whether the hypothesis should be re-initialised; set by scoring.
        coarse: Detection of the first pass, which covers the whole image; ``None`` when tracking.
    """

    crop: Crop
    prior_px: NDArray[np.float64] | None = None
    prior: RigidTransform | None = None
    detection: Detection | None = None
    used: NDArray[np.bool_] = field(default_factory=lambda: np.zeros(0, bool))
    camera_T_base: RigidTransform = field(default_factory=RigidTransform.identity)
    covariance: NDArray[np.float64] = field(default_factory=lambda: np.eye(6))
    joint_sensitivity: NDArray[np.float64] | None = None
    edge_inlier_ratio: float = 0.0
    edge_distance: float = FARTHEST_EDGE
    rms_px: float = 0.0
    status: str = "not_solved"
    contour_inlier_ratio: float = 0.0
    doubtful: bool = True
    coarse: Detection | None = None

    @classmethod
    def from_pose(cls, camera_T_base: RigidTransform) -> PoseHypothesis:
        """A hypothesis of which only the pose is known, such as the previous one of a sequence."""
        return cls(_NO_CROP, camera_T_base=camera_T_base, status="")

    @property
    def located(self) -> bool:
        """Whether PnP found a pose, accepted or not."""
        return not self.status

    @property
    def upright(self) -> bool:
        """Whether the robot, at this pose, is upright in the crop up to 45 degrees."""
        return quarter_turns(self.camera_T_base) == self.crop.quarter_turns

    @property
    def detected(self) -> Detection:
        """The detection, after that stage."""
        assert self.detection is not None, "the hypothesis has not been through the detector"
        return self.detection

    def at(self, camera_T_base: RigidTransform, contour_inlier_ratio: float) -> PoseHypothesis:
        """The same detection with another pose, and the contour inlier ratio there."""
        return replace(self, camera_T_base=camera_T_base, status="", contour_inlier_ratio=contour_inlier_ratio)


def quarter_turns(camera_T_base: RigidTransform) -> int:
    """Clockwise quarter turns, 0 to 3, that bring the base's vertical axis upright in the image.

    The network is trained on upright images. Seen along its vertical axis a robot has no upright: 0.
    """
    x, y = camera_T_base.as_matrix()[:2, 2]
    if np.hypot(x, y) < _VERTICAL:
        return 0
    return round(float(np.arctan2(-x, -y)) / (0.5 * np.pi)) % 4
