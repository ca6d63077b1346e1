"""Held-out evidence that an error model is honest: its draws beside the errors of the estimator, on the same frames."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.spatial.distance import cdist
from scipy.stats import rankdata

from ctr_env.estimators.error_model.estimator import CtRNetModelEstimator
from ctr_env.scenes.robots.kinematics import RobotKinematics

from .episodes import EpisodeRecord
from .replay import Reported, replayed, reported

__all__ = ["QUANTITIES", "Evidence", "held_out_evidence", "summary_of_evidence"]

REPLAYS = 20
_RESAMPLES = 500
_SPLITS = 400
_LEVELS = (0.5, 0.9, 0.95)
_LAGS = (0.0, 0.005, 0.05, 0.15, 0.4, np.inf)
_INTERVAL = (0.025, 0.975)

QUANTITIES: Mapping[str, Callable[[Reported], NDArray[np.float64]]] = {
    "position_m": lambda e: e.base_error[e.valid, 0],
    "rotation_rad": lambda e: e.base_error[e.valid, 1],
    "across_x_m": lambda e: e.error[e.valid, 0],
    "across_y_m": lambda e: e.error[e.valid, 1],
    "depth_m": lambda e: e.error[e.valid, 2],
    "nees": lambda e: e.nees[e.valid],
}
"""Scalars of valid estimates: errors of the base, components of the error at the view's centre in camera axes, and
normalised squared errors."""

Evidence = tuple[list[Reported], list[list[Reported]]]
"""Episodes as the estimator reported them, and as each of several replays of the model reports them."""


def held_out_evidence(file: str, records: Sequence[EpisodeRecord], robot: str, replays: int = REPLAYS) -> Evidence:
    """Replay records with a model.

    Args:
        file: File of the error model.
        records: Episodes that the fit did not use.
        robot: Robot, by name or by file.
        replays: Number of replays.
    """
    kinematics = RobotKinematics(robot)
    presets = dict.fromkeys(record.randomization for record in records)
    estimators = {
        preset: CtRNetModelEstimator(kinematics, {"model": file, "randomization": preset}) for preset in presets
    }
    models = [
        [replayed(estimators[record.randomization], [record], kinematics, seed)[0] for record in records]
        for seed in range(replays)
    ]
    return reported(records, kinematics), models


def summary_of_evidence(evidence: Evidence, seed: int = 0) -> dict[str, Any]:
    """Figures of the comparison, as ``error_model.json`` has them.

    - ``marginal``: quantiles of :data:`QUANTITIES`, of the estimator with a 95 % interval (episodes resampled) and of
      the model; ``inside``: the share of the model's figures within these intervals.
    - ``conditional``: the same of the position error, for parts of the frames.
    - ``energy_distance``: between random halves of the episodes, both real, and one of them drawn from the model;
      ``p``: share of the halves whose real distance is larger than the mean distance of the model.
    - ``autocorrelation``: of the normal scores of the errors, for pairs of frames of an episode, by path between them.
    - ``valid_share``: of estimates, by preset; ``persistence``: that a frame is valid after an invalid one.

    Args:
        evidence: See :func:`held_out_evidence`.
        seed: Seed of the resampling.
    """
    real, models = evidence
    rng = np.random.default_rng(seed)
    marginal = {name: _quantiles(real, models, read, rng) for name, read in QUANTITIES.items()}
    conditional = {name: _quantiles(*_parts(evidence, keep), QUANTITIES["position_m"], rng)
                   for name, keep in _conditions(real).items()}  # fmt: skip
    inside = [each["inside"] for part in (marginal, conditional) for row in part.values() for each in row.values()]
    return {
        "episodes": len(real),
        "frames": int(sum(len(e.valid) for e in real)),
        "replays": len(models),
        "marginal": marginal,
        "conditional": conditional,
        "inside": float(np.mean(inside)) if inside else None,
        "energy_distance": _energy(real, models, rng),
        "autocorrelation": _autocorrelation(real, models),
        "valid_share": {name: _shares(real, models, rng, lambda e: e.valid, name) for name in _presets(real)},
        "persistence": _shares(real, models, rng, lambda e: e.valid[1:][~e.valid[:-1]]),
    }


def _presets(real: Sequence[Reported]) -> list[str]:
    return list(dict.fromkeys(episode.randomization for episode in real))


def _quantiles(
    real: Sequence[Reported],
    models: Sequence[Sequence[Reported]],
    read: Callable[[Reported], NDArray[np.float64]],
    rng: np.random.Generator,
) -> dict[str, dict[str, Any]]:
    """Quantiles of real and drawn values; none where there are no values."""
    values = [read(episode) for episode in real]
    drawn = np.concatenate([read(episode) for model in models for episode in model])
    if not len(drawn) or not sum(map(len, values)):
        return {}
    together = np.concatenate(values)
    resampled = []
    for _ in range(_RESAMPLES):
        chosen = np.concatenate([values[i] for i in rng.integers(len(values), size=len(values))])
        if len(chosen):
            resampled.append(np.quantile(chosen, _LEVELS))
    low, high = np.quantile(resampled, _INTERVAL, axis=0)
    found = {}
    for i, level in enumerate(_LEVELS):
        model = float(np.quantile(drawn, level))
        found[f"{100 * level:g}"] = {
            "real": float(np.quantile(together, level)),
            "interval": [float(low[i]), float(high[i])],
            "model": model,
            "inside": bool(low[i] <= model <= high[i]),
        }
    return found


def _conditions(real: Sequence[Reported]) -> dict[str, Callable[[Reported], NDArray[np.bool_]]]:
    middle = float(np.median(np.concatenate([episode.distance for episode in real])))
    presets = {name: (lambda e, name=name: np.full(len(e.valid), e.randomization == name)) for name in _presets(real)}
    return presets | {
        f"nearer than {middle:.2f} m": lambda e: e.distance < middle,
        f"farther than {middle:.2f} m": lambda e: e.distance >= middle,
        "whole arm in view": lambda e: e.visible_share > 0.999,
        "part of the arm out of view": lambda e: e.visible_share <= 0.999,
    }


def _parts(evidence: Evidence, keep: Callable[[Reported], NDArray[np.bool_]]) -> Evidence:
    real, models = evidence
    return [_part(e, keep(e)) for e in real], [[_part(e, keep(e)) for e in model] for model in models]


def _part(episode: Reported, keep: NDArray[np.bool_]) -> Reported:
    arrays = {name: value[keep] for name, value in vars(episode).items() if name != "randomization"}
    return Reported(episode.randomization, **arrays)


def _energy(real: Sequence[Reported], models: Sequence[Sequence[Reported]], rng: np.random.Generator) -> dict[str, Any]:
    """Energy distances of the six error components, each by its interquartile range and compressed by arsinh."""
    usable = [i for i, episode in enumerate(real) if episode.valid.any()]
    spread = np.concatenate([real[i].error[real[i].valid] for i in usable])
    scale = np.subtract(*np.quantile(spread, (0.75, 0.25), axis=0))
    distances: dict[str, list[float]] = {"real": [], "model": []}
    for split in range(_SPLITS if len(usable) >= 4 else 0):
        model = models[split % len(models)]
        order = rng.permutation(usable)
        half = len(order) // 2
        a = _compressed([real[i] for i in order[:half]], scale)
        for name, source in (("real", real), ("model", model)):
            b = _compressed([source[i] for i in order[half:]], scale)
            if len(b):
                distances[name].append(_energy_distance(a, b))
    if not distances["real"] or not distances["model"]:
        return {}
    mean = float(np.mean(distances["model"]))
    return {
        "real": float(np.mean(distances["real"])),
        "interval": np.quantile(distances["real"], _INTERVAL).tolist(),
        "model": mean,
        "p": float(np.mean(np.array(distances["real"]) > mean)),
    }


def _compressed(episodes: Sequence[Reported], scale: NDArray[np.float64]) -> NDArray[np.float64]:
    """``(N, 6)`` at most eight valid frames of each episode."""
    rows = []
    for episode in episodes:
        errors = episode.error[episode.valid]
        if len(errors):
            rows.append(errors[np.unique(np.linspace(0, len(errors) - 1, 8).round().astype(int))])
    return np.arcsinh(np.concatenate(rows) / scale) if rows else np.zeros((0, len(scale)))


def _energy_distance(a: NDArray[np.float64], b: NDArray[np.float64]) -> float:
    return float(2.0 * cdist(a, b).mean() - cdist(a, a).mean() - cdist(b, b).mean())


def _autocorrelation(real: Sequence[Reported], models: Sequence[Sequence[Reported]]) -> list[dict[str, Any]]:
    """Mean over the six components, for each interval of path."""
    drawn = np.array([_correlations(model) for model in models])
    rows = []
    for i, value in enumerate(_correlations(real)):
        if np.isfinite(value):
            model = drawn[np.isfinite(drawn[:, i]), i]
            low, high = np.quantile(model, _INTERVAL) if len(model) else (np.nan, np.nan)
            rows.append({
                "path": [_LAGS[i], None if np.isinf(_LAGS[i + 1]) else _LAGS[i + 1]],
                "real": float(value),
                "model": float(model.mean()) if len(model) else None,
                "model_interval": [float(low), float(high)] if len(model) else None,
            })  # fmt: skip
    return rows


def _correlations(episodes: Sequence[Reported]) -> list[float]:
    errors = [episode.error[episode.valid] for episode in episodes]
    together = np.concatenate(errors)
    if len(together) < 2:
        return [np.nan] * (len(_LAGS) - 1)
    ranks = (rankdata(together, axis=0) - 0.5) / len(together) - 0.5
    products: list[list[NDArray[np.float64]]] = [[] for _ in _LAGS[1:]]
    start = 0
    for episode, rows in zip(episodes, errors, strict=True):
        own, path = ranks[start : start + len(rows)], episode.path[episode.valid]
        start += len(rows)
        i, j = np.triu_indices(len(rows), 1)
        which = np.digitize(np.abs(path[i] - path[j]), _LAGS) - 1
        for k, found in enumerate(products):
            found.append((own[i] * own[j])[which == k])
    variance = (ranks**2).mean(axis=0)
    return [float((np.concatenate(p).mean(axis=0) / variance).mean()) if sum(map(len, p)) else np.nan for p in products]


def _shares(
    real: Sequence[Reported],
    models: Sequence[Sequence[Reported]],
    rng: np.random.Generator,
    read: Callable[[Reported], NDArray[np.bool_]],
    preset: str | None = None,
) -> dict[str, Any]:
    """Share of true values, real with a 95 % interval (episodes resampled), and drawn."""
    chosen = [i for i, episode in enumerate(real) if preset in (None, episode.randomization)]
    values = [read(real[i]) for i in chosen]
    drawn = np.concatenate([read(model[i]) for model in models for i in chosen])
    together = np.concatenate(values)
    if not len(together):
        return {}
    resampled = []
    for _ in range(_RESAMPLES):
        picked = np.concatenate([values[i] for i in rng.integers(len(values), size=len(values))])
        if len(picked):
            resampled.append(picked.mean())
    return {
        "real": float(together.mean()),
        "interval": np.quantile(resampled, _INTERVAL).tolist(),
        "model": float(drawn.mean()) if len(drawn) else None,
    }
