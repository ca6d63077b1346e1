"""CtRNet for many worlds at once: network, pose priors, crops and PnP on one device."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from ctr_env.errors import ConfigurationError
from ctr_env.estimators.ctrnet.cropping import small_size
from ctr_env.estimators.ctrnet.estimator import CtRNetConfig
from ctr_env.estimators.ctrnet.packaged import mirror_for, packaged_weights
from ctr_env.runs.configuration import config_from_mapping
from ctr_env.scenes.robots.batched_kinematics import BatchedKinematics
from ctr_env.scenes.robots.kinematics import RobotKinematics

from .base import BatchedEstimator, BatchedFrame, BatchedPoseEstimate
from .crops import robot_crops, whole_images
from .detector import BatchedDetections, BatchedDetector
from .solving import SolvedPoses, solve_detections

__all__ = ["BatchedCtRNet"]

_SETTINGS = (
    "keypoints",
    "max_position_std",
    "max_reprojection",
    "min_confidence",
    "min_keypoints",
    "precision",
    "weights",
)


class BatchedCtRNet(BatchedEstimator):
    """:class:`~ctr_env.estimators.ctrnet.estimator.CtRNetEstimator` with ``align_contour=False``, for N worlds.

    The contour is not aligned, as that is computed on the host: poses are those of the keypoints alone, less accurate
    than those of the ordinary estimator with its defaults, and the validity model, which needs the contour, does not
    reject any. Images are taken to be upright, and a world whose pose is lost is searched again in its next image.

    Attributes:
        config: The settings; contour alignment is off.
    """

    def __init__(
        self,
        kinematics: RobotKinematics,
        device: torch.device,
        config: Mapping[str, Any] | None = None,
    ) -> None:
        """Load the network.

        Args:
            kinematics: The arm in the images.
            device: Where everything is computed.
            config: Fields of :class:`~ctr_env.estimators.ctrnet.estimator.CtRNetConfig` that differ from its defaults.

        Raises:
            ConfigurationError: If a field is unknown, out of range or without meaning here, or the package has no
                weights for this very robot.
            MissingFileError: If the weights file does not exist.
            DataError: If it is not a weights file, or belongs to another robot.
        """
        settings = dict(config or {})
        for name in settings:
            if name not in _SETTINGS:
                raise ConfigurationError(f"batched ctrnet has no setting {name!r}; it has: {', '.join(_SETTINGS)}")
        self.config = config_from_mapping(CtRNetConfig, settings | {"align_contour": False})
        robot, weights = kinematics.robot, self.config.weights
        if mirror_for(robot, None if weights is None else Path(weights)) is not None:
            raise ConfigurationError(f"batched ctrnet does not mirror images, as robot {robot.name!r} needs it")
        file = packaged_weights(robot) if weights is None else Path(weights)
        self._detector = BatchedDetector(file, robot, device, self.config.precision == "float32")
        self._arm = BatchedKinematics(kinematics, device)
        self._device = device
        self._links = [point.link for point in self._detector.points]
        self._offsets = torch.tensor([point[1:] for point in self._detector.points], dtype=torch.float64, device=device)
        allowed = len(robot.keypoint_frames) if self.config.keypoints == "paper" else len(self._links)
        self._allowed = torch.arange(len(self._links), device=device) < allowed
        self._systematic = torch.from_numpy(self._detector.uncertainty.systematic_covariance).to(device)
        self._last: Tensor | None = None
        self._tracked: Tensor | None = None

    def reset(self, seed: int) -> None:
        """Forget the previous poses."""
        self._last = self._tracked = None

    @torch.inference_mode()
    def estimate(self, frame: BatchedFrame) -> BatchedPoseEstimate:
        """Poses of one frame of all worlds: around the previous poses, or around those of a coarse pass.

        Waits for the device to learn which worlds need a coarse pass, and which a search for outliers.
        """
        images, intrinsics = frame.images(), frame.intrinsics
        points = self._arm.points(self._arm.poses(frame.joint_positions), self._links, self._offsets)
        last = self._starts(images, points, intrinsics)
        found = self._refined(images, points, intrinsics, last)
        used = self._used(found)
        solved = solve_detections(found, used, points, intrinsics, last)
        valid = self._accepted(found, used, solved)
        self._last, self._tracked = solved.camera_T_base, valid
        return BatchedPoseEstimate(solved.camera_T_base, self._covariance(solved), valid, frame.time_s)

    def _starts(self, images: Tensor, points: Tensor, intrinsics: Tensor) -> Tensor:
        """``(N, 4, 4)`` prior poses: the last ones, and those of a coarse pass in worlds without; NaN if it failed."""
        if self._last is None or self._tracked is None:
            rows = torch.arange(len(images), device=self._device)
            last = torch.full((len(images), 4, 4), torch.nan, dtype=torch.float64, device=self._device)
        else:
            rows, last = (~self._tracked).nonzero()[:, 0], self._last
        if not len(rows):
            return last
        height, width = images.shape[1:3]
        crops = whole_images(len(rows), width, height, small_size(self._detector.input_size), self._device)
        found = self._detector.detect(images[rows], crops, None)
        solved = solve_detections(found, self._used(found), points[rows], intrinsics[rows], None)
        poses = torch.where(solved.valid[:, None, None], solved.camera_T_base, torch.nan)
        return last.index_put((rows,), poses)

    def _refined(self, images: Tensor, points: Tensor, intrinsics: Tensor, poses: Tensor) -> BatchedDetections:
        """Detections around poses, which are rendered as priors; of the whole image where there is no pose."""
        seen = points @ poses[:, :3, :3].mT + poses[:, None, :3, 3]
        pixels = seen[..., :2] / seen[..., 2:] * intrinsics[:, None, :2] + intrinsics[:, None, 2:]
        pixels = torch.where(seen[..., 2:] > 0.0, pixels, torch.nan)
        height, width = images.shape[1:3]
        return self._detector.detect(images, robot_crops(pixels, width, height, self._detector.input_size), pixels)

    def _used(self, found: BatchedDetections) -> Tensor:
        """``(N, K)`` keypoints that enter PnP."""
        return self._allowed & (found.confidence >= self.config.min_confidence)

    def _accepted(self, found: BatchedDetections, used: Tensor, solved: SolvedPoses) -> Tensor:
        """``(N,)`` bool, as :func:`~ctr_env.estimators.ctrnet.acceptance.rejection_reason` decides without contours."""
        c = self.config
        low = torch.where(used[..., None], found.pixels, torch.inf).amin(dim=1)
        high = torch.where(used[..., None], found.pixels, -torch.inf).amax(dim=1)
        fits = solved.rms_px <= c.max_reprojection * (high - low).amax(dim=1)
        spread = self._covariance(solved)[:, :3, :3].diagonal(dim1=1, dim2=2).sum(dim=1)
        return solved.valid & (used.sum(dim=1) >= c.min_keypoints) & fits & (spread <= c.max_position_std**2)

    def _covariance(self, solved: SolvedPoses) -> Tensor:
        """``(N, 6, 6)`` covariances by the network's uncertainty model."""
        return self._detector.uncertainty.covariance_scale * solved.covariance + self._systematic
