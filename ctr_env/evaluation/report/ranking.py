"""Best, median and worst episodes."""

from __future__ import annotations

from collections.abc import Sequence

from .study_data import Episode

__all__ = ["RANKS", "best_median_worst"]

RANKS = ("best", "median", "worst")
"""Names of the chosen episodes."""

_KEY = "true_position_error_m"


def best_median_worst(episodes: Sequence[Episode]) -> dict[str, Episode]:
    """The episodes with the smallest, the median and the largest true position error; fewer if there are fewer."""
    known = [episode for episode in episodes if episode.value(_KEY) is not None]
    ranked = sorted(known, key=lambda episode: (episode.value(_KEY), episode.cell, episode.seed))
    if not ranked:
        return {}
    places = {"best": 0, "median": (len(ranked) - 1) // 2, "worst": len(ranked) - 1}
    found: dict[str, Episode] = {}
    for rank in ("best", "worst", "median"):
        if ranked[places[rank]] not in found.values():
            found[rank] = ranked[places[rank]]
    return {rank: found[rank] for rank in RANKS if rank in found}
