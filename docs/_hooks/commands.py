"""The command line reference: what ``ctr-env COMMAND --help`` prints."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor

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
    """What the help option prints."""
    command = [sys.executable, "-m", "ctr_env", *words, "--help"]
    done = subprocess.run(command, capture_output=True, text=True, check=True, env={**os.environ, **_ENVIRONMENT})
    return re.sub(r"[ \t]+$", "", done.stdout, flags=re.MULTILINE).strip("\n") + "\n"
