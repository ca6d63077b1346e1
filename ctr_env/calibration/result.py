"""What a calibration finds: the pose with its covariance, and how well each image agrees with it."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray
from scipy.spatial.transform import RigidTransform

from ctr_env.estimators.base import PoseEstimate
from ctr_env.estimators.ctrnet.setup import CameraSetup
from ctr_env.estimators.mirrored import Mirror

from .comparison import Comparison
from .mismatch import Mismatch
from .mounted_board import BoardFit
from .pseudo_label import PseudoLabel

__all__ = ["POOR_FIT", "Calibration", "FrameFit"]

POOR_FIT = 0.3
"""Contour inlier ratio below which an image hardly fits the calibrated pose."""


@dataclass(frozen=True)
class FrameFit:
    """Agreement of one image with the calibrated pose.

    Attributes:
        name: Name of the frame.
        own: The estimate from this image alone.
        pseudo_label: Agreement of the image with the robot at the calibrated pose.
        twist: ``(6,)`` error twist from the calibrated pose to ``own`` (see ``PoseEstimate``); NaN where it is not
            valid.
    """

    name: str
    own: PoseEstimate
    pseudo_label: PseudoLabel
    twist: NDArray[np.float64]

    def reflected(self, mirror: Mirror, width: int) -> FrameFit:
        """The fit of the robot whose mirror image was calibrated, in an image of a width, pixels."""
        pose = self.pseudo_label.camera_T_base
        pseudo_label = replace(self.pseudo_label, camera_T_base=None if pose is None else mirror.pose(pose))
        return FrameFit(self.name, mirror.estimate(self.own, width), pseudo_label, mirror.twist(self.twist))


@dataclass(frozen=True)
class Calibration:
    """The pose of a static camera with its uncertainty.

    Attributes:
        camera_T_base: The pose.
        covariance: ``(6, 6)`` as ``PoseEstimate.covariance``.
        systematic: ``(6, 6)`` the part of it that all images share, and that further images do not reduce.
        fits: Agreement of each image.
        configurations: Number of distinct joint configurations with a valid estimate.
        halves: ``(6,)`` twist between the poses from two halves of the images (every other joint configuration).
        halves_covariance: ``(6, 6)`` expected covariance of that twist; the systematic part cancels in it.
        uncertainty_source: Where the network's covariances come from (see ``PoseEstimator.uncertainty_source``).
        setup: The set-up that the pose belongs to: as given, or with what was estimated.
        comparisons: What may be wrong with the set-up, each with the evidence (see :mod:`.comparison`).
        mismatches: Images whose joint angles are not theirs, and whether they are left out of the solution.
        board: The board on the robot; ``None`` if none was given.
    """

    camera_T_base: RigidTransform
    covariance: NDArray[np.float64]
    systematic: NDArray[np.float64]
    fits: list[FrameFit]
    configurations: int
    halves: NDArray[np.float64]
    halves_covariance: NDArray[np.float64]
    uncertainty_source: str
    setup: CameraSetup
    comparisons: tuple[Comparison, ...] = ()
    mismatches: tuple[Mismatch, ...] = ()
    board: BoardFit | None = None

    @property
    def estimated(self) -> tuple[str, ...]:
        """What was estimated beside the pose."""
        return tuple(each.name for each in self.comparisons if each.estimated)

    def reflected(self, mirror: Mirror, width: int) -> Calibration:
        """The calibration of the robot whose mirror image was calibrated, in images of a width, pixels."""
        return replace(
            self,
            camera_T_base=mirror.pose(self.camera_T_base),
            covariance=mirror.covariance(self.covariance),
            systematic=mirror.covariance(self.systematic),
            fits=[fit.reflected(mirror, width) for fit in self.fits],
            halves=mirror.twist(self.halves),
            halves_covariance=mirror.covariance(self.halves_covariance),
            setup=CameraSetup(
                mirror.pose(self.setup.camera_T_base),
                self.setup.camera.mirrored(),
                mirror.joints(self.setup.joint_offsets),
                self.setup.time_offset_s,
            ),
            comparisons=tuple(each.reflected(mirror) for each in self.comparisons),
        )
