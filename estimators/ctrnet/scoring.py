"""Stage 5, score: which hypothesis is kept, and whether it needs a retry."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace

from .hypothesis import PoseHypothesis

__all__ = ["accept"]


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
