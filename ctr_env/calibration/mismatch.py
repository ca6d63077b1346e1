"""Images of a static camera whose joint angles are those of another instant: which they are, and a guess why."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray
from scipy.spatial.transform import RigidTransform

from ctr_env.datasets.frame import Frame
from ctr_env.estimators.ctrnet.contour_alignment import masked_robots
from ctr_env.estimators.ctrnet.hypothesis import PoseHypothesis
from ctr_env.estimators.ctrnet.joint_information import indicated_offsets_at, joint_information
from ctr_env.estimators.ctrnet.passes import tracking_passes
from ctr_env.estimators.ctrnet.pipeline import Pipeline
from ctr_env.estimators.fusion.joint_configurations import same_configuration

__all__ = ["Mismatch", "find_mismatches", "in_words", "judged"]

_SUSPICIOUS = 0.5  # contour inlier ratio below which the joint angles of an image are doubted
_CONVINCING, _BETTER = 0.4, 0.2  # contour inlier ratio of other joint angles, and its gain over those given
_FIT_STEPS = 6  # Gauss-Newton steps of joint angles that are fitted to an image
_DELAYS_S = np.concatenate([np.arange(-0.5, 0.0, 0.02), np.arange(0.02, 0.51, 0.02)])
_MOVING = 0.05  # rad/s: joints that stand still tell nothing of a delay
_NAMED = 6  # images that a sentence names
_BATCH = 16
_DOUBTED_SHARE = 0.2  # of the images, that may have late joint angles, or such of unknown origin, in a right set-up
_EXACT = 1e-12 * np.eye(6)  # alignment with this covariance keeps the pose and measures the contour inlier ratio


@dataclass(frozen=True)
class Mismatch:
    """An image that does not show the robot at its joint angles.

    Attributes:
        name: Name of the image.
        contour_inlier_ratio: At the calibrated pose with the joint angles given.
        better_ratio: The same with the joint angles that fit best.
        image_of: Name of the image whose joint angles fit this one; empty if there is none.
        delay_s: Time by which the image is later than its joint angles, seconds; NaN where that is not the reason.
        left_out: Whether the calibration leaves the image out.
    """

    name: str
    contour_inlier_ratio: float
    better_ratio: float
    image_of: str = ""
    delay_s: float = np.nan
    left_out: bool = False

    @property
    def guess(self) -> str:
        """``"swapped"``, ``"delayed"`` or ``"unknown"``."""
        return "swapped" if self.image_of else "unknown" if np.isnan(self.delay_s) else "delayed"


def find_mismatches(frames: Mapping[str, Frame], pipeline: Pipeline, camera_T_base: RigidTransform) -> list[Mismatch]:
    """Images whose contour does not fit at the pose of their camera, but would with other joint angles.

    Joint angles of the other images are tried, and those of up to half a second before and after where joint velocities
    are known. Where none of them fit, joint angles are fitted to keypoints and contour: an image that fits these has
    wrong ones of unknown origin.

    Args:
        frames: Images of one static camera without lens distortion, by name.
        pipeline: The network's pipeline.
        camera_T_base: The calibrated pose.
    """
    views = [pipeline.model.posed(frame) for frame in frames.values()]
    passes, found = tracking_passes(camera_T_base, align=False), []
    for start in range(0, len(views), _BATCH):
        found += pipeline.run(views[start : start + _BATCH], passes)
    images = [
        _Image(name, frame, hypothesis, pipeline, camera_T_base)
        for (name, frame), hypothesis in zip(frames.items(), found, strict=True)
    ]
    distinct: list[_Image] = []
    for image in images:
        joints = image.frame.joint_positions
        if not any(same_configuration(other.frame.joint_positions, joints) for other in distinct):
            distinct.append(image)
    mismatches = [image.mismatch(distinct) for image in images]
    return [each for each in mismatches if each is not None]


def judged(mismatches: Sequence[Mismatch], images: int) -> tuple[Mismatch, ...]:
    """The mismatches with the decision which are left out.

    Exchanged joint angles are certain, as long as most images fit. Delays and joint angles of unknown origin in many
    images are those of a set-up with a time offset or joint offsets, which the images must then show.
    """
    few = [each for each in mismatches if each.guess != "swapped"]
    certain = len(few) <= _DOUBTED_SHARE * images
    many = 2 * len(mismatches) >= images
    return tuple(replace(e, left_out=not many and (certain or e.guess == "swapped")) for e in mismatches)


def in_words(mismatches: Sequence[Mismatch]) -> str:
    """A sentence on the images whose joint angles are not theirs; empty if there are none."""
    if not mismatches:
        return ""
    named = [f"{each.name} ({_guess_in_words(each)})" for each in mismatches[:_NAMED]]
    more = ", ..." if len(mismatches) > _NAMED else ""
    subject = "1 image does" if len(mismatches) == 1 else f"{len(mismatches)} images do"
    left_out = sum(each.left_out for each in mismatches)
    what = {0: "none is left out: the set-up may be what is wrong", len(mismatches): "left out of the solution"}
    return (
        f"{subject} not show the robot at the joint angles given: {', '.join(named)}{more}; "
        f"{what.get(left_out, f'{left_out} of them left out of the solution')}"
    )


def _guess_in_words(mismatch: Mismatch) -> str:
    if mismatch.guess == "swapped":
        return f"those of {mismatch.image_of} fit"
    if mismatch.guess == "unknown":
        return "others fit, of unknown origin"
    word = "after" if mismatch.delay_s > 0.0 else "before"
    return f"those of {abs(mismatch.delay_s):.2f} s {word} fit"


class _Image:
    """One image with what the network detects around the calibrated pose."""

    def __init__(
        self, name: str, frame: Frame, hypothesis: PoseHypothesis, pipeline: Pipeline, pose: RigidTransform
    ) -> None:
        self.name, self.frame = name, frame
        self._hypothesis, self._pipeline, self._pose = hypothesis, pipeline, pose

    def ratio(self, joints: NDArray[np.float64]) -> float:
        """Contour inlier ratio at the calibrated pose with other joint angles."""
        view = self._pipeline.model.posed(replace(self.frame, joint_positions=joints))
        masked = masked_robots([view], [self._hypothesis])
        return masked.aligned(self._pipeline.model.surface, self._pose, _EXACT, rounds=1).contour_inlier_ratio

    def mismatch(self, images: list[_Image]) -> Mismatch | None:
        """What is wrong with the joint angles; ``None`` where they fit."""
        joints, velocities = self.frame.joint_positions, self.frame.joint_velocities
        own = self.ratio(joints)
        if own >= _SUSPICIOUS:
            return None
        least = max(_CONVINCING, own + _BETTER)
        others = [i for i in images if not same_configuration(i.frame.joint_positions, joints)]
        swapped = max(((self.ratio(i.frame.joint_positions), i.name) for i in others), default=(0.0, ""))
        delayed = (0.0, np.nan)
        if velocities is not None and np.abs(velocities).max() > _MOVING:
            delayed = max((self.ratio(joints + delay * velocities), float(delay)) for delay in _DELAYS_S)
        if max(swapped[0], delayed[0]) < least:
            fitted = self._fitted_ratio()
            return Mismatch(self.name, own, fitted) if fitted >= least else None
        if swapped[0] > delayed[0]:
            return Mismatch(self.name, own, swapped[0], image_of=swapped[1])
        return Mismatch(self.name, own, delayed[0], delay_s=delayed[1])

    def _fitted_ratio(self) -> float:
        """The largest contour inlier ratio while joint angles are fitted to the image."""
        pipeline, joints, ratios = self._pipeline, self.frame.joint_positions, []
        kinematics, weight = pipeline.model.kinematics, pipeline.detector.uncertainty.keypoint_information
        posed = self._hypothesis.at(self._pose, 0.0)
        for _ in range(_FIT_STEPS):
            view = pipeline.model.posed(replace(self.frame, joint_positions=joints))
            offsets = indicated_offsets_at(joint_information(view, posed, weight))
            joints = np.clip(joints + offsets, kinematics.lower, kinematics.upper)
            ratios.append(self.ratio(joints))
        return max(ratios)
