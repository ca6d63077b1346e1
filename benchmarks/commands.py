"""Steps of a benchmark that are commands of the package; what is there already is not made again."""

from __future__ import annotations

import json
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from ctr_env.cli import main as ctr_env

INTERRUPTED = 130
PUBLISHED_FORM = {"align_contour": False, "keypoints": "paper"}
"""Settings of the estimator that leave a PnP of the seven published points, and nothing else."""


def tried(*arguments: object) -> bool:
    """Whether a command succeeds; the Ctrl-C that ended one ends the benchmark."""
    words = [str(argument) for argument in arguments]
    print("$ ctr-env", " ".join(words), flush=True)
    status = ctr_env(words)
    if status == INTERRUPTED:
        sys.exit(status)
    return status == 0


def run(*arguments: object) -> None:
    if not tried(*arguments):
        sys.exit(1)


def draw(robot: str, room: str, split: str, frames: int, out: Path, camera: int | None = None) -> None:
    """Frames of a furnished room without boards; from one camera that stands still if its number is given."""
    fixed = () if camera is None else ("--fixed-camera", camera)
    run(
        "generate", "--renderer", "filament", "--board-share", 0, "--workers", 1, "--robot", robot,
        "--randomization", room, "--split", split, "--frames", frames, *fixed, "--out", out,
    )  # fmt: skip


def evaluated(
    robot: str, data: object, weights: Path | None, form: Mapping[str, Any], out: Path, frames: int | None = None
) -> dict[str, Any]:
    """The summary of weights on a set."""
    if not (out / "evaluate.json").is_file():
        chosen = () if weights is None else ("--weights", weights)
        config = ("--estimator-config", json.dumps(form)) if form else ()
        first = () if frames is None else ("--frames", frames)
        run("evaluate", "--robot", robot, "--data", data, *chosen, *config, *first, "--out", out)
    summary: dict[str, Any] = json.loads((out / "evaluate.json").read_text())["summary"]
    return summary


def adapted(
    robot: str,
    data: Path,
    start: Path | None,
    length: tuple[str, float],
    replay: Path | None,
    config: Mapping[str, Any],
    moving: bool,
    out: Path,
) -> Path:
    """Weights adapted to a set, for a ``length`` such as ``("--minutes", 12.0)``."""
    if not (out.with_suffix("") / "adapt.json").is_file():
        given = () if start is None else ("--weights", start)
        replayed = () if replay is None else ("--replay", replay)
        settings = ("--config", json.dumps(config)) if config else ()
        still = ("--moving-camera",) if moving else ()
        run(
            "adapt", "--robot", robot, "--data", data, *given, *replayed, *settings, *still,
            *length, "--out", out,
        )  # fmt: skip
    return out
