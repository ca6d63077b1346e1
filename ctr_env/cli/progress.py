"""Progress bars."""

from __future__ import annotations

from rich.progress import (
    BarColumn,
    MofNCompleteColumn,
    Progress,
    TaskProgressColumn,
    TextColumn,
    TimeElapsedColumn,
    TimeRemainingColumn,
)

__all__ = ["counting_progress", "training_progress"]


def counting_progress(*more: str) -> Progress:
    """A bar with what is counted, the number done, elapsed and remaining time.

    Args:
        more: Texts of further columns, in rich's format, such as ``"{task.fields[note]}"``.
    """
    return Progress(
        TextColumn("{task.description}"),
        BarColumn(),
        MofNCompleteColumn(),
        TimeElapsedColumn(),
        TimeRemainingColumn(),
        *(TextColumn(text) for text in more),
    )


def training_progress(title: str) -> Progress:
    """A bar with a title, the share done, elapsed time and the task's description.

    Args:
        title: What is in progress, such as ``"training"``.
    """
    return Progress(
        TextColumn(title), BarColumn(), TaskProgressColumn(), TimeElapsedColumn(), TextColumn("{task.description}")
    )
