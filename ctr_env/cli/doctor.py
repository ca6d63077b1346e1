"""``ctr-env doctor``: which renderers work here, how fast, and what mends the others."""

from __future__ import annotations

import argparse
from typing import Any

__all__ = ["add_parser"]


def add_parser(commands: Any) -> None:
    """Add the sub-command."""
    parser = commands.add_parser(
        "doctor",
        help="try every rendering backend",
        description="Try every rendering backend in a process of its own and say what to install for those that fail.",
    )
    parser.set_defaults(run=_run)


def _run(options: argparse.Namespace) -> int:
    from rich.console import Console
    from rich.table import Table

    from ctr_env.scenes.rendering.backends import BACKENDS, probe

    console = Console()
    table = Table(title="rendering backends", title_justify="left")
    for column in ("backend", "works", "device", "320x240 frames/s", "what mends it"):
        table.add_column(column, overflow="fold")
    usable = False
    for name in BACKENDS:
        with console.status(f"trying {name}"):
            report = probe(name)
        usable |= report.works and name != "filament"
        rate = f"{report.frames_per_second:.0f}" if report.works else ""
        table.add_row(name, "yes" if report.works else "no", report.detail, rate, "" if report.works else report.remedy)
    console.print(table)
    if not usable:
        console.print("No OpenGL backend works: environments can compute, but not draw.", style="bold")
    return 0 if usable else 1
