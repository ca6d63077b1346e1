"""Which passes an image gets, by what became of those before it in its sequence."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from scipy.spatial.transform import RigidTransform

from .hypothesis import PoseHypothesis
from .passes import Schedule, Step, reacquisition_passes, search_passes, tracking_passes
from .pipeline import Pipeline
from .robot_model import RobotView

__all__ = ["Found", "Track", "next_hypotheses"]

_BATCH = 8
"""Images that go through the network together; more need more memory and are no faster."""

Found = tuple[PoseHypothesis, str]
"""The hypothesis of an image and why it is rejected; empty where it is accepted."""
_Judge = Callable[[RobotView, PoseHypothesis], Found]


@dataclass
class Track:
    """The state of one sequence of images.

    Attributes:
        last: The previous ``camera_T_base``; ``None`` where it is not known.
        misses: Images since the last valid pose; ``None`` before the first image.
    """

    last: RigidTransform | None = None
    misses: int | None = None

    def record(self, hypothesis: PoseHypothesis, reason: str) -> None:
        """Take in the result of an image, and why it is rejected."""
        self.last = None if reason else hypothesis.camera_T_base
        self.misses = 0 if not reason or self.misses is None else self.misses + 1

    def search(self, passes: int, align: bool) -> Schedule:
        """The passes without the previous pose: the first image is searched with all retries.

        When tracking is lost later, each image gets one kind of retry in turn, so that a robot out of view does not
        hold up the loop.
        """
        return search_passes(passes, align) if self.misses is None else reacquisition_passes(passes, align, self.misses)


def next_hypotheses(
    pipeline: Pipeline,
    views: Sequence[RobotView],
    tracks: Sequence[Track],
    passes: int,
    align: bool,
    judged: _Judge,
) -> list[Found]:
    """Results for the newest image of each of N sequences, whose tracks are advanced.

    Images that get the same passes go through the network together.

    Args:
        pipeline: The inference pipeline.
        views: The images.
        tracks: The state of each sequence.
        passes: As those of :func:`~.passes.search_passes`.
        align: Whether contours are aligned.
        judged: Completes a hypothesis of an image and says why it is rejected; empty where it is accepted.
    """
    found: dict[int, Found] = {}

    def run(images: Sequence[int], schedule: Callable[[Sequence[int]], Schedule]) -> None:
        for start in range(0, len(images), _BATCH):
            part = images[start : start + _BATCH]
            hypotheses = pipeline.run([views[i] for i in part], schedule(part))
            found.update((i, judged(views[i], h)) for i, h in zip(part, hypotheses, strict=True))

    known = {i: track.last for i, track in enumerate(tracks) if track.last is not None}
    run(list(known), lambda part: tracking_passes(tuple(known[i] for i in part), align))
    lost = [i for i in range(len(views)) if i not in found or found[i][1]]
    for schedule, images in _alike({i: tuple(tracks[i].search(passes, align)) for i in lost}).items():
        run(images, lambda _, schedule=schedule: list(schedule))  # type: ignore[misc]
    for i, track in enumerate(tracks):
        track.record(*found[i])
    return [found[i] for i in range(len(views))]


def _alike(schedules: dict[int, tuple[Step, ...]]) -> dict[tuple[Step, ...], list[int]]:
    """Images by schedule."""
    groups: dict[tuple[Step, ...], list[int]] = {}
    for image, schedule in schedules.items():
        groups.setdefault(schedule, []).append(image)
    return groups
