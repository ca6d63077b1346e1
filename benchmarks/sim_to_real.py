"""Adaptation without labels: ADD before and after, under a scene preset and on the source domain.

    python benchmarks/sim_to_real.py --robot panda --randomization lab --minutes 12 --out runs/sim_to_real

Renders data sets with the filament renderer, adapts and evaluates, each step by a command of the package; finished
results are kept. Rows of the table:

* ``camera N``: adapted to 48 images of one fixed camera, evaluated on 60 other images of that camera.
* ``other cameras``: adapted to 120 images, each from a camera of its own, evaluated on 120 of further cameras.
* ``source``: the latter weights on 200 frames of the domain of their training.

Each row is evaluated with the default settings of the estimator and with the paper's: PnP of its seven keypoints,
without contour alignment. The last columns count failures, frames without a valid estimate or with an ADD of 100 mm or
more, before the adaptation, and how many of them are none after it.
"""

from __future__ import annotations

import argparse
import json
from pathlib import Path
from typing import Any, NamedTuple

from commands import PAPER_BASELINE, adapted, evaluated, generated

SIZES = {"adapt": 120, "test": 120}
FIXED_SIZES = {"adapt": 48, "test": 60}
SOURCE_FRAMES = 200
FAILURE_M = 0.1
SETTINGS: dict[str, dict[str, Any]] = {"default": {}, "paper": PAPER_BASELINE}


class Measured(NamedTuple):
    """Summary of an evaluation, and the names of the frames in which it failed."""

    summary: dict[str, Any]
    failures: set[str]


def both_settings(
    robot: str, data: object, weights: Path | None, out: Path, frames: int | None = None
) -> dict[str, Measured]:
    """Evaluations by settings."""
    measured = {}
    for name, settings in SETTINGS.items():
        folder = out.with_name(f"{out.name}_{name.replace(' ', '_')}")
        summary = evaluated(robot, data, weights, settings, folder, frames)
        single = json.loads((folder / "evaluate.json").read_text())["per_frame"]
        failures = {
            each["name"] for each in single if each["add_m"] is None or not each["valid"] or each["add_m"] >= FAILURE_M
        }
        measured[name] = Measured(summary, failures)
    return measured


def millimetres(summary: dict[str, Any]) -> str:
    """The median ADD; none where half of the frames have no pose."""
    median = summary["add_median_m"]
    return " none" if median is None else f"{1e3 * median:5.1f}"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--robot", default="panda")
    parser.add_argument("--randomization", default="lab")
    parser.add_argument("--minutes", type=float, default=12.0, help="length of each adaptation")
    parser.add_argument("--cameras", type=int, nargs="+", default=(0, 1), help="numbers of the fixed cameras")
    parser.add_argument("--weights", type=Path, help="weights to start from (default: the packaged ones)")
    parser.add_argument("--replay", type=Path, help="folder of synthetic frames (default: rendered on demand)")
    parser.add_argument("--data", type=Path, help="folder of the data sets (default: below --out)")
    parser.add_argument("--out", type=Path, required=True)
    options = parser.parse_args()
    robot, start, out = options.robot, options.weights, options.out / options.robot / options.randomization
    data = options.data / robot / options.randomization if options.data else out / "data"
    cases = [(f"camera {n}", f"fixed{n}_", n) for n in options.cameras] + [("other cameras", "", None)]
    rows = []
    for name, prefix, camera in cases:
        images, test = data / f"{prefix}adapt", data / f"{prefix}test"
        sizes = SIZES if camera is None else FIXED_SIZES
        generated(robot, options.randomization, "train", sizes["adapt"], images, camera)
        generated(robot, options.randomization, "test", sizes["test"], test, camera)
        place = out / name.replace(" ", "_")
        before = both_settings(robot, test, start, place.with_name(f"{place.name}_before"))
        weights = adapted(
            robot, images, start, ("--minutes", options.minutes), options.replay, {}, camera is None,
            place,
        )  # fmt: skip
        rows.append((name, before, both_settings(robot, test, weights, place.with_name(f"{place.name}_after"))))
    before = both_settings(robot, "synthetic:test", start, out / "source_before", SOURCE_FRAMES)
    after = both_settings(robot, "synthetic:test", weights, out / "source_after", SOURCE_FRAMES)
    rows.append(("source", before, after))
    print(
        f"\n{robot}, {options.randomization}: ADD AUC (CtRNet), median ADD in mm, mask IoU, before -> after; "
        "failures before, of these solved"
    )
    for name, befores, afters in rows:
        for settings in SETTINGS:
            (a, failed), (b, failing) = befores[settings], afters[settings]
            print(
                f"{name:14}{settings:12}  {a['add_auc_ctrnet']:5.1f} -> {b['add_auc_ctrnet']:5.1f}   "
                f"{millimetres(a)} -> {millimetres(b)}   "
                f"{a['mask_iou']:.3f} -> {b['mask_iou']:.3f}   "
                f"{len(failed):3} of {a['frames']}, {len(failed - failing)}"
            )


if __name__ == "__main__":
    main()
