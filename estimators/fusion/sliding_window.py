"""The pose of a static camera from many frames."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any, ClassVar

import numpy as np
from numpy.typing import NDArray

from ctr_env.datasets.frame import Frame
from ctr_env.estimators.base import PoseEstimate, PoseEstimator
from ctr_env.runs.configuration import config_from_mapping, require_range
from ctr_env.scenes.robots.kinematics import RobotKinematics

from .fused_gripper import fused_gripper
from .fusing_estimator import FusingConfig, FusingEstimator
from .joint_configurations import SAME_CONFIGURATION_RAD, JointConfiguration, fused, grouped

__all__ = ["SlidingWindowConfig", "SlidingWindowEstimator"]


@dataclass(frozen=True, kw_only=True)
class SlidingWindowConfig(FusingConfig):
    """The source whose poses are fused, and the size of the window."""

    name: ClassVar[str] = "sliding_window"

    configurations: int = 50
    """Most joint configurations in the window; beyond it the least informative one is dropped."""
    same_configuration_rad: float = SAME_CONFIGURATION_RAD
    """Joint positions that differ by less, in every joint, are the same joint configuration: an estimator makes the
    same error in all frames of it."""
    longest_gap_s: float = 5.0
    """Time without a measurement after which the pose is not valid, seconds."""

    def __post_init__(self) -> None:
        """Check every value."""
        super().__post_init__()
        require_range(self, 1, 10_000, "configurations")
        require_range(self, 0.0, 10.0, "same_configuration_rad")
        require_range(self, 0.0, 1e9, "longest_gap_s")


class SlidingWindowEstimator(FusingEstimator):
    """Fuses the poses of many frames of a static camera (see :func:`~ctr_env.estimators.fusion.fuse.fuse`).

    The window is bounded in information, not in time. Frames of the same joint configuration count as one measurement,
    because their errors are alike. When the window is full, the joint configuration with the largest covariance
    (by determinant) is dropped. Since the camera is static, the fused pose holds at the present time; it remains valid
    for ``longest_gap_s`` while the source has no valid estimate.

    Where the source says how large joint offsets are (:attr:`PoseEstimator.joint_std_rad`), they are solved for beside
    the pose and reported as ``joint_offsets``; ``camera_T_ee`` is that of pose and corrected joint positions.
    Otherwise it is the source's own, of the newest frame.
    """

    def __init__(
        self,
        kinematics: RobotKinematics,
        source: PoseEstimator,
        config: SlidingWindowConfig | Mapping[str, Any] | None = None,
    ) -> None:
        """Start with an empty window.

        Args:
            kinematics: The robot in the frames.
            source: Estimator of single frames.
            config: Settings; their ``source`` and ``source_config`` are not used here.

        Raises:
            ConfigurationError: If a field is unknown or out of range.
        """
        self.config = config_from_mapping(SlidingWindowConfig, config)
        super().__init__(source, self.config)
        self._kinematics = kinematics
        self._solves_offsets = source.joint_std_rad > 0.0
        self.sees_gripper = source.sees_gripper or self._solves_offsets
        self.forget()

    def forget(self) -> None:
        """Empty the window."""
        self._window: list[JointConfiguration] = []
        self._time_s = 0.0

    def take(self, frame: Frame, measured: PoseEstimate) -> PoseEstimate:
        """Add the source's estimate of a frame; returns the pose of the whole window."""
        if measured.valid:
            self._remember(frame.joint_positions, measured)
            self._time_s = measured.time_s
        if not self._window:
            return measured
        known = frame.time_s - self._time_s <= self.config.longest_gap_s
        found = fused(self._window, self.systematic, self.source.joint_std_rad)
        estimate = replace(
            measured,
            camera_T_base=found.pose,
            covariance=found.covariance,
            valid=known,
            reason="" if known else "no_measurement",
            time_s=frame.time_s if known else self._time_s,
            camera_T_ee=measured.camera_T_ee if measured.valid and measured.time_s == frame.time_s else None,
            joint_sensitivity=None,
        )
        if not (known and self._solves_offsets):
            return estimate
        gripper = fused_gripper(self._kinematics, found, frame.joint_positions)
        return replace(
            estimate,
            camera_T_ee=gripper.camera_T_ee,
            gripper_covariance=gripper.covariance,
            joint_offsets=found.joint_offsets,
        )

    def _remember(self, joints: NDArray[np.float64], measured: PoseEstimate) -> None:
        c = self.config
        grouped(self._window, joints, measured, c.same_configuration_rad)
        if len(self._window) > c.configurations:
            uncertainty = [np.linalg.slogdet(configuration.covariance)[1] for configuration in self._window]
            del self._window[int(np.argmax(uncertainty))]
