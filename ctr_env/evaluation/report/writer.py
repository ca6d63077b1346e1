"""Writing a report: the page, and its tables and figures as files."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import timedelta
from pathlib import Path

from ctr_env.drawing.page.chart import Chart
from ctr_env.drawing.page.page import make_page
from ctr_env.drawing.page.pdf_figure import save_pdf
from ctr_env.drawing.page.table import Table
from ctr_env.runs.configuration import require_range
from ctr_env.runs.files import replacing

from .grouping import by_scenario, by_system
from .labels import with_full_names
from .media import MediaBudget
from .run_tables import number_ranges
from .sections import Section, make_sections
from .study_data import CRASHED, StudyData
from .table_files import table_csv, table_latex

__all__ = ["ReportFiles", "ReportOptions", "write_report"]


@dataclass(frozen=True, kw_only=True)
class ReportOptions:
    """What a report contains.

    Raises:
        ConfigurationError: If a value is out of range.
    """

    baseline: str | None = None
    """System that the others are compared with; ``None``: the first of the study."""
    media_mb: float = 1.5
    """Largest size of all embedded videos and images, megabytes; the others are linked."""
    files: bool = True
    """Write the tables as CSV and LaTeX and the figures as PDF beside the page."""

    def __post_init__(self) -> None:
        """Check the ranges."""
        require_range(self, 0.0, 1000.0, "media_mb")


@dataclass(frozen=True)
class ReportFiles:
    """What was written.

    Attributes:
        page: The page.
        tables: Files of tables, CSV and LaTeX.
        figures: PDF files.
    """

    page: Path
    tables: tuple[Path, ...]
    figures: tuple[Path, ...]


def write_report(folder: Path, page: Path | None = None, options: ReportOptions | None = None) -> ReportFiles:
    """Write the report of a study.

    Args:
        folder: The study's folder.
        page: File of the page; ``None``: ``folder/report.html``.
        options: What it contains; ``None``: the defaults.

    Raises:
        MissingFileError: If the folder holds no study.
        DataError: If the study has no episode.
        ConfigurationError: If the baseline is not a system of the study.
    """
    options = ReportOptions() if options is None else options
    data = StudyData.read(folder)
    data = replace(data, episodes=with_full_names(data.episodes))
    sections = make_sections(data, MediaBudget(1e6 * options.media_mb), options.baseline)
    page = folder / "report.html" if page is None else page
    _write(page, make_page(f"Report: {data.name}", _lede(data), _facts(data), sections))
    if not options.files:
        return ReportFiles(page, (), ())
    return ReportFiles(page, *_write_files(folder / "report", sections))


def _write_files(folder: Path, sections: tuple[Section, ...]) -> tuple[tuple[Path, ...], tuple[Path, ...]]:
    tables, figures = [], []
    for part in (part for section in sections for part in section.parts):
        if isinstance(part, Table):
            for suffix, text in ((".csv", table_csv(part)), (".tex", table_latex(part))):
                tables.append(folder / f"{part.key}{suffix}")
                _write(tables[-1], text)
        elif isinstance(part, Chart):
            figures.append(folder / f"{part.key}.pdf")
            save_pdf(part, figures[-1])
    return tuple(tables), tuple(figures)


def _lede(data: StudyData) -> str:
    systems, scenarios = by_system(data.episodes), [name for name in by_scenario(data.episodes) if name]
    parts = [_counted(len(data.episodes), "episode"), f"of {_counted(len(systems), 'system')}"]
    parts += [f"in {_counted(len(scenarios), 'scenario')}"] if scenarios else []
    return f"Visual servoing in simulation: {' '.join(parts)}."


def _facts(data: StudyData) -> list[tuple[str, str]]:
    crashed = sum(episode.failure == CRASHED for episode in data.episodes)
    facts = [
        ("Episodes", str(len(data.episodes))),
        ("Systems", str(len(by_system(data.episodes)))),
        ("Successes", str(sum(episode.success for episode in data.episodes))),
        ("Crashed", str(crashed)),
        ("Seeds", number_ranges(episode.seed for episode in data.episodes)),
    ]
    seconds = data.record("timing.json").get("seconds")
    if seconds:
        facts.append(("Computing time", str(timedelta(seconds=round(seconds)))))
    if "ctr-env" in data.versions:
        facts.append(("ctr_env", data.versions["ctr-env"]))
    return facts


def _counted(number: int, noun: str) -> str:
    return f"{number} {noun}" + ("" if number == 1 else "s")


def _write(path: Path, text: str) -> None:
    with replacing(path) as scratch:
        scratch.write_text(text, encoding="utf-8")
