"""``ctr-env doctor``: which renderers work here, how fast, and the remedy for the others."""

from __future__ import annotations

from dataclasses import dataclass

from rich.console import Console
from rich.table import Table

from ctr_env.scenes.rendering.backends import BACKENDS, probe

from .command import Command

__all__ = ["Doctor"]

_NOT_OPENGL = "filament"


@dataclass(frozen=True, kw_only=True)
class Doctor(Command):
    """Try every rendering backend in a process of its own and say what to install for those that fail."""

    name = "doctor"

    def run(self) -> int:
        """Show a table of the backends; status 1 if no OpenGL backend works."""
        console = Console()
        table = Table(title="rendering backends", title_justify="left")
        for column in ("backend", "works", "device", "320x240 frames/s", "remedy"):
            table.add_column(column, overflow="fold")
        usable = False
        for name in BACKENDS:
            with console.status(f"trying {name}"):
                report = probe(name)
            usable |= report.works and name != _NOT_OPENGL
            rate = f"{report.frames_per_second:.0f}" if report.works else ""
            works, remedy = ("yes", "") if report.works else ("no", report.remedy)
            table.add_row(name, works, report.detail, rate, remedy)
        console.print(table)
        if not usable:
            console.print("No OpenGL backend works: environments can be simulated, but not rendered.", style="bold")
        return 0 if usable else 1
