"""Stage 6, refine: the best pose is aligned with edges of the image at its full resolution."""

from __future__ import annotations

from dataclasses import replace

from ctr_env.estimators.silhouette.edge_alignment import align_edges
from ctr_env.estimators.silhouette.image_view import ImageView, RobotImage

from .hypothesis import PoseHypothesis
from .robot_model import RobotView

__all__ = ["refine_by_edges", "robot_image"]

_MASK_ERROR = 0.4  # pixels of the network's input by which mask boundaries are off
_SHARPEST = 1.0  # pixels: finer than that no image is


def robot_image(view: RobotView, hypothesis: PoseHypothesis) -> RobotImage:
    """The image of a hypothesis for alignment with its edges.

    Edges are searched within a few pixels of the contour, or within as much more as the mask boundary is less accurate
    where the crop is smaller than the image.
    """
    unit = max(_SHARPEST, _MASK_ERROR / hypothesis.crop.scale)
    return RobotImage(view.joint_positions, view.vertices, ImageView(view.image, view.camera, unit))


def refine_by_edges(view: RobotView, hypothesis: PoseHypothesis) -> PoseHypothesis:
    """The hypothesis with the pose at which its contour lies on image edges; unchanged where there are too few.

    Args:
        view: The image.
        hypothesis: After contour alignment.
    """
    model, images = view.model, [robot_image(view, hypothesis)]
    start = hypothesis.camera_T_base
    found = align_edges(model.kinematics, model.surface, images, start, hypothesis.covariance)
    if found is None:
        return hypothesis
    return replace(
        hypothesis,
        camera_T_base=found.camera_T_base,
        covariance=found.covariance,
        joint_sensitivity=found.joint_sensitivity,
        edge_inlier_ratio=found.inlier_ratio,
        edge_distance=found.distance,
    )
