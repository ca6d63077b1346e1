"""Resumable run folders: a folder belongs to one kind of run with one configuration."""

from __future__ import annotations

import json
from collections.abc import Collection, Mapping
from pathlib import Path
from typing import Any

from ctr_env.errors import RunFolderError

from .files import plain_json, write_json

__all__ = ["RunFolder"]

_FILE = "run.json"


class RunFolder:
    """Claims a folder for a run; a run with the same settings resumes in it, another one is rejected.

    Attributes:
        path: The folder.
        settings: The run's settings, as a JSON reader returns them.
    """

    def __init__(self, path: Path, kind: str, settings: Mapping[str, Any], may_change: Collection[str] = ()) -> None:
        """Claim a folder, which is made if it does not exist.

        Args:
            path: The folder.
            kind: What runs in it, such as ``"servo"``.
            settings: What its results depend on. Values without a JSON form are recorded by their type and name.
            may_change: Settings that a resumed run may change, such as its length.

        Raises:
            RunFolderError: If the folder holds a run of another kind or with other settings; the message names one
                setting with both values.
        """
        self.path, self.settings = path, json.loads(json.dumps(dict(settings), default=_described))
        file, content = path / _FILE, {"kind": kind, "settings": self.settings}
        earlier = json.loads(file.read_text()) if file.is_file() else None
        if earlier is not None:
            self._require_same(kind, earlier, may_change)
        if earlier != content:
            write_json(file, content)

    def _require_same(self, kind: str, earlier: Mapping[str, Any], may_change: Collection[str]) -> None:
        if earlier.get("kind") != kind:
            raise RunFolderError(
                f"{self.path} holds a run of {earlier.get('kind')!r}, not {kind!r}; name another folder"
            )
        before: Mapping[str, Any] = earlier.get("settings", {})
        names = sorted(name for name in self.settings.keys() | before.keys() if name not in may_change)
        differing = [name for name in names if self.settings.get(name) != before.get(name)]
        if differing:
            name, *others = differing
            more = f" ({', '.join(others)} differ too)" if others else ""
            raise RunFolderError(
                f"{self.path} holds {_article(kind)} {kind} run with {name}={before.get(name)!r}, "
                f"now {self.settings.get(name)!r}{more}; "
                "name another folder, or use the same settings to resume"
            )


def _article(word: str) -> str:
    return "an" if word[0] in "aeiou" else "a"


def _described(value: Any) -> Any:
    """JSON form of a setting: an object that has none, such as an estimator, is recorded by its type and name."""
    try:
        return plain_json(value)
    except TypeError:
        return f"{type(value).__name__} {getattr(value, 'name', '')}".strip()
