"""Ablation of the self-training objective: all terms, one term left out, and the paper's objective.

    python benchmarks/objective.py --robot panda --images DIR --test DIR --out runs/objective

``--images`` are unlabelled images of one fixed camera, ``--test`` labelled images of the same camera. Every adaptation
starts from the same weights and takes the same time. The estimator is evaluated on ``--test`` with its default settings
and with the paper's (PnP of the paper's keypoints), and with the latter on the source domain (forgetting). An
interrupted run resumes.
"""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import Any

from commands import PAPER_BASELINE, adapted, evaluated

PAPER = {"pseudo": 0.0, "replay_share": 0.0}
EQUAL_WEIGHTS = {"trust_px": 1e6}
OBJECTIVES: dict[str, dict[str, Any]] = {
    "all terms": {},
    "without silhouette": {"silhouette": 0.0},
    "without mask": {"mask": 0.0},
    "without weights": EQUAL_WEIGHTS,
    "without pseudo": {"pseudo": 0.0},
    "without replay": {"replay_share": 0.0},
    "with distance": {"distance": 1.0},
    "paper": PAPER,
    "paper, without weights": PAPER | EQUAL_WEIGHTS,
}
SOURCE_FRAMES = 100


def measured(robot: str, test: Path, weights: Path | None, out: Path) -> tuple[float, float, float, float]:
    """ADD AUC with the default and the paper's settings, mask IoU, and the latter's AUC on the source domain."""
    default = evaluated(robot, test, weights, {}, out / "default")
    paper = evaluated(robot, test, weights, PAPER_BASELINE, out / "paper")
    source = evaluated(robot, "synthetic:test", weights, PAPER_BASELINE, out / "source", SOURCE_FRAMES)
    return default["add_auc_ctrnet"], paper["add_auc_ctrnet"], default["mask_iou"], source["add_auc_ctrnet"]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--robot", default="panda")
    parser.add_argument("--images", type=Path, required=True)
    parser.add_argument("--test", type=Path, required=True)
    parser.add_argument("--replay", type=Path, help="folder of synthetic frames (default: rendered on demand)")
    parser.add_argument("--minutes", type=float, default=5.0, help="length of each adaptation")
    parser.add_argument("--out", type=Path, required=True)
    options = parser.parse_args()
    rows = {"before": measured(options.robot, options.test, None, options.out / "before")}
    for name, config in OBJECTIVES.items():
        place = options.out / name.replace(", ", "_").replace(" ", "_")
        weights = adapted(
            options.robot, options.images, None, ("--minutes", options.minutes), options.replay, config, False,
            place,
        )  # fmt: skip
        rows[name] = measured(options.robot, options.test, weights, place.with_name(f"{place.name}_test"))
    print(f"\n{options.robot}, {options.test}: ADD AUC (CtRNet) default and paper, mask IoU; source, paper")
    for name, (default, paper, iou, source) in rows.items():
        print(f"{name:24}{default:6.1f}{paper:7.1f}{iou:8.3f}{source:7.1f}")


if __name__ == "__main__":
    main()
