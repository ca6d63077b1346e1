"""The table of a study: one row for each episode, with typed columns in a fixed order."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from ctr_env import __version__
from ctr_env.runs.files import plain_json, replacing

from .cells import Cell
from .file import StudyFile
from .store import StudyFolder

__all__ = ["assemble", "table_of"]

_TEXTS = ("system", "scenario", "status", "error", "failure", "failure_detail")
_FIRST = ("study", "cell", "system", "scenario", "seed", "status", "error")


def assemble(file: StudyFile, cells: Sequence[Cell], folder: StudyFolder, versions: Mapping[str, str]) -> pa.Table:
    """Write ``study.parquet`` from the episodes that are finished; its content.

    The same episodes make the same bytes, however they were run.
    """
    found = ((cell, seed, folder.read(cell.digest, seed)) for cell in cells for seed in cell.seeds)
    table = table_of(file, [(cell, seed, record) for cell, seed, record in found if record is not None], versions)
    with replacing(folder.parquet) as scratch:
        pq.write_table(table, scratch)
    return table


def table_of(
    file: StudyFile, episodes: Iterable[tuple[Cell, int, Mapping[str, Any]]], versions: Mapping[str, str]
) -> pa.Table:
    """The rows of episodes, in their order.

    Columns: the study, the cell and the outcome; the parameters as ``param.KEY``; the metrics; the versions as
    ``version.PACKAGE``. What is undefined is null, mappings and lists are JSON text.

    Args:
        file: The study.
        episodes: Cell, seed and record of each.
        versions: Versions of packages.
    """
    rows = []
    for cell, seed, record in episodes:
        head = (file.study, cell.digest, cell.system, cell.scenario, seed, record["status"], record["error"])
        parameters = {f"param.{key}": value for key, value in {**cell.parameters, **cell.labels}.items()}
        metrics = {key: value for key, value in (record["metrics"] or {}).items() if key not in _FIRST}
        rows.append(dict(zip(_FIRST, head, strict=True)) | {"param.seconds": cell.seconds} | parameters | metrics)
    names = sorted({name for row in rows for name in row if name.startswith("param.")})
    metric_names = dict.fromkeys(name for row in rows for name in row if name not in (*_FIRST, *names))
    columns = {name: _column(name, [row.get(name) for row in rows]) for name in (*_FIRST, *names, *metric_names)}
    columns |= {f"version.{name}": pa.array([version] * len(rows), pa.string()) for name, version in versions.items()}
    metadata = {"study": file.study, "ctr_env": __version__, "study_file_sha256": file.sha256}
    return pa.table(columns).replace_schema_metadata(metadata)


def _column(name: str, values: Sequence[Any]) -> pa.Array:
    kinds = {type(value) for value in values if value is not None}
    if kinds == {bool}:
        return pa.array(values, pa.bool_())
    if kinds == {int}:
        return pa.array(values, pa.int64())
    if kinds and kinds <= {int, float}:
        return pa.array([None if value is None else float(value) for value in values], pa.float64())
    if kinds or name in _TEXTS:
        return pa.array([_text(value) for value in values], pa.string())
    return pa.array(values, pa.float64())


def _text(value: Any) -> str | None:
    if value is None or isinstance(value, str):
        return value
    return json.dumps(value, sort_keys=True, default=plain_json)
