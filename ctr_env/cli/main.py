"""Entry point of the ``ctr-env`` command: sub-commands and how their errors are shown."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence

import ctr_env

from . import adapt, calibrate, convert_weights, demo, doctor, evaluate, generate, pretrain, preview, servo

__all__ = ["main"]

_COMMANDS = (servo, evaluate, demo, preview, generate, pretrain, adapt, calibrate, convert_weights, doctor)


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command line; its exit status.

    Args:
        arguments: Words after ``ctr-env``; none: those of the process.
    """
    parser = argparse.ArgumentParser(prog="ctr-env", description=ctr_env.__doc__)
    parser.add_argument("--version", action="version", version=f"ctr-env {ctr_env.__version__}")
    commands = parser.add_subparsers(dest="command", required=True, metavar="COMMAND")
    for module in _COMMANDS:
        module.add_parser(commands)
    options = parser.parse_args(arguments)
    try:
        status: int = options.run(options)
    except (ValueError, OSError, RuntimeError) as error:
        print(f"ctr-env {options.command}: {error}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        print("\ninterrupted; the same command goes on where it stopped", file=sys.stderr)
        return 130
    return status
