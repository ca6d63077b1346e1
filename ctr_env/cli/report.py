"""``ctr-env report``: a page, tables and figures of a study."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

from tyro.conf import Positional

from ctr_env.evaluation.report.writer import ReportOptions, write_report

from .command import Command
from .sections import Section

__all__ = ["Report"]


@dataclass(frozen=True, kw_only=True)
class Report(Command):
    """Make one HTML page of a study, and its tables (CSV, LaTeX) and figures (PDF) for papers."""

    name = "report"

    folder: Positional[Path]
    """Folder of the study."""
    out: Path | None = None
    """File of the page (default: report.html in the study's folder)."""
    options: Annotated[ReportOptions, Section()]

    def run(self) -> int:
        """Write the report and say where it is."""
        written = write_report(self.folder, self.out, self.options)
        size = written.page.stat().st_size / 1e6
        print(f"page    {written.page} ({size:.1f} MB)")
        if written.tables:
            folder = written.tables[0].parent
            print(f"files   {folder} ({len(written.tables)} tables, {len(written.figures)} figures)")
        return 0
