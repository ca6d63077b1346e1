"""The pose of a camera that stood still while the robot moved."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray
from scipy.spatial.transform import RigidTransform

from ctr_env.datasets.frame import Frame
from ctr_env.estimators.base import PoseEstimate
from ctr_env.estimators.ctrnet.estimator import CtRNetEstimator
from ctr_env.estimators.fusion.fuse import Fused, fuse
from ctr_env.estimators.fusion.joint_configurations import Posture, grouped, same_posture
from ctr_env.estimators.mirrored import Mirror
from ctr_env.estimators.silhouette.refinement import refine
from ctr_env.estimators.systematic_error import common_covariance
from ctr_env.geometry import twist_between

from .static_camera import Belief, Teacher

__all__ = ["Calibration", "FrameFit", "calibrate"]

_BATCH = 8
_DESCENT = 60  # steps of a refinement
_TRUSTED = 0.5  # share of the outline that a mask must explain to take part in it
_FEWEST = 2  # postures, seen in frames with a pose of their own


@dataclass(frozen=True)
class FrameFit:
    """How one picture agrees with the camera's pose.

    Attributes:
        name: Name of the frame.
        own: What the estimator makes of this picture alone.
        belief: How well the robot at the camera's pose fits the picture.
        twist: ``(6,)`` from the camera's pose to the picture's own (see ``PoseEstimate``); NaN where it has none.
    """

    name: str
    own: PoseEstimate
    belief: Belief
    twist: NDArray[np.float64]

    def reflected(self, mirror: Mirror, width: int) -> FrameFit:
        """The same of the robot whose mirror image was seen, in a picture of a width."""
        pose = self.belief.pose
        belief = replace(self.belief, pose=None if pose is None else mirror.pose(pose))
        return FrameFit(self.name, mirror.estimate(self.own, width), belief, mirror.twist(self.twist))


@dataclass(frozen=True)
class Calibration:
    """A camera's pose and what it rests on.

    Attributes:
        camera_T_base: The pose.
        covariance: ``(6, 6)`` as ``PoseEstimate.covariance``.
        fits: How each picture agrees.
        postures: How many different postures the pictures with a pose of their own show.
        halves: ``(6,)`` twist between the poses that two halves of the pictures give, every other posture and the rest.
        halves_covariance: ``(6, 6)`` what that twist should be like: without what all pictures have in common.
    """

    camera_T_base: RigidTransform
    covariance: NDArray[np.float64]
    fits: list[FrameFit]
    postures: int
    halves: NDArray[np.float64]
    halves_covariance: NDArray[np.float64]

    def reflected(self, mirror: Mirror, width: int) -> Calibration:
        """The same of the robot whose mirror image was calibrated, in pictures of a width."""
        return Calibration(
            mirror.pose(self.camera_T_base),
            mirror.covariance(self.covariance),
            [fit.reflected(mirror, width) for fit in self.fits],
            self.postures,
            mirror.twist(self.halves),
            mirror.covariance(self.halves_covariance),
        )


def calibrate(
    frames: Mapping[str, Frame],
    estimator: CtRNetEstimator,
    refined: bool = False,
    on_frame: Callable[[int], None] | None = None,
) -> Calibration:
    """Find the one pose that explains all pictures.

    Every picture is looked at by itself, then one of each posture together: one PnP over all points, one alignment of
    all outlines, and with ``refined`` a descent on the difference of all silhouettes and masks. The covariance is that
    of the single pictures' poses together, those of one posture counting as one, widened where they scatter more than
    they say, and by the errors that all of them usually share; it knows nothing of unusual ones, such as a wrong focal
    length.

    Args:
        frames: Pictures of one camera without lens distortion, by name.
        estimator: The learned estimator, without tracking.
        refined: Whether to finish by render-and-compare.
        on_frame: Told how many pictures have been looked at.

    Raises:
        RuntimeError: If the robot is found in fewer than two postures.
    """
    pictures, owns = list(frames.values()), []
    for start in range(0, len(pictures), _BATCH):
        owns += estimator.estimate_batch(pictures[start : start + _BATCH])
        if on_frame is not None:
            on_frame(len(owns))
    postures: list[Posture] = []
    for picture, own in zip(pictures, owns, strict=True):
        if own.valid:
            grouped(postures, picture.joint_positions, own.camera_T_base, own.covariance)
    if len(postures) < _FEWEST:
        raise RuntimeError(_too_few(owns, len(postures)))
    teacher = Teacher(estimator.eye, True)
    seen = _one_of_each_posture(pictures, owns)
    pose = teacher.shared_pose([pictures[i] for i in seen], _fused(postures).pose)
    beliefs = teacher.beliefs_at(pictures, pose)
    if refined:
        pose, beliefs = _refined(estimator, teacher, pictures, seen, pose, beliefs)
    fused = _fused(postures, pose)
    fits = [
        FrameFit(name, own, belief, twist_between(pose, own.camera_T_base) if own.valid else np.full(6, np.nan))
        for name, own, belief in zip(frames, owns, beliefs, strict=True)
    ]
    halves = _halves(teacher, postures, [pictures[i] for i in seen if owns[i].valid])
    return Calibration(pose, fused.covariance, fits, len(postures), *halves)


def _one_of_each_posture(pictures: list[Frame], owns: list[PoseEstimate]) -> list[int]:
    """Numbers of pictures that show different postures, those with a pose of their own before others."""
    chosen: list[int] = []
    for i in sorted(range(len(pictures)), key=lambda i: not owns[i].valid):
        joints = pictures[i].joint_positions
        if not any(same_posture(pictures[k].joint_positions, joints) for k in chosen):
            chosen.append(i)
    return chosen


def _fused(postures: list[Posture], start: RigidTransform | None = None) -> Fused:
    poses, covariances = [posture.pose for posture in postures], [posture.covariance for posture in postures]
    return fuse(poses, covariances, start, common_covariance())


def _too_few(owns: list[PoseEstimate], postures: int) -> str:
    """What is wrong with pictures that make no calibration."""
    valid = sum(own.valid for own in owns)
    if valid >= _FEWEST:
        return f"the {valid} pictures in which the robot was found show it in {postures} posture: move it in between"
    reasons = ", ".join(sorted({own.reason for own in owns if not own.valid}))
    return (
        f"the robot was found in {valid} of {len(owns)} pictures ({reasons}); a calibration needs at least {_FEWEST}: "
        "see whether robot, joint angles and intrinsics are right, or adapt the network first"
    )


def _refined(
    estimator: CtRNetEstimator,
    teacher: Teacher,
    frames: list[Frame],
    chosen: list[int],
    pose: RigidTransform,
    beliefs: list[Belief],
) -> tuple[RigidTransform, list[Belief]]:
    """Pose and beliefs after a descent over chosen pictures whose masks can be trusted, unless those before fit better.

    A mask that lacks half of the robot would pull the whole silhouette onto what it has.
    """
    eye, seen = estimator.eye, []
    trusted = [frames[i] for i in chosen if beliefs[i].explained >= _TRUSTED]
    for start in range(0, len(trusted), _BATCH):
        part = trusted[start : start + _BATCH]
        sights = eye.look(part, [eye.around(frame, pose) for frame in part])
        seen += [eye.seen(frame, sight) for frame, sight in zip(part, sights, strict=True)]
    if not seen:
        return pose, beliefs
    descended = refine(eye.surface, seen, pose, _DESCENT).pose
    after = teacher.beliefs_at(frames, descended)
    better = sum(b.explained for b in after) > sum(b.explained for b in beliefs)
    return (descended, after) if better else (pose, beliefs)


def _halves(
    teacher: Teacher, postures: list[Posture], pictures: list[Frame]
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """How far the poses of two halves are apart, and the covariance of that; each posture with its picture."""
    poses, covariance = [], np.zeros((6, 6))
    for half in (slice(0, None, 2), slice(1, None, 2)):
        fused = _fused(postures[half])
        poses.append(teacher.shared_pose(pictures[half], fused.pose))
        covariance = covariance + fused.own
    return twist_between(*poses), covariance
