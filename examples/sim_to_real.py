"""A sim-to-real ablation: what does each difference between training and reality cost a learned estimator?

The estimator is CtRNet, whose network is trained on rendered images. The axes change what it sees (the light, the noise
of the images) and what it is told (the joint positions, the focal length), one at a time.
"""

import argparse
from pathlib import Path

import numpy as np

from ctr_env.evaluation.report.writer import write_report
from ctr_env.evaluation.study.file import read_study
from ctr_env.evaluation.study.runner import run_study
from ctr_env.runs.engines.local import LocalEngine

LEVELS = {
    "brightness": [1.0, 0.25, 0.1],
    "image_noise": [0.0, 0.05, 0.1],
    "joint_bias_rad": [0.0, 0.01, 0.02],
    "focal_error": [0.0, 0.02, 0.05],
}
STUDY = """
study: sim_to_real_{name}
seeds: {{first: 0, count: {seeds}}}
seconds: {seconds}
base: {{robot: panda, estimator: {estimator}, randomization: mild}}
axes:
  perturbation.{name}: {levels}
videos: 1
"""


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--perturbations", nargs="+", choices=LEVELS, default=list(LEVELS))
    parser.add_argument("--estimator", default="ctrnet")
    parser.add_argument("--seeds", type=int, default=10)
    parser.add_argument("--seconds", type=float, default=6.0)
    parser.add_argument("--workers", type=int, default=2)
    parser.add_argument("--out", type=Path, default=Path("runs/sim_to_real"))
    arguments = parser.parse_args()

    for name in arguments.perturbations:
        levels, out = LEVELS[name], arguments.out / name
        settings = {"seeds": arguments.seeds, "seconds": arguments.seconds, "estimator": arguments.estimator}
        study = read_study(STUDY.format(name=name, levels=levels, **settings))
        rows = run_study(study, out, LocalEngine(arguments.workers)).to_pylist()
        for level in levels:
            episodes = [row for row in rows if row[f"param.perturbation.{name}"] == level]
            errors = [1e3 * row["true_position_error_m"] for row in episodes if row["status"] == "done"]
            successes = sum(bool(row["success"]) for row in episodes)
            print(f"{name} {level}: {successes}/{len(episodes)} succeeded, median error {np.median(errors):.1f} mm")
        print(f"report: {write_report(out).page}")


if __name__ == "__main__":
    main()
