"""Quantile-quantile plots of an error model against the estimator."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from matplotlib.axes import Axes
from numpy.typing import NDArray

from ctr_env.drawing.figures import new_figure, save_figure

from .evidence import QUANTITIES, Evidence

__all__ = ["plot_quantiles"]

_LEVELS = np.linspace(0.01, 0.99, 99)
_RESAMPLES = 200
_LABELS = {
    "position_m": ("position error of the base (mm)", 1e3),
    "rotation_rad": ("rotation error of the base (mrad)", 1e3),
    "across_x_m": ("error across, right (mm)", 1e3),
    "across_y_m": ("error across, down (mm)", 1e3),
    "depth_m": ("error in depth (mm)", 1e3),
    "nees": ("NEES", 1.0),
}
_SIGNED = ("across_x_m", "across_y_m", "depth_m")
_MODEL, _BAND = "#1f5fa8", "#e08a1e"


def plot_quantiles(evidence: Evidence, path: Path, title: str) -> None:
    """Plot quantiles of the model against those of the estimator, as a PNG.

    Bands are the 95 % intervals of the estimator's own quantiles, by resampling episodes: a model whose line leaves its
    band differs from the estimator by more than chance.
    """
    real, models = evidence
    figure = new_figure(13.5, 8.2)
    for axes, (name, read) in zip(figure.subplots(2, 3).ravel(), QUANTITIES.items(), strict=True):
        label, scale = _LABELS[name]
        values = [scale * read(episode) for episode in real]
        drawn = np.concatenate([scale * read(episode) for model in models for episode in model])
        if len(drawn) and sum(map(len, values)):
            _panel(axes, values, drawn, name in _SIGNED)
        axes.set(xlabel=f"{label}, estimator", ylabel="error model")
    figure.suptitle(title, fontsize=11)
    save_figure(figure, path)


def _panel(axes: Axes, values: list[NDArray[np.float64]], drawn: NDArray[np.float64], signed: bool) -> None:
    rng = np.random.default_rng(0)
    x = np.quantile(np.concatenate(values), _LEVELS)
    resampled = []
    for _ in range(_RESAMPLES):
        chosen = np.concatenate([values[i] for i in rng.integers(len(values), size=len(values))])
        if len(chosen):
            resampled.append(np.quantile(chosen, _LEVELS))
    axes.fill_between(x, *np.quantile(resampled, (0.025, 0.975), axis=0), color=_BAND, alpha=0.35, label="resampling")
    axes.plot(x, np.quantile(drawn, _LEVELS), color=_MODEL, lw=1.8, label="model")
    axes.plot(x[[0, -1]], x[[0, -1]], color="black", lw=0.8, ls=":")
    if signed:
        axes.set(xscale="symlog", yscale="symlog")
    else:
        axes.set(xscale="log", yscale="log")
    axes.grid(alpha=0.3)
    axes.legend(fontsize=8)
