"""True poses by the time of the frame that they belong to."""

from __future__ import annotations

from .base import GroundTruth

__all__ = ["TruthMemory"]


class TruthMemory:
    """The newest true poses, found by their time.

    A batch of frames is estimated after the truths of all of them were observed, so more than one is kept; the number
    is bounded because an episode may be endless.
    """

    def __init__(self, capacity: int = 4096) -> None:
        """Start empty.

        Args:
            capacity: Most truths that are kept; beyond it the one observed first is dropped.
        """
        self._capacity = capacity
        self._truths: dict[float, GroundTruth] = {}

    def add(self, truth: GroundTruth) -> None:
        """Remember true poses; they replace earlier ones of the same time."""
        self._truths.pop(truth.time_s, None)
        self._truths[truth.time_s] = truth
        if len(self._truths) > self._capacity:
            del self._truths[next(iter(self._truths))]

    def at(self, time_s: float) -> GroundTruth | None:
        """The true poses of a time, seconds; ``None`` if there are none."""
        return self._truths.get(time_s)

    def clear(self) -> None:
        """Forget everything."""
        self._truths.clear()
