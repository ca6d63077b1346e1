"""Tables of the benchmark: scenarios, perturbations and study files, read from the code."""

from __future__ import annotations

from markup import code, plain, table

from ctr_env.evaluation.benchmark.perturbations import PERTURBATIONS
from ctr_env.evaluation.benchmark.scenarios import SCENARIOS
from ctr_env.evaluation.study.cells import cells_of
from ctr_env.evaluation.study.file import load_study, packaged_studies


def scenarios() -> str:
    """Every scenario, and whether it concerns images only."""
    rows = [(code(name), plain(each.doc), _yes(each.visual)) for name, each in SCENARIOS.items()]
    return table(("scenario", "what is special", "images only"), rows)


def perturbations() -> str:
    """Every perturbation with its levels."""
    rows = [
        (code(f"perturbation.{name}"), plain(each.doc), ", ".join(str(level) for level in each.levels))
        for name, each in PERTURBATIONS.items()
    ]
    return table(("axis", "meaning", "levels, the unperturbed one first"), rows)


def studies() -> str:
    """The study files of the benchmark with their size and hash."""
    rows = []
    for name in packaged_studies():
        if not name.startswith("servo-bench-"):
            continue
        study = load_study(name)
        cells = len(cells_of(study))
        size = f"{cells} × {len(study.seeds)} = {cells * len(study.seeds)}"
        rows.append((code(name), size, f"{study.seconds:g} s", code(study.sha256[:12])))
    return table(("study", "cells × seeds = episodes", "episode", "SHA-256"), rows)


def _yes(value: bool) -> str:
    return "yes" if value else ""
