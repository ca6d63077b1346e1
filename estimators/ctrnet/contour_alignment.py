"""Stage 4, align: the pose is refined by aligning the projected mesh contour with the mask boundary."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.spatial.transform import RigidTransform, Rotation

from ctr_env.estimators.silhouette.alignment import Aligned, AlignmentProblem, Seen, align_each
from ctr_env.estimators.silhouette.contour import Lens
from ctr_env.estimators.silhouette.mask_view import MaskView
from ctr_env.geometry import PinholeCamera, transform

from .cropping import Crop
from .hypothesis import PoseHypothesis
from .robot_model import RobotView

__all__ = ["MaskedRobots", "align_contours", "masked_robots"]


@dataclass(frozen=True)
class MaskedRobots:
    """Masks of one camera in the frame of their crops, which share one quarter-turn rotation.

    Attributes:
        seen: The robot's vertices (base frame) and the mask of each crop.
        crop_T_camera: Rotation about the optical axis from the camera to the crops' frame; ``None``: identity.
    """

    seen: list[Seen]
    crop_T_camera: RigidTransform | None

    def to_crop(self, camera_T_base: RigidTransform) -> RigidTransform:
        """``crop_T_base``."""
        return camera_T_base if self.crop_T_camera is None else self.crop_T_camera * camera_T_base

    def to_camera(self, crop_T_base: RigidTransform) -> RigidTransform:
        """``camera_T_base``."""
        return crop_T_base if self.crop_T_camera is None else self.crop_T_camera.inv() * crop_T_base

    def aligned(
        self, surface: Any, camera_T_base: RigidTransform, covariance: NDArray[np.float64], rounds: int = 2
    ) -> Aligned:
        """The result of :func:`~ctr_env.estimators.silhouette.alignment.align` in the camera's frame.

        Args:
            surface: The robot's mesh.
            camera_T_base: The pose to refine.
            covariance: ``(6, 6)`` its covariance, as ``PoseEstimate.covariance``.
            rounds: How often the contour is recomputed.
        """
        return self.in_camera(align_each(surface, [self.problem(camera_T_base, covariance)], rounds)[0])

    def problem(self, camera_T_base: RigidTransform, covariance: NDArray[np.float64]) -> AlignmentProblem:
        """The alignment in the crops' frame of a pose with its covariance."""
        if self.crop_T_camera is None:
            return AlignmentProblem(self.seen, camera_T_base, covariance)
        R = self._twist_rotation
        return AlignmentProblem(self.seen, self.to_crop(camera_T_base), R @ covariance @ R.T)

    def in_camera(self, found: Aligned) -> Aligned:
        """The result of that alignment in the camera's frame."""
        if self.crop_T_camera is None:
            return found
        R = self._twist_rotation
        return replace(found, camera_T_base=self.to_camera(found.camera_T_base), covariance=R.T @ found.covariance @ R)

    @property
    def _twist_rotation(self) -> NDArray[np.float64]:
        """``(6, 6)`` rotation of both parts of an error twist from the camera to the crops' frame."""
        assert self.crop_T_camera is not None
        return np.kron(np.eye(2), self.crop_T_camera.rotation.as_matrix())


def align_contours(
    views: Sequence[RobotView],
    candidates: Mapping[int, PoseHypothesis],
    starts: Mapping[int, PoseHypothesis | None],
    retry: bool,
    keypoint_share: float,
) -> dict[int, PoseHypothesis]:
    """The candidates with the poses whose contours lie on the mask boundaries, and their contour inlier ratios.

    Args:
        views: The images.
        candidates: Hypotheses after PnP, by image.
        starts: The hypotheses that the pass started from, by image. Except in a retry, one of them is aligned instead
            where PnP found a pose in it and none in its candidate.
        retry: Whether the pass is a retry.
        keypoint_share: Weight of the keypoints' information beside the contour's: both come from one network and err
            together.
    """
    chosen = dict(candidates)
    for i, start in starts.items():
        if not retry and start is not None and start.detection is not None and start.located:
            chosen[i] = candidates[i] if i in candidates and candidates[i].located else start
    located = {i: hypothesis for i, hypothesis in chosen.items() if hypothesis.located}
    masked = {i: masked_robots([views[i]], [hypothesis]) for i, hypothesis in located.items()}
    problems = [masked[i].problem(h.camera_T_base, h.covariance / keypoint_share) for i, h in located.items()]
    results = align_each(views[0].model.surface, problems) if problems else []
    for (i, hypothesis), result in zip(located.items(), results, strict=True):
        found = masked[i].in_camera(result)
        chosen[i] = replace(
            hypothesis,
            camera_T_base=found.camera_T_base,
            covariance=found.covariance,
            contour_inlier_ratio=found.contour_inlier_ratio,
        )
    return chosen


def masked_robots(views: Sequence[RobotView], hypotheses: Sequence[PoseHypothesis]) -> MaskedRobots:
    """The masks of N hypotheses of one camera, whose crops have the same rotation."""
    turns = hypotheses[0].crop.quarter_turns
    roll = None if turns == 0 else transform(rotation=Rotation.from_rotvec([0.0, 0.0, 0.5 * np.pi * turns]))
    seen = [Seen(view.vertices, _mask_view(h, view.camera, roll)) for view, h in zip(views, hypotheses, strict=True)]
    return MaskedRobots(seen, roll)


def _mask_view(hypothesis: PoseHypothesis, camera: PinholeCamera, roll: RigidTransform | None) -> MaskView:
    """A crop's mask with the camera that sees it."""
    crop = hypothesis.crop
    centre = crop.forward((camera.cx, camera.cy))
    fx, fy = (camera.fx, camera.fy) if crop.quarter_turns % 2 == 0 else (camera.fy, camera.fx)
    lens = Lens(fx * crop.scale, fy * crop.scale, float(centre[0]), float(centre[1]))
    corners = crop.forward([(0.0, 0.0), (camera.width, camera.height)])
    bend = partial(_distorted, lens, camera, crop, roll) if camera.distortion else None
    return MaskView(hypothesis.detected.crop_mask, lens, corners.min(axis=0), corners.max(axis=0), bend)


def _distorted(
    lens: Lens, camera: PinholeCamera, crop: Crop, roll: RigidTransform | None, pixels: NDArray[np.float64]
) -> NDArray[np.float64]:
    """Undistorted crop pixels ``(N, 2)`` to the pixels at which the lens shows them."""
    rays = lens.rays(pixels)
    return crop.forward(camera.project(rays if roll is None else roll.inv().apply(rays)))
