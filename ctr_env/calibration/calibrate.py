"""The pose of a camera that stood still while the robot moved."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace

import numpy as np
from numpy.typing import NDArray
from scipy.spatial.transform import RigidTransform

from ctr_env.datasets.frame import Frame
from ctr_env.estimators.base import PoseEstimate
from ctr_env.estimators.ctrnet.estimator import CtRNetEstimator
from ctr_env.estimators.fusion.fuse import Fused, fuse
from ctr_env.estimators.fusion.joint_configurations import JointConfiguration, grouped, same_configuration
from ctr_env.estimators.mirrored import Mirror
from ctr_env.estimators.systematic_error import systematic_covariance
from ctr_env.geometry import twist_between

from .pseudo_label import PseudoLabel
from .static_camera import StaticCameraSolver

__all__ = ["Calibration", "FrameFit", "calibrate"]

_BATCH = 8
_DESCENT = 60  # steps of a refinement
_TRUSTED = 0.5  # share of the contour that a mask must explain to take part in it
_FEWEST = 2  # joint configurations, seen in frames with a pose of their own


@dataclass(frozen=True)
class FrameFit:
    """How one image agrees with the camera's pose.

    Attributes:
        name: Name of the frame.
        own: What the estimator makes of this image alone.
        belief: How well the robot at the camera's pose fits the image.
        twist: ``(6,)`` from the camera's pose to the image's own (see ``PoseEstimate``); NaN where it has none.
    """

    name: str
    own: PoseEstimate
    pseudo_label: PseudoLabel
    twist: NDArray[np.float64]

    def reflected(self, mirror: Mirror, width: int) -> FrameFit:
        """The same of the robot whose mirror image was seen, in a image of a width."""
        pose = self.pseudo_label.camera_T_base
        pseudo_label = replace(self.pseudo_label, camera_T_base=None if pose is None else mirror.pose(pose))
        return FrameFit(self.name, mirror.estimate(self.own, width), pseudo_label, mirror.twist(self.twist))


@dataclass(frozen=True)
class Calibration:
    """A camera's pose and what it rests on.

    Attributes:
        camera_T_base: The pose.
        covariance: ``(6, 6)`` as ``PoseEstimate.covariance``.
        fits: How each image agrees.
        joint configurations: How many different joint configurations the images with a pose of their own show.
        halves: ``(6,)`` twist between the poses that two halves of the images give, every other joint configuration and the rest.
        halves_covariance: ``(6, 6)`` what that twist should be like: without what all images have in common.
        systematic: ``(6, 6)`` part of the covariance that all images share.
        uncertainty_source: Where the network's covariances come from (see ``PoseEstimator.uncertainty_source``).
    """

    camera_T_base: RigidTransform
    covariance: NDArray[np.float64]
    fits: list[FrameFit]
    configurations: int
    halves: NDArray[np.float64]
    halves_covariance: NDArray[np.float64]
    systematic: NDArray[np.float64] = field(default_factory=systematic_covariance)
    uncertainty_source: str = ""

    def reflected(self, mirror: Mirror, width: int) -> Calibration:
        """The same of the robot whose mirror image was calibrated, in images of a width."""
        return Calibration(
            mirror.pose(self.camera_T_base),
            mirror.covariance(self.covariance),
            [fit.reflected(mirror, width) for fit in self.fits],
            self.configurations,
            mirror.twist(self.halves),
            mirror.covariance(self.halves_covariance),
            mirror.covariance(self.systematic),
            self.uncertainty_source,
        )


def calibrate(
    frames: Mapping[str, Frame],
    estimator: CtRNetEstimator,
    refined: bool = False,
    on_frame: Callable[[int], None] | None = None,
) -> Calibration:
    """Find the one pose that explains all images.

    Every image is looked at by itself, then one of each joint configuration together: one PnP over all points, one alignment of
    all contours, and with ``refined`` a descent on the difference of all silhouettes and masks. The covariance is that
    of the single images' poses together, those of one joint configuration counting as one, widened where they scatter more than
    they say, and by the errors that all of them usually share; it knows nothing of unusual ones, such as a wrong focal
    length.

    Args:
        frames: Images of one camera without lens distortion, by name.
        estimator: The learned estimator, without tracking.
        refined: Whether to finish by render-and-compare.
        on_frame: Told how many images have been looked at.

    Raises:
        RuntimeError: If the robot is found in fewer than two joint configurations.
    """
    images, owns = list(frames.values()), []
    for start in range(0, len(images), _BATCH):
        owns += estimator.estimate_batch(images[start : start + _BATCH])
        if on_frame is not None:
            on_frame(len(owns))
    configurations: list[JointConfiguration] = []
    for image, own in zip(images, owns, strict=True):
        if own.valid:
            grouped(configurations, image.joint_positions, own.camera_T_base, own.covariance)
    if len(configurations) < _FEWEST:
        raise RuntimeError(_too_few(owns, len(configurations)))
    solver = StaticCameraSolver(estimator.pipeline)
    seen = _one_of_each_configuration(images, owns)
    systematic = systematic_covariance(estimator.systematic_m, estimator.systematic_rad)
    pose = solver.shared_pose([images[i] for i in seen], _fused(configurations, systematic).pose)
    pseudo_labels = solver.pseudo_labels_at(images, pose)
    if refined:
        pose, pseudo_labels = _refined(solver, images, seen, pose, pseudo_labels)
    fused = _fused(configurations, systematic, pose)
    fits = [
        FrameFit(name, own, pseudo_label, twist_between(pose, own.camera_T_base) if own.valid else np.full(6, np.nan))
        for name, own, pseudo_label in zip(frames, owns, pseudo_labels, strict=True)
    ]
    halves = _halves(solver, configurations, systematic, [images[i] for i in seen if owns[i].valid])
    return Calibration(
        pose, fused.covariance, fits, len(configurations), *halves, systematic, estimator.uncertainty_source
    )


def _one_of_each_configuration(images: list[Frame], owns: list[PoseEstimate]) -> list[int]:
    """Numbers of images that show different joint configurations, those with a pose of their own before others."""
    chosen: list[int] = []
    for i in sorted(range(len(images)), key=lambda i: not owns[i].valid):
        joints = images[i].joint_positions
        if not any(same_configuration(images[k].joint_positions, joints) for k in chosen):
            chosen.append(i)
    return chosen


def _fused(
    configurations: list[JointConfiguration], systematic: NDArray[np.float64], start: RigidTransform | None = None
) -> Fused:
    poses, covariances = (
        [configuration.pose for configuration in configurations],
        [configuration.covariance for configuration in configurations],
    )
    return fuse(poses, covariances, start, systematic)


def _too_few(owns: list[PoseEstimate], configurations: int) -> str:
    """What is wrong with images that make no calibration."""
    valid = sum(own.valid for own in owns)
    if valid >= _FEWEST:
        return f"the {valid} images in which the robot was found show it in {configurations} joint configuration: move it in between"
    reasons = ", ".join(sorted({own.reason for own in owns if not own.valid}))
    return (
        f"the robot was found in {valid} of {len(owns)} images ({reasons}); a calibration needs at least {_FEWEST}: "
        "see whether robot, joint angles and intrinsics are right, or adapt the network first"
    )


def _refined(
    solver: StaticCameraSolver,
    frames: list[Frame],
    chosen: list[int],
    pose: RigidTransform,
    labels: list[PseudoLabel],
) -> tuple[RigidTransform, list[PseudoLabel]]:
    """Pose and pseudo-labels after render-and-compare over reliable masks, unless those before fit better.

    A mask that lacks half of the robot would pull the whole silhouette onto the part that it has.
    """
    reliable = [frames[i] for i in chosen if labels[i].contour_inlier_ratio >= _TRUSTED]
    if not reliable:
        return pose, labels
    refined = solver.refined(reliable, pose, _DESCENT)
    after = solver.pseudo_labels_at(frames, refined)
    better = sum(b.contour_inlier_ratio for b in after) > sum(b.contour_inlier_ratio for b in labels)
    return (refined, after) if better else (pose, labels)


def _halves(
    solver: StaticCameraSolver,
    configurations: list[JointConfiguration],
    systematic: NDArray[np.float64],
    images: list[Frame],
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """How far the poses of two halves are apart, and the covariance of that; each joint configuration with its image."""
    poses, covariance = [], np.zeros((6, 6))
    for half in (slice(0, None, 2), slice(1, None, 2)):
        fused = _fused(configurations[half], systematic)
        poses.append(solver.shared_pose(images[half], fused.pose))
        covariance = covariance + fused.independent
    return twist_between(*poses), covariance
