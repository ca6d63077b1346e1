"""The closed loop on the error model of CtRNet beside that on CtRNet itself, on the same seeds.

    python benchmarks/error_model.py --robot panda --randomization strong --seeds 200 --out runs/error_model

The same episodes of PBVS are run with ``ctrnet`` and with ``ctrnet_model``. For every metric the table has the value of
each, the 95 % interval of the value of ``ctrnet`` (episodes resampled), and the difference with the 95 % interval of
paired resampling: an error model that is honest has values inside the interval. Episodes are independent of those that
the model was fitted to. An interrupted run resumes. With ``--rate-hz 5`` both estimate a
sixth of the frames, which takes a sixth of the time; the camera is static, so little else changes.
"""

from __future__ import annotations

import argparse
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ctr_env.evaluation.servo.runner import ServoStudy, run_servo_study
from ctr_env.runs.engines.local import available_cores
from ctr_env.runs.files import write_json
from ctr_env.runs.versions import versions

ESTIMATORS = ("ctrnet", "ctrnet_model")
RESAMPLES = 10_000
INTERVAL = (0.025, 0.975)
METRICS: Mapping[str, tuple[str, Callable[[NDArray[np.float64]], float], float]] = {
    "success rate (%)": ("success", np.mean, 100.0),
    "true error, median (mm)": ("true_position_error_m", np.median, 1e3),
    "true error, p90 (mm)": ("true_position_error_m", lambda x: np.quantile(x, 0.9), 1e3),
    "true rotation error, median (mrad)": ("true_rotation_error_rad", np.median, 1e3),
    "true rotation error, p90 (mrad)": ("true_rotation_error_rad", lambda x: np.quantile(x, 0.9), 1e3),
    "apparent error, median (mm)": ("apparent_position_error_m", np.median, 1e3),
    "apparent rotation error, median (mrad)": ("apparent_rotation_error_rad", np.median, 1e3),
    "estimate error, median (mm)": ("estimate_position_error_m", np.median, 1e3),
    "estimate error, p90 (mm)": ("estimate_position_error_m", lambda x: np.quantile(x, 0.9), 1e3),
    "valid estimates (%)": ("valid_share", np.mean, 100.0),
}


def compared(real: Sequence[Mapping[str, Any]], model: Sequence[Mapping[str, Any]]) -> dict[str, dict[str, Any]]:
    """Every metric of both estimators, by name."""
    rng, found = np.random.default_rng(0), {}
    for name, (key, statistic, scale) in METRICS.items():
        pairs = [(a[key], b[key]) for a, b in zip(real, model, strict=True) if None not in (a[key], b[key])]
        if len(pairs) < 2:
            continue
        values = scale * np.array(pairs, dtype=float)
        chosen = rng.integers(len(values), size=(RESAMPLES, len(values)))
        resampled = np.array([[statistic(column) for column in values[rows].T] for rows in chosen])
        low, high = np.quantile(resampled[:, 0], INTERVAL)
        here = float(statistic(values[:, 1]))
        found[name] = {
            "episodes": len(values),
            "ctrnet": float(statistic(values[:, 0])),
            "interval": [float(low), float(high)],
            "ctrnet_model": here,
            "inside": bool(low <= here <= high),
            "difference_interval": np.quantile(resampled[:, 1] - resampled[:, 0], INTERVAL).tolist(),
        }
    return found


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--robot", default="panda")
    parser.add_argument("--randomization", default="strong")
    parser.add_argument("--seeds", type=int, default=200, help="number of episodes")
    parser.add_argument("--first", type=int, default=0, help="seed of the first one")
    parser.add_argument("--seconds", type=float, default=None, help="length of an episode (default: as registered)")
    parser.add_argument("--rate-hz", type=float, default=None, help="estimates a second (default: of every frame)")
    parser.add_argument("--model", default=None, help="error model (default: that of the package)")
    parser.add_argument("--workers", type=int, default=available_cores())
    parser.add_argument("--out", type=Path, default=Path("runs/error_model"))
    arguments = parser.parse_args()
    episodes = {}
    for estimator in ESTIMATORS:
        config = {} if estimator == "ctrnet" or arguments.model is None else {"model": arguments.model}
        settings: dict[str, Any] = {
            "estimator": estimator,
            "estimator_config": config,
            "randomization": arguments.randomization,
        }
        if arguments.rate_hz is not None:
            settings["estimator"] = "perturbed"
            settings["estimator_config"] = {
                "source": estimator,
                "source_config": config,
                "rate_hz": arguments.rate_hz,
            }
        study = ServoStudy(
            arguments.robot, "servo", arguments.seeds, arguments.first, settings, seconds=arguments.seconds
        )
        result = run_servo_study(study, arguments.out / estimator, workers=arguments.workers, on_episode=_say)
        episodes[estimator] = result["episodes"]
    table = compared(*(episodes[name] for name in ESTIMATORS))
    write_json(arguments.out / "error_model.json", {"versions": versions("torch"), "metrics": table})
    print(f"\n{'metric':40s}{'ctrnet':>9s}{'95 %':>20s}{'model':>9s}{'model - ctrnet, 95 %':>24s}")
    for name, row in table.items():
        bounds = "[{:.2f}, {:.2f}]".format(*row["interval"])
        difference = "[{:.2f}, {:.2f}]".format(*row["difference_interval"])
        mark = "" if row["inside"] else " *"
        print(f"{name:40s}{row['ctrnet']:9.2f}{bounds:>20s}{row['ctrnet_model']:9.2f}{difference:>24s}{mark}")
    print(f"{len(episodes['ctrnet'])} episodes; * outside the interval of ctrnet")


def _say(episode: dict[str, Any]) -> None:
    print(".", end="", flush=True)


if __name__ == "__main__":
    main()
