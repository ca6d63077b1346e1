"""Steps of a benchmark that are commands of the package."""

from __future__ import annotations

import sys

from ctr_env.cli import main as ctr_env


def run(*arguments: object) -> None:
    words = [str(argument) for argument in arguments]
    print("$ ctr-env", " ".join(words), flush=True)
    if ctr_env(words):
        sys.exit(1)
