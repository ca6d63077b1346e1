"""The progress bar that counted work shows."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from rich.progress import Progress

__all__ = ["counting_progress"]


def counting_progress(*more: str) -> Progress:
    """A bar with what is counted, how many are done, time taken and time left.

    Args:
        more: Texts of further columns, in rich's format, such as ``"{task.fields[note]}"``.
    """
    from rich.progress import (
        BarColumn,
        MofNCompleteColumn,
        Progress,
        TextColumn,
        TimeElapsedColumn,
        TimeRemainingColumn,
    )

    return Progress(
        TextColumn("{task.description}"),
        BarColumn(),
        MofNCompleteColumn(),
        TimeElapsedColumn(),
        TimeRemainingColumn(),
        *(TextColumn(text) for text in more),
    )
