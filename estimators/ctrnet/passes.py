"""The schedule of inference passes: coarse and refined; retries and templates for doubtful hypotheses."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from itertools import chain

from scipy.spatial.transform import RigidTransform

from .hypothesis import PoseHypothesis
from .proposals import Proposals, around, around_mask, around_pose, coarse, coarse_turned, whole
from .robot_model import RobotView

__all__ = [
    "InferencePass",
    "Schedule",
    "Step",
    "TemplateSearch",
    "reacquisition_passes",
    "search_passes",
    "template_passes",
    "tracking_passes",
]

CropRule = Callable[[RobotView, PoseHypothesis | None, tuple[int, int]], Proposals]

_ENLARGED = 1.3  # pixels of the network's input per pixel of the image


@dataclass(frozen=True)
class InferencePass:
    """One application of the network to some images.

    Attributes:
        crop: Rule for the regions that the network is applied to.
        retry: Whether the pass serves doubtful hypotheses only, and replaces them only by a higher contour inlier
            ratio.
        follows: Whether it refines what the pass before found, accepted or not.
        align: Whether contours are aligned after it.
        prior: Pose that the pass starts from in every image, or that of each; ``None``: the hypotheses so far.
    """

    crop: CropRule
    retry: bool = False
    follows: bool = False
    align: bool = False
    prior: RigidTransform | tuple[RigidTransform, ...] | None = None

    def starts(
        self, best: Sequence[PoseHypothesis | None], recent: dict[int, PoseHypothesis]
    ) -> dict[int, PoseHypothesis | None]:
        """The hypotheses that the pass starts from, by image.

        Args:
            best: The best hypothesis of each image so far.
            recent: What the pass before found, by image.
        """
        if isinstance(self.prior, tuple):
            return {i: PoseHypothesis.from_pose(prior) for i, prior in enumerate(self.prior)}
        if self.prior is not None:
            return dict.fromkeys(range(len(best)), PoseHypothesis.from_pose(self.prior))
        if self.follows:
            return dict(recent)
        return {i: h for i, h in enumerate(best) if not self.retry or (h is not None and h.doubtful)}


@dataclass(frozen=True)
class TemplateSearch:
    """A search of images from pose templates (see :mod:`.pose_templates`).

    It serves doubtful hypotheses, and all of robots that are shown so small that their crop is enlarged: turned by 180
    degrees they look much alike.

    Attributes:
        count: Number of templates; each gets :func:`template_passes`.
    """

    count: int = 10

    def starts(self, best: Sequence[PoseHypothesis | None]) -> dict[int, PoseHypothesis]:
        """The hypotheses that it serves, by image."""
        return {i: h for i, h in enumerate(best) if h is not None and (h.doubtful or h.crop.scale > _ENLARGED)}


Step = InferencePass | TemplateSearch
Schedule = Sequence[Step]


def template_passes(poses: Sequence[RigidTransform]) -> list[InferencePass]:
    """Two refined passes around templates, one for each image; the second replaces the first by a higher ratio."""
    first = InferencePass(around_pose, align=True, prior=tuple(poses))
    return [first, InferencePass(around_pose, retry=True, follows=True, align=True)]


def tracking_passes(previous: RigidTransform | tuple[RigidTransform, ...], align: bool) -> list[InferencePass]:
    """One refined pass around the previous ``camera_T_base``, which replaces the coarse pass.

    Args:
        previous: The previous pose: one for all images, or that of each.
        align: Whether contours are aligned.
    """
    return [InferencePass(around_pose, align=align, prior=previous)]


def _retry(crop: CropRule) -> tuple[Step, ...]:
    """A retry, and the refined pass that follows it."""
    again = InferencePass(crop, retry=True, align=crop is not coarse_turned)
    return again, InferencePass(around_pose, retry=True, follows=True, align=True)


_TEMPLATES: tuple[Step, ...] = (TemplateSearch(),)
_RETRIES = (*map(_retry, (around_pose, around_mask, whole, coarse_turned)), _TEMPLATES)
_MOST_SUCCESSFUL_FIRST = (_retry(whole), _TEMPLATES, *map(_retry, (around_pose, around_mask, coarse_turned)))
"""Each on its own."""


def search_passes(passes: int, align: bool) -> list[Step]:
    """A coarse pass and refined ones; retries around the pose, around the mask, whole, and rotated; then templates.

    Args:
        passes: Passes over an image that needs no retry; 1: the whole image at full size alone.
        align: Whether contours are aligned; without them nothing tells which hypotheses need a retry.
    """
    return _search(passes, align, _RETRIES)


def reacquisition_passes(passes: int, align: bool, number: int) -> list[Step]:
    """The same with one kind of retry, which is another one for each image since the pose was lost.

    A full search takes as long as thirty passes. Over five images of a sequence, all its retries are made.

    Args:
        passes: As those of :func:`search_passes`.
        align: As that of :func:`search_passes`.
        number: How many images without a pose came before.
    """
    return _search(passes, align, [_MOST_SUCCESSFUL_FIRST[number % len(_MOST_SUCCESSFUL_FIRST)]])


def _search(passes: int, align: bool, retries: Iterable[Sequence[Step]]) -> list[Step]:
    *coarser, last = [InferencePass(coarse if passes > 1 else whole), *[InferencePass(around)] * (passes - 1)]
    if not align:
        return [*coarser, last]
    return [*coarser, replace(last, align=True), *chain.from_iterable(retries)]
