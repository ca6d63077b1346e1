"""Episodes per second of a study on several cores, beside as many bare episode loops.

    python benchmarks/study.py --episodes 100 --rounds 3
    python benchmarks/study.py --estimator ctrnet --randomization strong --width 640 --height 480 --episodes 10

A bare loop calls ``run_episode`` with one environment, and writes nothing. Both run in turn, several times over, in two
processes; the rates of the loops are added. The study's rate is that between its first and its last finished episode;
beside it stands the one with the start of its processes. Medians are printed.
"""

from __future__ import annotations

import argparse
import shutil
import tempfile
import time
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import yaml

from ctr_env.evaluation.servo.servo_study import ServoStudy
from ctr_env.evaluation.servo.trace import run_episode
from ctr_env.evaluation.study.file import read_study
from ctr_env.evaluation.study.runner import Progress, run_study
from ctr_env.runs.engines.local import LocalEngine


class Loop(NamedTuple):
    """A bare loop: its environment and its seeds."""

    study: ServoStudy
    seeds: range


def bare_loop(loop: Loop) -> float:
    """Episodes per second, after one to warm up."""
    env = loop.study.make_environment()
    run_episode(env, loop.seeds[0])
    start = time.perf_counter()
    for seed in loop.seeds:
        run_episode(env, seed)
    seconds = time.perf_counter() - start
    env.close()
    return len(loop.seeds) / seconds


def bare_rate(arguments: dict[str, Any], seconds: float, episodes: int, workers: int) -> float:
    """Sum of the rates of bare loops that run at the same time."""
    study = ServoStudy(seconds=seconds, env_config=arguments)
    share = episodes // workers
    loops = [Loop(study, range(i * share, (i + 1) * share)) for i in range(workers)]
    return sum(each.result or 0.0 for each in LocalEngine(workers).run(bare_loop, loops))


def study_rates(arguments: dict[str, Any], seconds: float, episodes: int, workers: int) -> tuple[float, float]:
    """Rates of a study of the same episodes: between its first and last finished one, and from its start."""
    content = {"study": "benchmark", "seconds": seconds, "seeds": {"count": episodes}, "base": arguments}
    out, start, ends = Path(tempfile.mkdtemp()), time.perf_counter(), list[float]()

    def note(progress: Progress) -> None:
        if progress.done:
            ends.append(time.perf_counter())

    try:
        run_study(read_study(yaml.safe_dump(content)), out, LocalEngine(workers), on_progress=note)
    finally:
        shutil.rmtree(out)
    warm = workers - 1  # the first episode of each process loads what it needs
    return (len(ends) - 1 - warm) / (ends[-1] - ends[warm]), episodes / (time.perf_counter() - start)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--estimator", default="noisy")
    parser.add_argument("--randomization", default="none")
    parser.add_argument("--width", type=int)
    parser.add_argument("--height", type=int)
    parser.add_argument("--seconds", type=float, default=4.0, help="length of an episode")
    parser.add_argument("--episodes", type=int, default=100)
    parser.add_argument("--workers", type=int, default=2)
    parser.add_argument("--rounds", type=int, default=3)
    options = parser.parse_args()
    names = ("estimator", "randomization", "width", "height")
    arguments = {name: value for name in names if (value := getattr(options, name)) is not None}
    size = (options.seconds, options.episodes, options.workers)
    bare, steady, whole = [], [], []
    for _ in range(options.rounds):
        bare.append(bare_rate(arguments, *size))
        rates = study_rates(arguments, *size)
        steady.append(rates[0])
        whole.append(rates[1])
        print(f"bare loops {bare[-1]:.3f}  study {steady[-1]:.3f}  with start {whole[-1]:.3f} episodes/s", flush=True)
    shares = [100 * float(np.median(np.array(rates) / bare)) for rates in (steady, whole)]
    print(
        f"{arguments}: median of {options.rounds}: {options.workers} bare loops {np.median(bare):.3f} episodes/s, "
        f"study {np.median(steady):.3f} ({shares[0]:.0f} %), with its start {np.median(whole):.3f} ({shares[1]:.0f} %)"
    )


if __name__ == "__main__":
    main()
