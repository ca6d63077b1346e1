"""Tables of results: systems, scenarios, axes and reasons of failure."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence

from ctr_env.drawing.page.table import MISSING, Cell, Column, Number, Table

from .grouping import Axis, by_scenario, by_system, level_text
from .intervals import median_of, quantile_of, success_of
from .quantities import ACCURACY, CONSTRAINTS, ESTIMATION, MOTION, Quantity, quantity
from .study_data import Episode

__all__ = ["axis_table", "failed_table", "failure_table", "scenario_tables", "system_tables"]

_NOTE = "Medians with 95 % intervals, and 95th percentiles, over the episodes in which a metric is defined."
_SUCCESS_NOTE = f"Success with its 95 % Wilson interval; a crashed episode is a failure. {_NOTE}"
_MOST_FAILED = 200  # rows, so that a page remains small
Groups = Mapping[str, Sequence[Episode]]


def system_tables(episodes: Sequence[Episode]) -> tuple[Table, ...]:
    """Accuracy, estimates, motion and constraints of every system; kinds of which nothing is recorded are left out."""
    groups = by_system(episodes)
    kinds = (
        ("accuracy", "Accuracy", ACCURACY, True),
        ("estimates", "What the controller saw", ESTIMATION, False),
        ("motion", "How the gripper moved", MOTION, False),
        ("constraints", "Image borders and joint limits", CONSTRAINTS, False),
    )
    return tuple(
        Table(
            f"systems-{name}",
            title,
            _SUCCESS_NOTE if with_success else _NOTE,
            *_content(groups, quantities, with_success),
        )
        for name, title, quantities, with_success in kinds
        if with_success or _recorded(quantities, episodes)
    )


def scenario_tables(episodes: Sequence[Episode]) -> tuple[Table, ...]:
    """Success and median true errors of every system in every scenario; none for a single scenario."""
    scenarios = by_scenario(episodes)
    if len(scenarios) < 2:
        return ()
    kinds: list[tuple[str, str, Callable[[Sequence[Episode]], Number]]] = [
        ("scenarios-success", "Success by scenario (%)", success_of)
    ]
    for each in _recorded(ACCURACY, episodes):
        name = each.key.removeprefix("true_").partition("_")[0]
        kinds.append((f"scenarios-{name}", f"Median {each.label} by scenario ({each.unit})", _median(each)))
    systems = by_system(episodes)
    wide = len(systems) <= len(scenarios)  # the shorter side across
    down, across = ("scenario", systems) if wide else ("system", scenarios)
    columns = (Column(down, numeric=False), *map(Column, across))
    tables = []
    for key, title, value in kinds:
        rows = _scenario_rows(scenarios, systems, value)
        tables.append(Table(key, title, "With 95 % intervals.", columns, rows if wide else _transposed(rows, systems)))
    return tuple(tables)


def axis_table(axis: Axis) -> Table:
    """Success and true errors of every system at every level of an axis."""
    rows: list[tuple[Cell, ...]] = []
    found = _recorded(ACCURACY, [e for systems in axis.groups.values() for group in systems.values() for e in group])
    for level in axis.levels:
        for system, episodes in axis.groups[level].items():
            medians = (median_of(episodes, each) for each in found)
            rows.append((level_text(level), system, len(episodes), success_of(episodes), *medians))
    columns = (
        Column(axis.key, numeric=axis.numeric),
        Column("system", numeric=False),
        Column("episodes"),
        Column("success (%)"),
        *(Column("median", group=each.heading) for each in found),
    )
    return Table(f"axis-{axis.key}", f"Results by {axis.key}", "With 95 % intervals.", columns, tuple(rows))


def failure_table(episodes: Sequence[Episode]) -> Table:
    """Number of failed episodes of every system, by reason; the most frequent reason first."""
    reasons = [reason for reason, _ in Counter(e.failure for e in episodes if e.failure).most_common()]
    rows: list[tuple[Cell, ...]] = []
    for system, group in by_system(episodes).items():
        counts = Counter(episode.failure for episode in group)
        rows.append((system, len(group), *(counts[reason] for reason in reasons)))
    columns = (Column("system", numeric=False), Column("episodes"), *(Column(str(reason)) for reason in reasons))
    note = "Number of episodes that failed, by the reason that the study recorded."
    return Table("failures", "Failures by reason", note, columns, tuple(rows))


def failed_table(episodes: Sequence[Episode]) -> Table:
    """The failed episodes: where to find each, its reason and what is known beyond it; the first of many."""
    failed = [episode for episode in episodes if episode.failure is not None]
    shown = quantity("true_position_error_m")
    rows = tuple(
        (e.system, e.scenario, e.cell, e.seed, str(e.failure), _error(e, shown), e.detail)
        for e in failed[:_MOST_FAILED]
    )
    texts = ("system", "scenario", "cell")
    columns = (
        *(Column(name, numeric=False) for name in texts),
        *(Column("seed"), Column("reason", numeric=False), Column(shown.heading), Column("detail", numeric=False)),
    )
    note = "All of them." if len(failed) == len(rows) else f"The first {len(rows)} of {len(failed)}."
    note += (
        " “ctr-env view DIR --cell CELL --seed SEED” opens the video of one; with --rerun it is run again and recorded."
    )
    return Table("failed", "Failed episodes", note, columns, rows)


def _error(episode: Episode, shown: Quantity) -> Number:
    value = episode.value(shown.key)
    return Number(None if value is None else shown.scale * value)


def _content(
    groups: Groups, quantities: Iterable[Quantity], with_success: bool
) -> tuple[tuple[Column, ...], tuple[tuple[Cell, ...], ...]]:
    """Columns and rows of a table with the median and the 95th percentile of some quantities."""
    found = _recorded(quantities, [episode for group in groups.values() for episode in group])
    columns = [Column("system", numeric=False), Column("episodes")]
    columns += [Column("success (%)")] if with_success else []
    for each in found:
        columns += [Column("median", group=each.heading), Column("p95", group=each.heading)]
    rows: list[tuple[Cell, ...]] = []
    for system, episodes in groups.items():
        row: list[Cell] = [system, len(episodes)]
        row += [success_of(episodes)] if with_success else []
        for each in found:
            row += [median_of(episodes, each), quantile_of(episodes, each, 0.95)]
        rows.append(tuple(row))
    return tuple(columns), tuple(rows)


def _scenario_rows(
    scenarios: Groups, systems: Iterable[str], value: Callable[[Sequence[Episode]], Number]
) -> tuple[tuple[Cell, ...], ...]:
    rows: list[tuple[Cell, ...]] = []
    for scenario, episodes in scenarios.items():
        groups = by_system(episodes)
        cells = (value(groups[system]) if system in groups else MISSING for system in systems)
        rows.append((scenario, *cells))
    return tuple(rows)


def _transposed(rows: tuple[tuple[Cell, ...], ...], names: Iterable[str]) -> tuple[tuple[Cell, ...], ...]:
    """One row for each column but the first."""
    return tuple((name, *(row[i] for row in rows)) for i, name in enumerate(names, start=1))


def _median(quantity: Quantity) -> Callable[[Sequence[Episode]], Number]:
    return lambda episodes: median_of(episodes, quantity)


def _recorded(quantities: Iterable[Quantity], episodes: Iterable[Episode]) -> list[Quantity]:
    known = {name for episode in episodes for name, value in episode.metrics.items() if value is not None}
    return [each for each in quantities if each.key in known]
