"""Engines by name."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from ctr_env.errors import ConfigurationError
from ctr_env.runs.configuration import require_choice
from ctr_env.runs.cores import available_cores

from .base import Engine
from .local import LocalEngine

__all__ = ["ENGINES", "make_engine"]

ENGINES = ("local", "ray", "slurm")
"""Names of the engines."""


def make_engine(
    name: str = "local",
    workers: int | None = None,
    *,
    address: str | None = None,
    folder: Path | None = None,
    parameters: Mapping[str, Any] | None = None,
) -> Engine:
    """An engine by name.

    Args:
        name: One of :data:`ENGINES`.
        workers: Number of jobs at a time; ``None``: one for each core, of this machine or of the Ray cluster.
        address: Of a Ray cluster, see :class:`~ctr_env.runs.engines.ray_engine.RayEngine`; ``None``: ``"local"``.
        folder: Folder for the files of Slurm's jobs.
        parameters: Parameters of Slurm's jobs, see :class:`~ctr_env.runs.engines.slurm.SlurmEngine`.

    Raises:
        ConfigurationError: If the name or an argument is not valid, or an argument is for another engine.
        MissingDependencyError: If the engine's package is not installed.
    """
    require_choice("engine", name, ENGINES)
    for argument, value, engine in (("address", address, "ray"), ("parameters", parameters, "slurm")):
        if value and name != engine:
            raise ConfigurationError(f"{argument}={value!r} is for the engine {engine}, not {name}")
    if name == "ray":
        from .ray_engine import RayEngine

        return RayEngine(address or "local", workers)
    if name == "slurm":
        from .slurm import SlurmEngine

        return SlurmEngine(folder or Path("slurm"), workers or available_cores(), parameters)
    return LocalEngine(workers)
