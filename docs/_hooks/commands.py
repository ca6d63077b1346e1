"""The command line reference: what ``ctr-env COMMAND --help`` prints."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor

_ROLE = re.compile(r":\w+:`~?(?:[\w.]+\.)?(\w+)`")
_ENVIRONMENT = {"COLUMNS": "100", "NO_COLOR": "1", "TERM": "dumb"}


def reference() -> str:
    """A section for each command."""
    top = _help()
    names = command_names()
    with ThreadPoolExecutor(max_workers=2) as pool:
        pages = list(pool.map(_help, names))
    parts = [f"```text\n{top}```\n"]
    parts += [f"## ctr-env {name}\n\n```text\n{page}```\n" for name, page in zip(names, pages, strict=True)]
    return "\n".join(parts)


def command_names() -> list[str]:
    """Names of the commands."""
    from ctr_env.cli.main import COMMANDS

    return list(COMMANDS)


def _help(*words: str) -> str:
    """What the help option prints, without the frames around groups of options."""
    command = [sys.executable, "-P", "-m", "ctr_env", *words, "--help"]
    done = subprocess.run(command, capture_output=True, text=True, check=True, env={**os.environ, **_ENVIRONMENT})
    lines = [_unframed(line) for line in done.stdout.splitlines()]
    text = "\n".join(line for line in lines if line is not None)
    return _ROLE.sub(r"\1", text).replace("``", "").strip("\n") + "\n"


def _unframed(line: str) -> str | None:
    """A line of help without the characters that draw a frame; ``None`` for a lower edge."""
    if line.startswith("╰"):
        return None
    if line.startswith("╭"):
        return "\n" + line.strip("╭─╮ ") + ":"
    inner = line.removeprefix("│ ").removesuffix("│").rstrip()
    return None if inner and not inner.strip("─ ") else inner
