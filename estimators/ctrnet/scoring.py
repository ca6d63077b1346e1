"""Stage 5, score: which hypothesis is kept, and whether it needs a retry."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace

from .edge_refinement import refine_by_edges
from .hypothesis import PoseHypothesis
from .robot_model import RobotView

__all__ = ["accept", "best_supported"]


def accept(
    best: Sequence[PoseHypothesis | None], candidates: Mapping[int, PoseHypothesis], retry: bool, sure_ratio: float
) -> list[PoseHypothesis | None]:
    """The best hypothesis of each image after a pass.

    A retry's candidate needs a higher contour inlier ratio; another pass' candidate is kept unless PnP failed in it and
    had succeeded before. A hypothesis stays doubtful while its contour inlier ratio is low, or while its pose says that
    the robot was not upright in the crop, as the network expects it.

    Args:
        best: The best hypothesis of each image before the pass; ``None`` before the first one.
        candidates: Hypotheses of the pass, by image.
        retry: Whether the pass was a retry.
        sure_ratio: Contour inlier ratio above which a hypothesis needs no retry.
    """
    kept = list(best)
    for i, candidate in candidates.items():
        earlier = best[i]
        coarse = None if candidate.prior is not None else candidate.detection
        doubtful = candidate.contour_inlier_ratio < sure_ratio or not candidate.upright
        if earlier is None:
            kept[i] = replace(candidate, doubtful=doubtful, coarse=coarse)
        elif _replaces(candidate, earlier, retry):
            kept[i] = replace(candidate, doubtful=doubtful, coarse=earlier.coarse)
    return kept


def _replaces(candidate: PoseHypothesis, earlier: PoseHypothesis, retry: bool) -> bool:
    if retry:
        consistent = candidate.upright or candidate.crop.quarter_turns == 0  # a rotated crop must show an upright robot
        return consistent and candidate.contour_inlier_ratio > earlier.contour_inlier_ratio
    return candidate.located or not earlier.located


def best_supported(view: RobotView, hypotheses: Sequence[PoseHypothesis]) -> PoseHypothesis:
    """The hypothesis of one image that mask and image support best, the first of equals.

    Its support is the product of the contour inlier ratio and, at the pose aligned with image edges, of the edge inlier
    ratio: the mask comes from the network and may be wrong as a pose is; the edges do not.
    """

    def support(hypothesis: PoseHypothesis) -> float:
        if not hypothesis.located:
            return 0.0
        return hypothesis.contour_inlier_ratio * refine_by_edges(view, hypothesis).edge_inlier_ratio

    return max(hypotheses, key=support)
