"""Matplotlib figures without a display."""

from __future__ import annotations

from pathlib import Path

from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure

from ctr_env.runs.files import replacing

__all__ = ["new_figure", "save_figure"]

_DPI = 130


def new_figure(width: float, height: float) -> Figure:
    """A figure of ``width`` x ``height`` inches without a window."""
    figure = Figure(figsize=(width, height), layout="constrained")
    figure.get_layout_engine().set(w_pad=0.08, h_pad=0.08)  # type: ignore[union-attr,call-arg]
    FigureCanvasAgg(figure)
    return figure


def save_figure(figure: Figure, path: Path) -> None:
    """Write a PNG, atomically."""
    with replacing(path) as scratch:
        figure.savefig(scratch, format="png", dpi=_DPI)
