"""Records in a JSON-lines file, for runs that resume."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from ctr_env.runs.files import replacing

__all__ = ["RecordFile"]


class RecordFile:
    """Records by key, one JSON object per line, appended one at a time.

    An interrupted run leaves complete lines, except perhaps for the last one, which is then dropped.
    """

    def __init__(self, path: Path) -> None:
        """Read the records of an earlier run, and rewrite the file without an incomplete last line.

        Args:
            path: The file; its folder is made if it does not exist.
        """
        self._path = path
        lines = _complete_lines(path) if path.is_file() else []
        self._records: dict[str, dict[str, Any]] = {line["key"]: line["record"] for line in lines}
        with replacing(path) as scratch:
            entries = [{"key": key, "record": record} for key, record in self._records.items()]
            scratch.write_text("".join(f"{json.dumps(entry)}\n" for entry in entries))

    def get(self, key: str) -> dict[str, Any] | None:
        """The record of a key, or ``None``."""
        return self._records.get(key)

    def add(self, key: str, record: dict[str, Any]) -> None:
        """Append a record; one of the same key is replaced.

        Raises:
            ValueError: If a number is not finite.
        """
        line = json.dumps({"key": key, "record": record}, allow_nan=False)
        self._records[key] = record
        with self._path.open("a") as file:
            file.write(f"{line}\n")


def _complete_lines(path: Path) -> list[dict[str, Any]]:
    lines = []
    for line in path.read_text().splitlines():
        try:
            lines.append(json.loads(line))
        except json.JSONDecodeError:
            break
    return lines
