"""Conditions of a study whose renderer does not work here."""

from __future__ import annotations

from dataclasses import replace

from ctr_env.evaluation.benchmark.resolve import environment_of
from ctr_env.scenes.rendering.backends import BACKENDS, probe

from .cells import cells_of
from .file import StudyFile

__all__ = ["without_unavailable"]

_TIMEOUT_S = 300.0  # on a busy machine a renderer that works answers late


def without_unavailable(file: StudyFile) -> tuple[StudyFile, dict[str, str]]:
    """A study without its optional conditions whose renderer does not work on this machine.

    Returns:
        The study, and why each condition that it lacks is left out.

    Raises:
        ConfigurationError: If the study is not valid.
    """
    optional = [name for name, condition in file.conditions.items() if condition.optional]
    renderers = {}
    for cell in cells_of(file) if optional else ():
        if cell.condition in optional:
            renderers[cell.condition] = environment_of(cell.parameters).env_config.get("renderer", "classic")
    reports = {
        renderer: probe(renderer, _TIMEOUT_S) for renderer in sorted(set(renderers.values())) if renderer in BACKENDS
    }
    missing = {
        str(name): f"{renderer}: {reports[renderer].detail}"
        for name, renderer in renderers.items()
        if renderer in reports and not reports[renderer].works
    }
    return replace(file, left_out=(*file.left_out, *missing)), missing
