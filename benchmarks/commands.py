"""Steps of benchmarks that are commands of the package; finished results are kept."""

from __future__ import annotations

import json
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from ctr_env.cli import main as ctr_env
from ctr_env.cli.config_file import arguments_of

INTERRUPTED = 130
PAPER_BASELINE = {"align_contour": False, "keypoints": "paper"}
"""Estimator settings of the paper: PnP of its seven keypoints, without contour alignment."""


def tried(*arguments: object) -> bool:
    """Whether a command succeeds; an interrupted command ends the benchmark."""
    words = [str(argument) for argument in arguments]
    print("$ ctr-env", " ".join(words), flush=True)
    status = ctr_env(words)
    if status == INTERRUPTED:
        sys.exit(status)
    return status == 0


def run(*arguments: object) -> None:
    if not tried(*arguments):
        sys.exit(1)


def generated(robot: str, preset: str, split: str, frames: int, out: Path, camera: int | None = None) -> None:
    """Render frames of a scene preset without boards; from one fixed camera if its number is given."""
    fixed = () if camera is None else ("--fixed-camera", camera)
    run(
        "generate", "--renderer", "filament", "--board-share", 0, "--workers", 1, "--robot", robot,
        "--randomization", preset, "--split", split, "--frames", frames, *fixed, "--out", out,
    )  # fmt: skip


def evaluated(
    robot: str,
    data: object,
    weights: Path | None,
    settings: Mapping[str, Any],
    out: Path,
    frames: int | None = None,
) -> dict[str, Any]:
    """Summary of an evaluation of ctrnet with these settings and weights."""
    if not (out / "evaluate.json").is_file():
        chosen = () if weights is None else ("--weights", weights)
        nested = arguments_of({f"estimator.{name}": value for name, value in settings.items()})
        first = () if frames is None else ("--frames", frames)
        run("evaluate", "--robot", robot, "--data", data, *chosen, *nested, *first, "--out", out)
    summary: dict[str, Any] = json.loads((out / "evaluate.json").read_text())["summary"]
    return summary


def adapted(
    robot: str,
    data: Path,
    start: Path | None,
    length: tuple[str, float],
    replay: Path | None,
    settings: Mapping[str, Any],
    moving: bool,
    out: Path,
) -> Path:
    """Weights adapted to images, for a ``length`` such as ``("--minutes", 12.0)``."""
    if not (out / "adapt.json").is_file():
        given = () if start is None else ("--weights", start)
        replayed = () if replay is None else ("--replay", replay)
        camera = ("--moving-camera",) if moving else ()
        run(
            "adapt", "--robot", robot, "--data", data, *given, *replayed, *arguments_of(settings), *camera,
            *length, "--out", out,
        )  # fmt: skip
    return out / "weights.safetensors"
