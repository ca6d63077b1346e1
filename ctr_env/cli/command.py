"""What all commands have in common: a dataclass of options with a ``run`` method."""

from __future__ import annotations

import shlex
from abc import ABC, abstractmethod
from dataclasses import dataclass
from pathlib import Path
from typing import Any, ClassVar

from tyro.conf import Suppress

from ctr_env.runs.files import write_json
from ctr_env.runs.naming import default_folder

from .sections import values

__all__ = ["Command", "OutputCommand"]


@dataclass(frozen=True, kw_only=True)
class Command(ABC):
    """Options of every command.

    The fields of a command's class are its options, their docstrings its help; see
    :func:`~ctr_env.cli.parsing.parse`.
    """

    name: ClassVar[str]
    """Name of the command."""
    resumable: ClassVar[bool] = False
    """Whether the same command resumes after an interruption."""

    config: Path | None = None
    """YAML file with options of this command (nested or dotted keys); the command line takes precedence."""
    debug: bool = False
    """Show the traceback of an error."""
    words: Suppress[tuple[str, ...]] = ()
    """The command line after ``ctr-env``."""

    @abstractmethod
    def run(self) -> int:
        """Execute the command; its exit status."""

    @property
    def command_line(self) -> str:
        """The command as it was typed, for result files."""
        return shlex.join(["ctr-env", *self.words])


@dataclass(frozen=True, kw_only=True)
class OutputCommand(Command):
    """Options of commands that write a folder."""

    not_in_digest: ClassVar[tuple[str, ...]] = ()
    """Options that the default folder's digest leaves out: those that a resumed run may change."""

    out: Path | None = None
    """Folder of the results (default: runs/COMMAND/ and a name made of the settings)."""

    @abstractmethod
    def name_parts(self) -> list[str]:
        """Readable parts of the default folder's name."""

    @property
    def folder(self) -> Path:
        """Folder of the results."""
        if self.out is not None:
            return self.out
        ignored = {"config", "debug", "words", "out", "json", *self.not_in_digest}
        settings = {name: value for name, value in values(self).items() if name not in ignored}
        return default_folder(self.name, self.name_parts(), settings)


@dataclass(frozen=True, kw_only=True)
class ResultCommand(OutputCommand):
    """Options of commands whose result is a JSON file."""

    json: Path | None = None
    """Write the result file here as well."""

    def copy_result(self, result: Any) -> None:
        """Write the result where ``--json`` says, and print the path."""
        if self.json is not None:
            write_json(self.json, result)
            print(f"JSON    {self.json}")
