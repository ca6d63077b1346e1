"""Adaptation without labels, measured: ADD before and after, in a furnished room and back on the source domain.

    python benchmarks/sim_to_real.py --robot panda --room lab --minutes 12 --out runs/sim_to_real

Draws the sets it needs with the filament renderer, adapts twice and evaluates, every step by the command line of the
package; what is there already is not made again. The rows of the table:

* ``same camera``: adapted to 48 pictures of one camera that stands still, measured on 60 others of that camera.
* ``other cameras``: adapted to 120 pictures, each from a camera of its own, measured on 120 of yet other cameras.
* ``source``: the latter weights on 200 frames of the domain that they were trained in.

Each is measured twice: with the estimator as it is, whose outlines make up for much of what a network lacks, and in the
published form, a PnP of the seven published points and nothing else.
"""

from __future__ import annotations

import argparse
import json
from pathlib import Path

from commands import run

SIZES = {"adapt": 120, "test": 120, "fixed0_adapt": 48, "fixed0_test": 60}
SOURCE_FRAMES = 200
FORMS = {"as shipped": {}, "published": {"outline": False, "keypoints": "published"}}


def draw(robot: str, room: str, data: Path) -> None:
    for name, frames in SIZES.items():
        split = "test" if name.endswith("test") else "train"
        camera = ("--fixed-camera", 0) if name.startswith("fixed0") else ()
        run(
            "generate", "--renderer", "filament", "--board-share", 0, "--workers", 1, "--robot", robot,
            "--randomization", room, "--split", split, "--frames", frames, *camera, "--out", data / name,
        )  # fmt: skip


Summary = dict[str, dict[str, float]]


def measure(robot: str, data: object, weights: Path | None, out: Path, *more: object) -> Summary:
    """Summaries by form."""
    found = {}
    for name, config in FORMS.items():
        folder = out.with_name(f"{out.name}_{name}".replace(" ", "_"))
        if not (folder / "evaluate.json").is_file():
            chosen = () if weights is None else ("--weights", weights)
            form = ("--estimator-config", json.dumps(config)) if config else ()
            run("evaluate", "--robot", robot, "--data", data, *chosen, *form, "--out", folder, *more)
        found[name] = json.loads((folder / "evaluate.json").read_text())["summary"]
    return found


def adapt(
    robot: str, data: Path, start: Path | None, minutes: float, replay: Path | None, out: Path, moving: bool
) -> None:
    if not (out.with_suffix("") / "adapt.json").is_file():
        given = () if start is None else ("--weights", start)
        replayed = () if replay is None else ("--replay", replay)
        still = ("--moving-camera",) if moving else ()
        run(
            "adapt", "--robot", robot, "--data", data, *given, *replayed, *still,
            "--minutes", minutes, "--out", out,
        )  # fmt: skip


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--robot", default="panda")
    parser.add_argument("--room", default="lab")
    parser.add_argument("--minutes", type=float, default=12.0, help="of each of the two adaptations")
    parser.add_argument("--weights", type=Path, help="start (default: the packaged weights)")
    parser.add_argument("--replay", type=Path, help="folder of synthetic frames (default: fresh ones)")
    parser.add_argument("--data", type=Path, help="folder of the drawn sets (default: below --out)")
    parser.add_argument("--out", type=Path, required=True)
    options = parser.parse_args()
    robot, start, out = options.robot, options.weights, options.out / options.robot / options.room
    data = options.data / robot / options.room if options.data else out / "data"
    draw(robot, options.room, data)
    rows = []
    for name, sets, moving in (("same camera", "fixed0", False), ("other cameras", "", True)):
        adapted, test = (data / f"{sets}_{kind}".lstrip("_") for kind in ("adapt", "test"))
        weights = out / f"{name.replace(' ', '_')}.safetensors"
        before = measure(robot, test, start, out / f"{name} before".replace(" ", "_"))
        adapt(robot, adapted, start, options.minutes, options.replay, weights, moving)
        rows.append((name, before, measure(robot, test, weights, out / f"{name} after".replace(" ", "_"))))
    source = ("--frames", SOURCE_FRAMES)
    before = measure(robot, "synthetic:test", start, out / "source_before", *source)
    rows.append(("source", before, measure(robot, "synthetic:test", weights, out / "source_after", *source)))
    print(f"\n{robot}, {options.room}: ADD AUC (CtRNet), median ADD in mm, mask IoU; before -> after")
    for name, befores, afters in rows:
        for form in FORMS:
            a, b = befores[form], afters[form]
            print(
                f"{name:14}{form:12}  {a['add_auc_ctrnet']:5.1f} -> {b['add_auc_ctrnet']:5.1f}   "
                f"{1e3 * a['add_median_m']:5.1f} -> {1e3 * b['add_median_m']:5.1f}   "
                f"{a['mask_iou']:.3f} -> {b['mask_iou']:.3f}"
            )


if __name__ == "__main__":
    main()
