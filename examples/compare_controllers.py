"""Two controllers in the same episodes: a study, its paired comparison and its report.

python examples/compare_controllers.py                    PBVS and the controller of own_controller.py
python examples/compare_controllers.py pbvs ibvs          any two, by name or as module:class
"""

import argparse
from pathlib import Path

from ctr_env.evaluation.benchmark.comparison import compare
from ctr_env.evaluation.report.writer import write_report
from ctr_env.evaluation.study.file import read_study
from ctr_env.evaluation.study.runner import run_study
from ctr_env.runs.engines.local import LocalEngine

STUDY = """
study: two_controllers
seeds: {{first: 0, count: {seeds}}}
seconds: {seconds}
base: {{robot: panda, estimator: noisy, randomization: mild}}
systems:
  first: {{controller: "{first}"}}
  second: {{controller: "{second}"}}
axes:
  perturbation.delay_s: [0.0, 0.1]
"""


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("controllers", nargs="*", default=["pbvs", "own_controller:ResolvedRate"])
    parser.add_argument("--seeds", type=int, default=20)
    parser.add_argument("--seconds", type=float, default=6.0)
    parser.add_argument("--workers", type=int, default=2)
    parser.add_argument("--out", type=Path, default=Path("runs/two_controllers"))
    arguments = parser.parse_args()

    first, second = arguments.controllers
    text = STUDY.format(seeds=arguments.seeds, seconds=arguments.seconds, first=first, second=second)
    study = read_study(text, folder=Path(__file__).parent)  # where own_controller.py is found
    rows = run_study(study, arguments.out, LocalEngine(arguments.workers)).to_pylist()

    (found,) = compare(rows, "true_position_error_m", "first", pair_by=("seed", "param.perturbation.delay_s"))
    print(
        f"true position error, {second} minus {first}: {1e3 * found.difference:+.2f} mm, "
        f"95 % interval {1e3 * found.low:+.2f} to {1e3 * found.high:+.2f} mm, p = {found.p:.3g}, {found.pairs} pairs"
    )
    print(f"report: {write_report(arguments.out).page}")


if __name__ == "__main__":
    main()
