"""What a network takes the poses in unlabelled images to be: each its own, or one for a camera that stands still."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from scipy.spatial.transform import RigidTransform, Rotation

from ctr_env.datasets.frame import Frame
from ctr_env.estimators.ctrnet.eye import Eye, Sight
from ctr_env.estimators.ctrnet.search import search
from ctr_env.estimators.fusion.fuse import most_central
from ctr_env.estimators.pnp import solve_pnp
from ctr_env.estimators.silhouette.alignment import align
from ctr_env.estimators.silhouette.contour import Lens, silhouette
from ctr_env.geometry import transform

__all__ = ["PseudoLabel", "StaticCameraSolver", "posed_mask"]

_BATCH = 16
_PASSES = 2  # looks at all images around the pose that they share
_LEAST_EXPLAINED = 0.2  # share of the contour; images below have no say
_LOOSE = np.diag([0.05**2] * 3 + [0.05**2] * 3)  # covariance of a pose before its contours are aligned
_ALIGNMENT_ROUNDS = 4


@dataclass(frozen=True)
class PseudoLabel:
    """What is thought of one image.

    Attributes:
        pose: ``camera_T_base``; ``None`` where nothing was found.
        explained: Share of the robot's contour at that pose that lies on the mask's border.
        overlap: Intersection over union of mask and silhouette.
        error: RMS distance between the points found and where the pose has them, as a share of their extent.
        usable: Whether it is good enough to learn from. A pose that many images share is, also in those in which the
            network does not find the robot yet: they have most to teach.
    """

    pose: RigidTransform | None
    contour_inlier_ratio: float
    overlap: float
    error: float
    usable: bool

    @property
    def score(self) -> float:
        """Agreement of mask, silhouette and points, 0 to 1; no label is needed for it."""
        return (
            0.0
            if self.pose is None
            else 0.5 * (self.overlap + self.contour_inlier_ratio) * float(np.exp(-10.0 * self.error))
        )


class StaticCameraSolver:
    """Looks at all images with a network."""

    def __init__(self, eye: Eye, fixed_camera: bool) -> None:
        """Look with an eye; ``fixed_camera`` if all images share one pose."""
        self._eye = eye
        self._fixed = fixed_camera

    def pseudo_labels(self, frames: Sequence[Frame]) -> list[PseudoLabel]:
        """What is thought of each image.

        Args:
            frames: Images without lens distortion; of one camera if it is fixed.
        """
        sights: list[Sight] = []
        for i in range(0, len(frames), _BATCH):
            sights += [found.sight for found in search(self._eye, frames[i : i + _BATCH], 2, True)]
        explaining = [sight.located and sight.contour_inlier_ratio >= _LEAST_EXPLAINED for sight in sights]
        if not self._fixed:
            return [self._pseudo_label(*each) for each in zip(frames, sights, explaining, strict=True)]
        poses = [sight.pose for sight, good in zip(sights, explaining, strict=True) if good]
        if not poses:
            return [self._pseudo_label(frame, sight, False) for frame, sight in zip(frames, sights, strict=True)]
        return self.pseudo_labels_at(frames, self.shared_pose(frames, most_central(poses)))

    def shared_pose(self, frames: Sequence[Frame], pose: RigidTransform) -> RigidTransform:
        """The pose near a first one that explains all images of a fixed camera best."""
        for _ in range(_PASSES):
            pose = self._together(frames, self._around(frames, pose), pose)
        return pose

    def pseudo_labels_at(self, frames: Sequence[Frame], pose: RigidTransform) -> list[PseudoLabel]:
        """What is thought of images of a fixed camera whose pose is given; usable if it explains half of them."""
        sights = [self._with(*each, pose) for each in zip(frames, self._around(frames, pose), strict=True)]
        good = 2 * sum(sight.contour_inlier_ratio >= _LEAST_EXPLAINED for sight in sights) >= len(sights)
        return [self._pseudo_label(frame, sight, good) for frame, sight in zip(frames, sights, strict=True)]

    def _around(self, frames: Sequence[Frame], pose: RigidTransform) -> list[Sight]:
        """A close look at each image, where a pose puts the robot."""
        sights: list[Sight] = []
        for i in range(0, len(frames), _BATCH):
            part = frames[i : i + _BATCH]
            sights += self._eye.look(part, [self._eye.around(frame, pose) for frame in part])
        return sights

    def _together(self, frames: Sequence[Frame], sights: Sequence[Sight], pose: RigidTransform) -> RigidTransform:
        """One PnP over the points of all images, then one alignment of all contours."""
        used = np.concatenate([sight.used for sight in sights])
        pixels = np.concatenate([sight.detection.pixels for sight in sights])
        variance = np.concatenate([sight.detection.variance for sight in sights])
        points = np.concatenate([self._eye.points(frame) for frame in frames])
        camera = frames[0].camera
        problem = (pixels, points, np.where(used, 1.0 / variance, 0.0), [camera.fx, camera.fy, camera.cx, camera.cy])
        with torch.no_grad():
            found = solve_pnp(*(torch.from_numpy(np.asarray(part, float))[None] for part in problem), robust=True)
        if bool(found.valid[0]):
            pose = transform(found.translation[0].numpy(), Rotation.from_matrix(found.rotation[0].numpy()))
        seen = [self._eye.seen(frame, sight) for frame, sight in zip(frames, sights, strict=True)]
        start = pose.rotation.as_matrix(), np.asarray(pose.translation)
        aligned = align(self._eye.surface, seen, *start, _LOOSE, rounds=_ALIGNMENT_ROUNDS)
        return transform(aligned.translation, Rotation.from_matrix(aligned.rotation))

    def _with(self, frame: Frame, sight: Sight, pose: RigidTransform) -> Sight:
        """A look, with a pose that is not its own."""
        fixed = 1e-12 * np.eye(6)  # aligned with itself: only to learn how much of the contour it explains
        start = pose.rotation.as_matrix(), np.asarray(pose.translation)
        aligned = align(self._eye.surface, [self._eye.seen(frame, sight)], *start, fixed, rounds=1)
        return sight.at(pose, aligned.contour_inlier_ratio)

    def _pseudo_label(self, frame: Frame, sight: Sight, usable: bool) -> PseudoLabel:
        if not sight.located:
            return PseudoLabel(None, 0.0, 0.0, np.inf, usable=False)
        vertices, view = self._eye.seen(frame, sight)
        pose = sight.pose
        drawn = silhouette(
            self._eye.surface, vertices, pose.rotation.as_matrix(), np.asarray(pose.translation), view.lens,
            view.mask.shape[::-1],
        )  # fmt: skip
        found = view.mask > 0.5
        overlap = float((drawn & found).sum() / max((drawn | found).sum(), 1))
        away = frame.camera.project(pose.apply(self._eye.points(frame))) - sight.detection.pixels
        weight = np.where(sight.used, 1.0 / sight.detection.variance, 0.0)
        squares = np.where(np.isfinite(away).all(axis=1), np.sum(np.nan_to_num(away) ** 2, axis=1), 0.0)
        error = np.sqrt(float(np.sum(weight * squares) / max(weight.sum(), 1e-12)))
        return PseudoLabel(
            pose, sight.contour_inlier_ratio, overlap, error / _extent(sight.detection.pixels[sight.used]), usable
        )


def posed_mask(eye: Eye, frame: Frame, pose: RigidTransform) -> NDArray[np.bool_]:
    """``(H, W)`` silhouette of the robot in a image without lens distortion."""
    c = frame.camera
    vertices = eye.surface.posed(eye.kinematics, frame.joint_positions)
    R, t = pose.rotation.as_matrix(), np.asarray(pose.translation)
    return silhouette(eye.surface, vertices, R, t, Lens(c.fx, c.fy, c.cx, c.cy), (c.width, c.height))


def _extent(pixels: NDArray[np.float64]) -> float:
    return float(max(np.ptp(pixels, axis=0).max(), 1.0)) if len(pixels) else 1.0
