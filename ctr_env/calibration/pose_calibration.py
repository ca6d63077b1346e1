"""The pose of a static camera from all of its images, with the set-up as given."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

import numpy as np
from numpy.typing import NDArray
from scipy.spatial.transform import RigidTransform

from ctr_env.datasets.frame import Frame
from ctr_env.datasets.joint_limits import joint_hint
from ctr_env.errors import CalibrationError, TooFewPosesError
from ctr_env.estimators.base import PoseEstimate
from ctr_env.estimators.ctrnet.estimator import CtRNetEstimator
from ctr_env.estimators.ctrnet.setup import CameraSetup
from ctr_env.estimators.fusion.joint_configurations import JointConfiguration, fused, grouped, same_configuration
from ctr_env.estimators.systematic_error import systematic_covariance
from ctr_env.geometry import twist_between

from .pseudo_label import PseudoLabel
from .result import Calibration, FrameFit
from .static_camera import StaticCameraSolver

__all__ = ["calibrate_pose"]

_BATCH = 8
_ITERATIONS = 60  # gradient steps of render-and-compare
_RELIABLE = 0.5  # contour inlier ratio of masks that take part in it
_FEWEST = 2  # distinct joint configurations with a valid estimate
_HALVES_SCATTER = 2.0  # variance of the halves' difference relative to that of their fused estimates


def calibrate_pose(
    frames: Mapping[str, Frame],
    estimator: CtRNetEstimator,
    refined: bool,
    on_frame: Callable[[int], None] | None = None,
    pose: RigidTransform | None = None,
) -> tuple[Calibration, list[Frame]]:
    """The calibration of the pose alone, and one image of each joint configuration.

    Args:
        frames: Images of one camera without lens distortion, by name.
        estimator: The learned estimator, without tracking.
        refined: Whether to finish by render-and-compare.
        on_frame: Called with the number of images estimated so far.
        pose: ``camera_T_base`` that is known already; ``None``: it is solved for.

    Raises:
        CalibrationError: If estimates are valid in fewer than two joint configurations.
    """
    images = list(frames.values())
    estimates = _estimates(images, estimator, on_frame)
    systematic = systematic_covariance(estimator.systematic_m, estimator.systematic_rad)
    configurations: list[JointConfiguration] = []
    for image, own in zip(images, estimates, strict=True):
        if own.valid:
            grouped(configurations, image.joint_positions, own)
    if len(configurations) < _FEWEST:
        raise _too_few(images, estimates, len(configurations), estimator)
    solver = StaticCameraSolver(estimator.pipeline)
    chosen = _one_of_each_configuration(images, estimates)
    distinct = [images[i] for i in chosen]
    if pose is None:
        pose = solver.shared_pose(distinct, fused(configurations, systematic, estimator.joint_std_rad).pose)
    labels = solver.pseudo_labels_at(images, pose)
    if refined:
        pose, labels = _refined(solver, images, chosen, pose, labels)
    fits = [
        FrameFit(name, own, label, twist_between(pose, own.camera_T_base) if own.valid else np.full(6, np.nan))
        for name, own, label in zip(frames, estimates, labels, strict=True)
    ]
    valid = [images[i] for i in chosen if estimates[i].valid]
    halves, halves_covariance = _halves(solver, configurations, valid, systematic, estimator.joint_std_rad)
    found = Calibration(
        camera_T_base=pose,
        covariance=fused(configurations, systematic, estimator.joint_std_rad, pose).covariance,
        systematic=systematic,
        fits=fits,
        configurations=len(configurations),
        halves=halves,
        halves_covariance=halves_covariance,
        uncertainty_source=estimator.uncertainty_source,
        setup=CameraSetup(pose, images[0].camera, np.zeros_like(images[0].joint_positions)),
    )
    return found, distinct


def _estimates(
    images: Sequence[Frame], estimator: CtRNetEstimator, on_frame: Callable[[int], None] | None
) -> list[PoseEstimate]:
    estimates: list[PoseEstimate] = []
    for start in range(0, len(images), _BATCH):
        estimates += estimator.estimate_batch(images[start : start + _BATCH])
        if on_frame is not None:
            on_frame(len(estimates))
    return estimates


def _one_of_each_configuration(images: Sequence[Frame], estimates: Sequence[PoseEstimate]) -> list[int]:
    """Numbers of images with distinct joint configurations, those with a valid estimate first."""
    chosen: list[int] = []
    for i in sorted(range(len(images)), key=lambda i: not estimates[i].valid):
        joints = images[i].joint_positions
        if not any(same_configuration(images[k].joint_positions, joints) for k in chosen):
            chosen.append(i)
    return chosen


def _too_few(
    images: Sequence[Frame], estimates: Sequence[PoseEstimate], configurations: int, estimator: CtRNetEstimator
) -> CalibrationError:
    """Why the images make no calibration."""
    valid = sum(estimate.valid for estimate in estimates)
    if valid >= _FEWEST:
        return CalibrationError(
            f"the {valid} images with a valid estimate show {configurations} joint configuration; a calibration needs "
            f"at least {_FEWEST}: move the robot between images"
        )
    reasons = ", ".join(sorted({estimate.reason for estimate in estimates if not estimate.valid}))
    hint = joint_hint(np.stack([image.joint_positions for image in images]), estimator.pipeline.model.kinematics)
    enough = len(_one_of_each_configuration(images, estimates)) >= _FEWEST
    kind = TooFewPosesError if enough and not hint else CalibrationError
    return kind(
        f"estimates are valid in {valid} of {len(estimates)} images ({reasons}); a calibration needs at least "
        f"{_FEWEST}: {hint or 'check robot, joint angles and intrinsics'}, or adapt the network first"
    )


def _refined(
    solver: StaticCameraSolver,
    frames: Sequence[Frame],
    chosen: Sequence[int],
    pose: RigidTransform,
    labels: list[PseudoLabel],
) -> tuple[RigidTransform, list[PseudoLabel]]:
    """Pose and pseudo-labels after render-and-compare over reliable masks, unless those before fit better.

    A mask that lacks half of the robot would pull the whole silhouette onto the part that it has.
    """
    reliable = [frames[i] for i in chosen if labels[i].contour_inlier_ratio >= _RELIABLE]
    if not reliable:
        return pose, labels
    refined = solver.refined(reliable, pose, _ITERATIONS)
    after = solver.pseudo_labels_at(frames, refined)
    better = sum(b.contour_inlier_ratio for b in after) > sum(b.contour_inlier_ratio for b in labels)
    return (refined, after) if better else (pose, labels)


def _halves(
    solver: StaticCameraSolver,
    configurations: Sequence[JointConfiguration],
    images: Sequence[Frame],
    systematic: NDArray[np.float64],
    joint_std_rad: float,
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Twist between the poses of two halves, and its expected covariance.

    Joint solutions of halves scatter more than fused estimates: on four synthetic cameras with right intrinsics the
    squared Mahalanobis distance without a factor was 12 to 23, where 6 is expected.
    """
    poses, covariance = [], np.zeros((6, 6))
    for half in (slice(0, None, 2), slice(1, None, 2)):
        found = fused(configurations[half], systematic, joint_std_rad)
        poses.append(solver.shared_pose(images[half], found.pose))
        covariance = covariance + _HALVES_SCATTER * found.independent
    return twist_between(*poses), covariance
