"""Static-camera solver: one pose for all images of a camera that does not move."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import torch
from numpy.typing import NDArray
from scipy.spatial.transform import RigidTransform, Rotation

from ctr_env.datasets.frame import Frame
from ctr_env.estimators.ctrnet.contour_alignment import masked_robots
from ctr_env.estimators.ctrnet.edge_refinement import robot_image
from ctr_env.estimators.ctrnet.hypothesis import PoseHypothesis
from ctr_env.estimators.ctrnet.passes import Schedule, search_passes, tracking_passes
from ctr_env.estimators.ctrnet.pipeline import Pipeline
from ctr_env.estimators.ctrnet.robot_model import RobotView
from ctr_env.estimators.fusion.fuse import most_central
from ctr_env.estimators.pnp import solve_pnp
from ctr_env.estimators.silhouette.edge_alignment import align_edges
from ctr_env.estimators.silhouette.refinement import refine
from ctr_env.geometry import transform

from .pseudo_label import PseudoLabel, pseudo_label

__all__ = ["StaticCameraSolver"]

_BATCH = 16
_ITERATIONS = 2  # of detection around the shared pose and solution from it
_LEAST_RATIO = 0.2  # contour inlier ratio below which an image does not vote
_LOOSE = np.diag([0.05**2] * 3 + [0.05**2] * 3)  # covariance of a pose before its contours are aligned
_EXACT = 1e-12 * np.eye(6)  # alignment with this covariance keeps the pose and measures the contour inlier ratio
_ALIGNMENT_ROUNDS = 4


class StaticCameraSolver:
    """Solves for the camera pose that explains all images.

    The solver alternates between inference around the shared pose and a joint solution: one robust PnP over the
    keypoints of all images, one alignment of all contours with the mask boundaries, and one with edges of the images.
    Images have no lens distortion (see :func:`~ctr_env.datasets.undistortion.undistorted_frame`).
    """

    def __init__(self, pipeline: Pipeline, batch: int = _BATCH) -> None:
        """Solve with a network's pipeline; ``batch`` images at a time go through the network."""
        self._pipeline, self._batch = pipeline, batch

    def independent_labels(self, frames: Sequence[Frame]) -> list[PseudoLabel]:
        """Pseudo-labels of images of a moving camera: each has a pose of its own."""
        views = self._views(frames)
        found = self._run(views, search_passes(2, align=True))
        return [pseudo_label(view, h, _votes(h)) for view, h in zip(views, found, strict=True)]

    def pseudo_labels(self, frames: Sequence[Frame]) -> list[PseudoLabel]:
        """Pseudo-labels of images of a static camera: all share one pose."""
        views = self._views(frames)
        found = self._run(views, search_passes(2, align=True))
        poses = [h.camera_T_base for h in found if _votes(h)]
        if not poses:
            return [pseudo_label(view, h, usable=False) for view, h in zip(views, found, strict=True)]
        return self._labels_at(views, self._shared_pose(views, most_central(poses)))

    def shared_pose(self, frames: Sequence[Frame], camera_T_base: RigidTransform) -> RigidTransform:
        """The pose near a first one that best explains all images of a static camera."""
        return self._shared_pose(self._views(frames), camera_T_base)

    def pseudo_labels_at(self, frames: Sequence[Frame], camera_T_base: RigidTransform) -> list[PseudoLabel]:
        """Pseudo-labels of images of a static camera with a given pose; usable if it explains half of the images."""
        return self._labels_at(self._views(frames), camera_T_base)

    def refined(self, frames: Sequence[Frame], camera_T_base: RigidTransform, iterations: int) -> RigidTransform:
        """The pose after gradient descent on the difference of silhouettes and masks (render-and-compare).

        It is then aligned with the edges of the images.
        """
        views = self._views(frames)
        hypotheses = self._around(views, camera_T_base)
        masked = masked_robots(views, hypotheses)
        found = refine(self._pipeline.model.surface, masked.seen, masked.to_crop(camera_T_base), iterations)
        return self._edge_aligned(views, hypotheses, masked.to_camera(found.pose), _LOOSE)

    def _views(self, frames: Sequence[Frame]) -> list[RobotView]:
        return [self._pipeline.model.view(frame) for frame in frames]

    def _run(self, views: Sequence[RobotView], passes: Schedule) -> list[PoseHypothesis]:
        parts = (views[i : i + self._batch] for i in range(0, len(views), self._batch))
        return [hypothesis for part in parts for hypothesis in self._pipeline.run(part, passes)]

    def _around(self, views: Sequence[RobotView], pose: RigidTransform) -> list[PoseHypothesis]:
        """Inference in crops around the robot at a pose."""
        return self._run(views, tracking_passes(pose, align=False))

    def _shared_pose(self, views: Sequence[RobotView], pose: RigidTransform) -> RigidTransform:
        for _ in range(_ITERATIONS):
            pose = self._joint_solution(views, self._around(views, pose), pose)
        return pose

    def _joint_solution(
        self, views: Sequence[RobotView], hypotheses: Sequence[PoseHypothesis], pose: RigidTransform
    ) -> RigidTransform:
        """One PnP over the keypoints of all images, one alignment of all contours, and one with all image edges."""
        pose = self._joint_pnp(views, hypotheses, pose)
        masked = masked_robots(views, hypotheses)
        aligned = masked.aligned(self._pipeline.model.surface, pose, _LOOSE, rounds=_ALIGNMENT_ROUNDS)
        return self._edge_aligned(views, hypotheses, aligned.camera_T_base, aligned.covariance)

    def _edge_aligned(
        self,
        views: Sequence[RobotView],
        hypotheses: Sequence[PoseHypothesis],
        pose: RigidTransform,
        covariance: NDArray[np.float64],
    ) -> RigidTransform:
        """The pose aligned with edges of all images; the given one where there are too few."""
        images = [robot_image(*each) for each in zip(views, hypotheses, strict=True)]
        model = self._pipeline.model
        found = align_edges(model.kinematics, model.surface, images, pose, covariance)
        return pose if found is None else found.camera_T_base

    def _joint_pnp(
        self, views: Sequence[RobotView], hypotheses: Sequence[PoseHypothesis], pose: RigidTransform
    ) -> RigidTransform:
        """One robust PnP over the keypoints of all images; the given pose where it fails."""
        pixels = np.concatenate([h.detected.pixels for h in hypotheses])
        weights = np.concatenate([np.where(h.used, 1.0 / h.detected.variance, 0.0) for h in hypotheses])
        points, camera = np.concatenate([view.keypoints for view in views]), views[0].camera
        problem = (pixels, points, weights, [camera.fx, camera.fy, camera.cx, camera.cy])
        with torch.no_grad():
            found = solve_pnp(*(torch.from_numpy(np.asarray(part, float))[None] for part in problem), robust=True)
        if not bool(found.valid[0]):
            return pose
        return transform(found.translation[0].numpy(), Rotation.from_matrix(found.rotation[0].numpy()))

    def _labels_at(self, views: Sequence[RobotView], pose: RigidTransform) -> list[PseudoLabel]:
        found = [self._at(view, h, pose) for view, h in zip(views, self._around(views, pose), strict=True)]
        usable = 2 * sum(h.contour_inlier_ratio >= _LEAST_RATIO for h in found) >= len(found)
        return [pseudo_label(view, h, usable) for view, h in zip(views, found, strict=True)]

    def _at(self, view: RobotView, hypothesis: PoseHypothesis, pose: RigidTransform) -> PoseHypothesis:
        """A detection with a given pose and the contour inlier ratio there."""
        aligned = masked_robots([view], [hypothesis]).aligned(self._pipeline.model.surface, pose, _EXACT, rounds=1)
        return hypothesis.at(pose, aligned.contour_inlier_ratio)


def _votes(hypothesis: PoseHypothesis) -> bool:
    return hypothesis.located and hypothesis.contour_inlier_ratio >= _LEAST_RATIO
