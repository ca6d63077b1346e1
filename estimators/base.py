"""The contract of pose estimation: from an image and joint positions to ``camera_T_base`` with its covariance."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import Self

import numpy as np
from numpy.typing import NDArray
from scipy.spatial.transform import RigidTransform

from ctr_env.datasets.frame import Frame

__all__ = ["GroundTruth", "PoseEstimate", "PoseEstimator"]


@dataclass(frozen=True)
class GroundTruth:
    """True poses at one instant, as a simulator or a labelled data set knows them.

    Attributes:
        time_s: Time of the frame that they belong to, seconds.
        camera_T_base: True pose of the base in the camera (OpenCV axes).
        camera_T_ee: True pose of the end effector in the camera; ``None`` where it is unknown. It differs from
            ``camera_T_base`` times the kinematics of the measured joint positions by encoder errors.
    """

    time_s: float
    camera_T_base: RigidTransform
    camera_T_ee: RigidTransform | None = None


@dataclass(frozen=True)
class PoseEstimate:
    """Estimated pose of the robot's base in the camera.

    Attributes:
        camera_T_base: Takes base-frame points to camera-frame points (OpenCV axes). Finite even when not valid.
        covariance: ``(6, 6)`` covariance of the error twist (translation in m, rotation vector in rad) in *camera axes
            at the base origin*: ``camera_T_base_true = (exp(w) R, t + v)`` with zero-mean ``(v, w)``.
        valid: Whether a controller may act on it.
        time_s: Time at which the pose holds, seconds: that of the frame it was estimated from, which lies before the
            newest frame if the estimator has latency; that of the newest frame if the camera is known to be static.
        reason: Why it is not valid, a short snake_case name such as ``"board_not_in_view"``; empty when valid.
        keypoints_px: ``(K, 2)`` continuous pixel positions of the detected points (K may be 0).
        keypoint_confidence: ``(K,)`` in [0, 1].
        mask_source: ``(H, W)`` float32 robot probability, or a function that makes it; ``None``: there is none. Read it
            as :attr:`mask`.
        camera_T_ee: Pose of the end effector as observed in the images themselves. Unlike ``camera_T_base`` times the
            forward kinematics, it contains hardly any error of the base pose, the kinematics and the encoders;
            ``None`` where it is not observed (see :attr:`PoseEstimator.sees_gripper`).
        joint_sensitivity: ``(6, n)`` error twist of ``camera_T_base`` by joint offsets, true joint positions less those
            of the frame: m/rad and rad/rad. An arm that stands otherwise than its encoders say is seen at another pose.
            ``None`` where it is unknown.
        contour_inlier_ratio: Share of the projected mesh contour that lies on the boundary of the predicted mask;
            ``None`` where contours are not compared.
        gripper_covariance: ``(6, 6)`` covariance of the error twist of ``camera_T_ee`` in camera axes at the end
            effector's origin, as ``covariance``; ``None`` where it is unknown.
        joint_offsets: ``(n,)`` estimated joint offsets, true joint positions less those of the frame, rad: constant
            errors of the encoders, which a loop adds to what they say. ``None`` where they are not estimated.
    """

    camera_T_base: RigidTransform
    covariance: NDArray[np.float64]
    valid: bool
    time_s: float
    reason: str = ""
    keypoints_px: NDArray[np.float64] = field(default_factory=lambda: np.zeros((0, 2)))
    keypoint_confidence: NDArray[np.float64] = field(default_factory=lambda: np.zeros(0))
    mask_source: NDArray[np.float32] | Callable[[], NDArray[np.float32]] | None = None
    camera_T_ee: RigidTransform | None = None
    joint_sensitivity: NDArray[np.float64] | None = None
    contour_inlier_ratio: float | None = None
    gripper_covariance: NDArray[np.float64] | None = None
    joint_offsets: NDArray[np.float64] | None = None

    @cached_property
    def mask(self) -> NDArray[np.float32] | None:
        """``(H, W)`` float32 robot probability, or ``None``; made when it is first read."""
        return self.mask_source() if callable(self.mask_source) else self.mask_source

    @classmethod
    def invalid(cls, reason: str, time_s: float) -> PoseEstimate:
        """An estimate without a pose, for a reason: identity pose, unit covariance."""
        return cls(RigidTransform.identity(), np.eye(6), valid=False, time_s=time_s, reason=reason)


class PoseEstimator(ABC):
    """Estimates ``camera_T_base`` from frames of one robot and one camera.

    For every frame, in order of time, a loop calls :meth:`wants_image`, :meth:`observe_truth` (where
    :attr:`needs_truth` is set) and :meth:`estimate`. An image that no one wants is not rendered.

    Subclasses are built by keyword configuration with the robot's kinematics as the first argument (see
    ``ctr_env.estimators.make_estimator``). State between frames (latency, drift, tracking) is cleared by :meth:`reset`.
    """

    needs_image: bool = True
    """Whether :attr:`Frame.image` must be filled, for some frames at least: see :meth:`wants_image`."""
    image_size: tuple[int, int] = (320, 240)
    """Width and height of the images that the estimator is designed for, pixels."""
    needs_truth: bool = False
    """Whether :meth:`observe_truth` must be called with the true poses of a frame before :meth:`estimate`."""
    needs_board: bool = False
    """Whether the scene should put a calibration board in the gripper."""
    sees_gripper: bool = False
    """Whether estimates contain the observed pose of the gripper (:attr:`PoseEstimate.camera_T_ee`)."""
    systematic_m: float = 0.0
    """Standard deviation of the systematic (frame-correlated) error of each position coordinate, metres: the part of
    the estimates' covariances that averaging over frames does not reduce."""
    systematic_rad: float = 0.0
    """The same for each component of the rotation vector, radians."""
    joint_std_rad: float = 0.0
    """Standard deviation of each joint's offset that the estimates' covariances contain by way of
    :attr:`PoseEstimate.joint_sensitivity`, radians."""
    uncertainty_source: str = ""
    """Whether covariances were ``"measured"`` with this very network, are ``"inherited"`` from the weights that it was
    adapted from, or rest on ``"default"`` constants; empty for estimators without a network."""

    def reset(self, rng: np.random.Generator) -> None:  # noqa: B027 - most estimators have no state
        """Start a new sequence of frames.

        Args:
            rng: Source of all randomness until the next reset; the estimator keeps it.
        """

    def wants_image(self, time_s: float) -> bool:
        """Whether :meth:`estimate` will use the image of the next frame; otherwise that may be ``None``.

        An estimator that runs at a lower rate than the camera says so here; one that wraps another asks that one. The
        answer depends on the state and on the time only, and asking changes nothing.

        Args:
            time_s: Time of the next frame, seconds.
        """
        return self.needs_image

    def observe_truth(self, truth: GroundTruth) -> None:  # noqa: B027 - most estimators need no truth
        """Receive the true poses of the next frame; called before :meth:`estimate` where :attr:`needs_truth` is set.

        Args:
            truth: The true poses; the frame they belong to is identified by its time.
        """

    @abstractmethod
    def estimate(self, frame: Frame) -> PoseEstimate:
        """Pose from the newest frame; frames come in order of time."""

    def estimate_batch(self, frames: Sequence[Frame]) -> list[PoseEstimate]:
        """Poses of consecutive frames in order of time; the same as estimating them one by one."""
        return [self.estimate(frame) for frame in frames]

    @classmethod
    def estimate_each(cls, estimators: Sequence[Self], frames: Sequence[Frame]) -> list[PoseEstimate]:
        """Poses from the newest frame of each of N sequences; the same as one by one, up to rounding.

        Estimators with a network override it to apply the network to all frames together.

        Args:
            estimators: The estimator of each sequence, all made alike; the weights of the first one serve for all.
            frames: The newest frame of each.
        """
        return [estimator.estimate(frame) for estimator, frame in zip(estimators, frames, strict=True)]
