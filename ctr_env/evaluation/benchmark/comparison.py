"""Paired comparison of systems on the rows of a study."""

from __future__ import annotations

from collections.abc import Hashable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from ctr_env.errors import ConfigurationError, DataError

from .statistics import bootstrap_interval, holm, mcnemar, sign_flip

__all__ = ["Comparison", "compare"]

_FEWEST = 2
Rows = Sequence[Mapping[str, Any]]
Values = dict[Hashable, Any]


@dataclass(frozen=True, kw_only=True)
class Comparison:
    """One system against the baseline, on the episodes that both have."""

    system: str
    """Name of the system."""
    pairs: int
    """Episodes in which the metric of both is defined."""
    undefined: int
    """Episodes in which the metric of at least one of both is not."""
    mean: float | None
    """Mean of the metric in these pairs: a rate if it is a bool. ``None``, as the following ones, below two pairs."""
    baseline_mean: float | None
    """The same of the baseline."""
    difference: float | None
    """Mean of system minus baseline."""
    low: float | None
    """Lower bound of its paired BCa bootstrap interval."""
    high: float | None
    """Upper bound."""
    p: float | None
    """Two-sided p-value: McNemar's exact test for a bool, the paired sign-flip permutation test otherwise."""
    p_holm: float | None
    """The same, corrected by Holm for all systems of this table."""


def compare(
    rows: Rows,
    metric: str,
    baseline: str,
    *,
    by: str = "system",
    pair_by: Sequence[str] = ("seed",),
    confidence: float = 0.95,
    seed: int = 0,
) -> list[Comparison]:
    """Compare every system with a baseline, episode by episode.

    Episodes with the same seed have the same start, goal, camera and looks, so that differences vary less than the
    systems themselves do. Pairs in which the metric is undefined for one of both do not count; how many these
    are is part of the result, since they are not missing at random (an episode that does not settle has no settling
    time).

    Args:
        rows: Rows of a study (mappings of columns; ``table.to_pylist()`` of an Arrow table), already restricted to what
            is to be compared, such as one scenario.
        metric: Column with numbers or bools.
        baseline: Value of the column ``by`` of the baseline.
        by: Column whose values are the systems.
        pair_by: Columns that identify an episode of each system.
        confidence: Probability of coverage of the intervals.
        seed: Seed of bootstrap and permutations.

    Returns:
        One comparison for each other system, in order of their first rows.

    Raises:
        ConfigurationError: If the baseline or a column does not exist.
        DataError: If a system has two rows for one episode: add columns to ``pair_by`` or restrict the rows.
    """
    values = _by_system(rows, metric, by, tuple(pair_by))
    if baseline not in values:
        raise ConfigurationError(f"unknown baseline {baseline!r}; valid names: {', '.join(map(str, values))}")
    reference = values.pop(baseline)
    found = [_compare(str(name), own, reference, confidence, seed) for name, own in values.items()]
    tested = [each for each in found if each.p is not None]
    adjusted = iter(holm([each.p for each in tested if each.p is not None]))
    return [each if each.p is None else _with_holm(each, next(adjusted)) for each in found]


def _by_system(rows: Rows, metric: str, by: str, pair_by: tuple[str, ...]) -> dict[Any, Values]:
    values: dict[Any, Values] = {}
    for row in rows:
        for column in (metric, by, *pair_by):
            if column not in row:
                raise ConfigurationError(f"the rows have no column {column!r}; valid names: {', '.join(row)}")
        episode = tuple(row[column] for column in pair_by)
        own = values.setdefault(row[by], {})
        if episode in own:
            named = ", ".join(f"{column}={value!r}" for column, value in zip(pair_by, episode, strict=True))
            raise DataError(
                f"{row[by]!r} has two rows with {named}: restrict the rows, or add columns to pair_by ({pair_by})"
            )
        own[episode] = row[metric]
    return values


def _compare(name: str, own: Values, reference: Values, confidence: float, seed: int) -> Comparison:
    shared = [episode for episode in own if episode in reference]
    pairs = [(own[e], reference[e]) for e in shared if own[e] is not None and reference[e] is not None]
    undefined = len(shared) - len(pairs)
    if len(pairs) < _FEWEST:
        empty = dict.fromkeys(("mean", "baseline_mean", "difference", "low", "high", "p", "p_holm"))
        return Comparison(system=name, pairs=len(pairs), undefined=undefined, **empty)
    a, b = (np.array(column, dtype=float) for column in zip(*pairs, strict=True))
    difference = a - b
    low, high = bootstrap_interval(difference, confidence=confidence, seed=seed)
    success = all(isinstance(value, bool | np.bool_) for pair in pairs for value in pair)
    return Comparison(
        system=name,
        pairs=len(pairs),
        undefined=undefined,
        mean=float(a.mean()),
        baseline_mean=float(b.mean()),
        difference=float(difference.mean()),
        low=low,
        high=high,
        p=mcnemar(a, b) if success else sign_flip(difference, seed=seed),
        p_holm=None,
    )


def _with_holm(comparison: Comparison, p: float) -> Comparison:
    return Comparison(**{**vars(comparison), "p_holm": p})
