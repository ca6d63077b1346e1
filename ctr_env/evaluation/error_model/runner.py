"""Recording, fitting and comparing in one run folder."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

from ctr_env.errors import DataError
from ctr_env.estimators.ctrnet.packaged import packaged_weights
from ctr_env.estimators.ctrnet.weights import read_header
from ctr_env.estimators.error_model.model import save_error_model
from ctr_env.runs.files import sha256, write_json
from ctr_env.runs.versions import versions
from ctr_env.scenes.robots.catalogue import get_robot

from .evidence import held_out_evidence, summary_of_evidence
from .fit import Report, fit_error_model
from .plots import plot_quantiles
from .study import ErrorModelStudy, record_episodes

__all__ = ["SCHEMA", "run_error_model_study"]

SCHEMA = "ctr_env/error_model_evidence@1"
_IN_HEADER = ("episodes", "frames", "inside", "energy_distance", "valid_share")


def run_error_model_study(
    study: ErrorModelStudy,
    out: Path,
    command: str = "",
    on_episode: Callable[[], None] | None = None,
    on_fit: Report | None = None,
    workers: int = 1,
) -> dict[str, Any]:
    """Record the episodes of a study, fit the model, and compare it with the estimator on the test episodes.

    ``error_model.safetensors``, ``error_model.json`` and ``quantiles.png`` are written.

    Args:
        study: The episodes.
        out: Folder of the results.
        command: Command line to record.
        on_episode: Called for every recorded episode.
        on_fit: Called as the fit proceeds, with part, step and validation loss.
        workers: Number of processes that record.

    Returns:
        The content of ``error_model.json`` (see :func:`.evidence.summary_of_evidence`).

    Raises:
        RunFolderError: If the folder holds other episodes.
        DataError: If there are too few episodes to fit or to compare.
    """
    weights = study.weights or packaged_weights(get_robot(study.robot))
    uncertainty = read_header(weights).uncertainty
    records = record_episodes(study, out, on_episode, workers)
    if not any(record.valid.any() for record in records["test"]):
        raise DataError(f"none of {len(records['test'])} test episodes has a valid estimate; record more episodes")
    frames = {split: sum(len(record.valid) for record in each) for split, each in records.items()}
    recipe = {
        "command": command,
        "weights": weights.name,
        "weights_sha256": sha256(weights),
        "presets": study.randomization,
        "seed": study.seed,
        "episodes": {split: len(each) for split, each in records.items()},
        "frames": frames,
        "versions": versions("torch"),
    }
    systematic = (uncertainty.systematic_m, uncertainty.systematic_rad)
    model = fit_error_model(records, study.robot, systematic, recipe, study.seed, on_fit)
    file = out / "error_model.safetensors"
    save_error_model(file, model)
    evidence = held_out_evidence(str(file), records["test"], study.robot)
    summary = summary_of_evidence(evidence)
    save_error_model(file, replace(model, header=replace(model.header, metrics={k: summary[k] for k in _IN_HEADER})))
    plot_quantiles(evidence, out / "quantiles.png", f"{study.robot}: {summary['episodes']} test episodes")
    result = {"schema": SCHEMA, "command": command, "config": study.config, "versions": versions("torch"), **summary}
    write_json(out / "error_model.json", result)
    return result
