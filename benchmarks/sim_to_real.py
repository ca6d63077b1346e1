"""Adaptation without labels, measured: ADD before and after, in a furnished room and back on the source domain.

    python benchmarks/sim_to_real.py --robot panda --room lab --minutes 12 --out runs/sim_to_real

Draws the sets it needs with the filament renderer, adapts and evaluates, every step by the command line of the
package; what is there already is not made again. The rows of the table:

* ``camera N``: adapted to 48 images of one camera that stands still, measured on 60 others of that camera.
* ``other cameras``: adapted to 120 images, each from a camera of its own, measured on 120 of yet other cameras.
* ``source``: the latter weights on 200 frames of the domain that they were trained in.

Each is measured twice: with the estimator as it is, whose contours make up for much of what a network lacks, and in the
published form, a PnP of the seven published points and nothing else. The last columns count hopeless starts, frames in
which the robot was not found or was off by 100 mm or more before, and how many of those are no longer so.
"""

from __future__ import annotations

import argparse
import json
from pathlib import Path
from typing import Any, NamedTuple

from commands import PUBLISHED_FORM, adapted, draw, evaluated

SIZES = {"adapt": 120, "test": 120}
FIXED_SIZES = {"adapt": 48, "test": 60}
SOURCE_FRAMES = 200
LOST_M = 0.1
FORMS: dict[str, dict[str, Any]] = {"as shipped": {}, "paper": PUBLISHED_FORM}


class Measured(NamedTuple):
    """Figures of a set in one form, and the frames that are lost in it."""

    summary: dict[str, Any]
    lost: set[str]


def both_forms(
    robot: str, data: object, weights: Path | None, out: Path, frames: int | None = None
) -> dict[str, Measured]:
    """Figures by form."""
    measured = {}
    for name, form in FORMS.items():
        folder = out.with_name(f"{out.name}_{name.replace(' ', '_')}")
        summary = evaluated(robot, data, weights, form, folder, frames)
        single = json.loads((folder / "evaluate.json").read_text())["per_frame"]
        lost = {
            each["name"] for each in single if each["add_m"] is None or not each["valid"] or each["add_m"] >= LOST_M
        }
        measured[name] = Measured(summary, lost)
    return measured


def millimetres(summary: dict[str, Any]) -> str:
    """The median ADD; there is none where half of the frames have no pose."""
    median = summary["add_median_m"]
    return " none" if median is None else f"{1e3 * median:5.1f}"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--robot", default="panda")
    parser.add_argument("--room", default="lab")
    parser.add_argument("--minutes", type=float, default=12.0, help="of each adaptation")
    parser.add_argument(
        "--cameras", type=int, nargs="+", default=(0, 1), help="numbers of the cameras that stand still"
    )
    parser.add_argument("--weights", type=Path, help="start (default: the packaged weights)")
    parser.add_argument("--replay", type=Path, help="folder of synthetic frames (default: fresh ones)")
    parser.add_argument("--data", type=Path, help="folder of the drawn sets (default: below --out)")
    parser.add_argument("--out", type=Path, required=True)
    options = parser.parse_args()
    robot, start, out = options.robot, options.weights, options.out / options.robot / options.room
    data = options.data / robot / options.room if options.data else out / "data"
    cases = [(f"camera {n}", f"fixed{n}_", n) for n in options.cameras] + [("other cameras", "", None)]
    rows = []
    for name, prefix, camera in cases:
        images, test = data / f"{prefix}adapt", data / f"{prefix}test"
        sizes = SIZES if camera is None else FIXED_SIZES
        draw(robot, options.room, "train", sizes["adapt"], images, camera)
        draw(robot, options.room, "test", sizes["test"], test, camera)
        place = out / name.replace(" ", "_")
        before = both_forms(robot, test, start, place.with_name(f"{place.name}_before"))
        weights = adapted(
            robot, images, start, ("--minutes", options.minutes), options.replay, {}, camera is None,
            place.with_name(f"{place.name}.safetensors"),
        )  # fmt: skip
        rows.append((name, before, both_forms(robot, test, weights, place.with_name(f"{place.name}_after"))))
    before = both_forms(robot, "synthetic:test", start, out / "source_before", SOURCE_FRAMES)
    after = both_forms(robot, "synthetic:test", weights, out / "source_after", SOURCE_FRAMES)
    rows.append(("source", before, after))
    print(
        f"\n{robot}, {options.room}: ADD AUC (CtRNet), median ADD in mm, mask IoU, before -> after; "
        "hopeless starts, saved ones"
    )
    for name, befores, afters in rows:
        for form in FORMS:
            (a, lost), (b, still) = befores[form], afters[form]
            print(
                f"{name:14}{form:12}  {a['add_auc_ctrnet']:5.1f} -> {b['add_auc_ctrnet']:5.1f}   "
                f"{millimetres(a)} -> {millimetres(b)}   "
                f"{a['mask_iou']:.3f} -> {b['mask_iou']:.3f}   {len(lost):3} of {a['frames']}, {len(lost - still)}"
            )


if __name__ == "__main__":
    main()
