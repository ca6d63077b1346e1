"""What each term of an adaptation without labels is worth: all of them, one left out, and the published objective.

    python benchmarks/objective.py --robot panda --images DIR --test DIR --out runs/objective

``--images`` are unlabelled images of one camera that stands still, ``--test`` others of it with labels. Every
adaptation begins with the same weights and takes the same time. Two forms of the estimator are measured on ``--test``,
as shipped and a PnP of the published points alone, and the latter on the source domain as well (forgetting). Stops and
goes on.
"""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import Any

from commands import PUBLISHED_FORM, adapted, evaluated

PUBLISHED = {"pseudo": 0.0, "replay_share": 0.0}
EVERY_IMAGE_COUNTS = {"trust_px": 1e6}
OBJECTIVES: dict[str, dict[str, Any]] = {
    "all terms": {},
    "without silhouette": {"silhouette": 0.0},
    "without mask": {"mask": 0.0},
    "without weights": EVERY_IMAGE_COUNTS,
    "without pseudo": {"pseudo": 0.0},
    "without replay": {"replay_share": 0.0},
    "with distance": {"distance": 1.0},
    "paper": PUBLISHED,
    "published, no weights": PUBLISHED | EVERY_IMAGE_COUNTS,
}
SOURCE_FRAMES = 100


def measured(robot: str, test: Path, weights: Path | None, out: Path) -> tuple[float, float, float, float]:
    """ADD AUC as shipped and in the published form, mask IoU, and the published form's AUC on the source domain."""
    shipped = evaluated(robot, test, weights, {}, out / "as_shipped")
    published = evaluated(robot, test, weights, PUBLISHED_FORM, out / "paper")
    source = evaluated(robot, "synthetic:test", weights, PUBLISHED_FORM, out / "source", SOURCE_FRAMES)
    return shipped["add_auc_ctrnet"], published["add_auc_ctrnet"], shipped["mask_iou"], source["add_auc_ctrnet"]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--robot", default="panda")
    parser.add_argument("--images", type=Path, required=True)
    parser.add_argument("--test", type=Path, required=True)
    parser.add_argument("--replay", type=Path, help="folder of synthetic frames (default: fresh ones)")
    parser.add_argument("--minutes", type=float, default=5.0, help="of each adaptation")
    parser.add_argument("--out", type=Path, required=True)
    options = parser.parse_args()
    rows = {"before": measured(options.robot, options.test, None, options.out / "before")}
    for name, config in OBJECTIVES.items():
        place = options.out / name.replace(", ", "_").replace(" ", "_")
        weights = adapted(
            options.robot, options.images, None, ("--minutes", options.minutes), options.replay, config, False,
            place.with_name(f"{place.name}.safetensors"),
        )  # fmt: skip
        rows[name] = measured(options.robot, options.test, weights, place.with_name(f"{place.name}_test"))
    print(f"\n{options.robot}, {options.test}: ADD AUC (CtRNet) as shipped and published, mask IoU; source, published")
    for name, (shipped, published, iou, source) in rows.items():
        print(f"{name:24}{shipped:6.1f}{published:7.1f}{iou:8.3f}{source:7.1f}")


if __name__ == "__main__":
    main()
