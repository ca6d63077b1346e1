"""What was run: systems, axes and versions as tables."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from ctr_env.drawing.page.table import MISSING, Cell, Column, Table

from .grouping import Axis, by_system, level_text
from .study_data import Episode, StudyData

__all__ = ["number_ranges", "run_tables", "version_table"]


def run_tables(data: StudyData, axes: Sequence[Axis]) -> tuple[Table, ...]:
    """Tables of the systems and the axes."""
    return tuple(table for table in (_systems(data.episodes, axes), _axes(axes)) if table is not None)


def number_ranges(numbers: Iterable[int]) -> str:
    """Whole numbers as ranges: ``"0–49, 60"``."""
    ranges: list[list[int]] = []
    for number in sorted(set(numbers)):
        if ranges and number == ranges[-1][1] + 1:
            ranges[-1][1] = number
        else:
            ranges.append([number, number])
    return ", ".join(str(a) if a == b else f"{a}–{b}" for a, b in ranges)


def _systems(episodes: Sequence[Episode], axes: Sequence[Axis]) -> Table:
    """The arguments in which systems differ; the note has those that are common to all."""
    groups = by_system(episodes)
    varied = {axis.key for axis in axes} | {"scenario"}
    varied |= {name for name in episodes[0].parameters for group in groups.values() if _several(name, group)}
    names = [name for name in episodes[0].parameters if name not in varied]
    texts = {name: [_text(group[0].parameters.get(name)) for group in groups.values()] for name in names}
    common = [f"{name} = {found[0]}" for name, found in texts.items() if len(set(found)) == 1 and found[0] != MISSING]
    differing = [name for name, found in texts.items() if len(set(found)) > 1]
    columns = [Column("system", numeric=False), Column("episodes"), Column("seeds", numeric=False)]
    columns += [Column(name, numeric=False) for name in differing]
    rows: list[tuple[Cell, ...]] = []
    for i, (system, group) in enumerate(groups.items()):
        seeds = number_ranges(episode.seed for episode in group)
        rows.append((system, len(group), seeds, *(texts[name][i] for name in differing)))
    note = "Arguments of the environment in which the systems differ."
    note += f" Common to all: {', '.join(common)}." if common else ""
    return Table("systems-run", "Systems", note, tuple(columns), tuple(rows))


def _axes(axes: Sequence[Axis]) -> Table | None:
    rows = tuple((axis.key, ", ".join(map(level_text, axis.levels))) for axis in axes)
    columns = (Column("axis", numeric=False), Column("levels", numeric=False))
    note = "Parameters that were varied within the systems."
    return Table("axes-run", "Axes", note, columns, rows) if rows else None


def version_table(versions: Mapping[str, str]) -> Table | None:
    """Versions of packages; ``None`` if none are recorded."""
    columns = (Column("package", numeric=False), Column("version", numeric=False))
    rows = tuple(versions.items())
    return Table("versions", "Versions", "Packages that the results depend on.", columns, rows) if rows else None


def _several(name: str, episodes: Sequence[Episode]) -> bool:
    return len({_text(episode.parameters.get(name)) for episode in episodes}) > 1


def _text(value: Any) -> str:
    if value is None:
        return MISSING
    return value if isinstance(value, str) else json.dumps(value)
