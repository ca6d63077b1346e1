"""Accuracy against the number of synthetic images, with and without the mask loss: the paper's Table 3, on our scenes.

    OMP_NUM_THREADS=1 python benchmarks/pretraining.py --frames DIR --initial FILE --target DIR --test DIR --out DIR

For 500, 1,000, 2,000, 4,000 and 8,000 synthetic frames a network is trained, then adapted to unlabelled images with
the paper's objective, with and without its mask loss. All trainings have the same number of steps. They start from
``--initial``, another robot's weights without their keypoint heads (the paper starts from a backbone trained on COCO).
``--frames`` is a folder of ``ctr-env generate --clean --frames 8000``; ``--target`` and ``--test`` are folders of other
frames. Poses come from PnP of the paper's keypoints. An interrupted run resumes; the table and ``pretraining.png`` have
the finished cells.
"""

from __future__ import annotations

import argparse
from pathlib import Path

from commands import PAPER_BASELINE, adapted, evaluated, run
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure

from ctr_env.estimators.ctrnet.weights import read_header

SAMPLES = (500, 1000, 2000, 4000, 8000)
SIZE = (128, 96)  # of the networks' input: small, so that a thousand steps suffice
PUBLISHED = {"pseudo": 0.0, "silhouette": 1.0, "replay_share": 0.0}
OBJECTIVES = {
    "with mask loss": PUBLISHED | {"mask": 1.0, "rounds": 2},
    "without mask loss": PUBLISHED | {"mask": 0.0, "rounds": 2},
}


def first_frames(folder: Path, count: int, to: Path) -> Path:
    """A folder of links to the first frames."""
    to.mkdir(parents=True, exist_ok=True)
    for file in folder.resolve().iterdir():
        number = file.name.split(".")[0]
        if (not number.isdigit() or int(number) < count) and not (to / file.name).exists():
            (to / file.name).symlink_to(file)
    return to


def trained(weights: Path, steps: int) -> bool:
    """Whether a training is finished."""
    return weights.is_file() and read_header(weights).recipe["steps_done"] >= steps


def auc(robot: str, test: Path, weights: Path, out: Path) -> float:
    return float(evaluated(robot, test, weights, PAPER_BASELINE, out)["add_auc_ctrnet"])


def plot(table: dict[str, dict[int, float]], out: Path) -> None:
    figure = Figure(figsize=(6.4, 4.2), layout="constrained")
    FigureCanvasAgg(figure)
    axes = figure.subplots()
    for name, row in table.items():
        if row:
            axes.plot(list(row), list(row.values()), "o--" if name == "pretrained" else "o-", label=name)
    axes.set(xscale="log", xlabel="synthetic frames", ylabel="ADD AUC, 0-100 mm", ylim=(0, 100))
    axes.set_xticks(SAMPLES, [f"{n:,}" for n in SAMPLES])
    axes.minorticks_off()
    axes.grid(alpha=0.25)
    axes.legend()
    figure.savefig(out / "pretraining.png", dpi=120)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--robot", default="panda")
    parser.add_argument("--frames", type=Path, required=True)
    parser.add_argument("--initial", type=Path, required=True, help="weights of another robot")
    parser.add_argument("--target", type=Path, required=True, help="unlabelled images, each from a camera of its own")
    parser.add_argument("--test", type=Path, required=True)
    parser.add_argument("--pretraining-steps", type=int, default=1200, help="of 32 images")
    parser.add_argument("--adaptation-steps", type=int, default=300, help="of 16 images")
    parser.add_argument("--samples", type=int, nargs="+", default=SAMPLES)
    parser.add_argument("--out", type=Path, required=True)
    options = parser.parse_args()
    out, robot = options.out, options.robot
    table: dict[str, dict[int, float]] = {"pretrained": {}, **{name: {} for name in OBJECTIVES}}
    for count in options.samples:
        cell = out / str(count)
        frames = first_frames(options.frames, count, cell / "frames")
        start = cell / "training" / "weights.safetensors"
        if not trained(start, options.pretraining_steps):
            run(
                "pretrain", "--robot", robot, "--data", frames, "--steps", options.pretraining_steps,
                "--initial", options.initial, "--workers", 0, "--width", SIZE[0], "--height", SIZE[1],
                "--validation-frames", 0, "--out", cell / "training",
            )  # fmt: skip
        table["pretrained"][count] = auc(robot, options.test, start, cell / "pretrained")
        for name, config in OBJECTIVES.items():
            weights = adapted(
                robot, options.target, start, ("--steps", options.adaptation_steps), frames, config, True,
                cell / name.replace(" ", "_"),
            )  # fmt: skip
            table[name][count] = auc(robot, options.test, weights, cell / f"{name} test".replace(" ", "_"))
        plot(table, out)
    print(f"\n{robot}: ADD AUC (CtRNet) on {options.test}")
    print(f"{'frames':20}" + "".join(f"{n:>8}" for n in options.samples))
    for name, row in table.items():
        print(f"{name:20}" + "".join(f"{row[n]:8.1f}" for n in options.samples))


if __name__ == "__main__":
    main()
