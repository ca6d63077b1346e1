"""What batching environments brings: steps of a vector environment beside those of single ones.

For every number of environments, blocks of steps of one environment, of the vector environment and of Gymnasium's
``AsyncVectorEnv`` of single ones follow each other, and medians over the blocks are printed. Figures per core are per
second of processor time, of all threads and worker processes: they compare on busy machines too, and count a core only
as far as it is used.
"""

import argparse
import time
from collections.abc import Callable
from contextlib import suppress
from typing import Any, NamedTuple

import gymnasium as gym
import numpy as np
import psutil

import ctr_env  # noqa: F401 - registers the environments

FLOOR_PER_CORE = 1.8
"""Least ratio per core of 16 environments, without images."""
FLOOR_ASYNC = 2.0
"""Least ratio to ``AsyncVectorEnv`` of 16 environments with ``ctrnet``."""


def cpu_seconds() -> float:
    """Processor time of this process and of all that it has started."""
    total = time.process_time()
    for child in psutil.Process().children(recursive=True):
        with suppress(psutil.NoSuchProcess):
            times = child.cpu_times()  # in hundredths of a second
            total += times.user + times.system
    return total


class Rate(NamedTuple):
    """Environment steps per second, and per second of processor time."""

    wall: float
    cpu: float


class Stepper:
    """Takes steps with random actions, and measures them in blocks."""

    def __init__(self, env: Any, environments: int) -> None:
        self.env, self._environments = env, environments
        self._rng = np.random.default_rng(0)
        self._rates: list[Rate] = []
        env.reset(seed=0)
        self.steps(1)  # networks are loaded and processes start

    def steps(self, count: int) -> None:
        for _ in range(count):
            self.env.step(self._rng.uniform(-1, 1, self.env.action_space.shape).astype(np.float32))

    def block(self, count: int) -> None:
        """Measure some steps after a reset."""
        self.env.reset()
        wall, cpu = time.perf_counter(), cpu_seconds()
        self.steps(count)
        taken = count * self._environments
        self._rates.append(Rate(taken / (time.perf_counter() - wall), taken / (cpu_seconds() - cpu)))

    @property
    def rate(self) -> Rate:
        return Rate(*np.median(self._rates, axis=0).tolist())


def compare(count: int, options: argparse.Namespace, make: dict[str, Callable[[int], Any]]) -> dict[str, Rate]:
    """Rates of the systems with a number of environments."""
    steppers = {name: Stepper(maker(count), 1 if name == "single" else count) for name, maker in make.items()}
    for _ in range(options.blocks):
        for name, stepper in steppers.items():
            stepper.block(options.steps * (4 if name == "single" else 1))
    for stepper in steppers.values():
        stepper.env.close()
    return {name: stepper.rate for name, stepper in steppers.items()}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--env", default="ctr_env/PandaReach-v0")
    parser.add_argument("--envs", type=int, nargs="+", default=[1, 2, 4, 8, 16, 32, 64])
    parser.add_argument("--estimator", default="ground_truth")
    parser.add_argument("--obs-mode", default="state")
    parser.add_argument("--action-mode", default="joint_velocity")
    parser.add_argument("--steps", type=int, default=10, help="steps of a block, of every environment")
    parser.add_argument("--blocks", type=int, default=15)
    parser.add_argument("--no-async", action="store_true", help="without AsyncVectorEnv")
    options = parser.parse_args()
    settings = {name: getattr(options, name) for name in ("estimator", "obs_mode", "action_mode")}

    def vector(mode: str, **kwargs: Any) -> Callable[[int], Any]:
        return lambda count: gym.make_vec(options.env, count, vectorization_mode=mode, vector_kwargs=kwargs, **settings)

    make: dict[str, Callable[[int], Any]] = {
        "single": lambda _: gym.make(options.env, disable_env_checker=True, **settings),
        "vector": vector("vector_entry_point"),
    }
    if not options.no_async:
        make["async"] = vector("async", context="forkserver")
    with gym.make(options.env, **settings) as probe:
        images = probe.unwrapped.estimator.needs_image or "image" in options.obs_mode
    for count in options.envs:
        rates = compare(count, options, make)
        single, batched = rates["single"], rates["vector"]
        line = f"{count:3} environments: {batched.wall:7.0f} steps/s, single {single.wall:6.0f}"
        floor = f" (floor {FLOOR_PER_CORE:g})" if count == 16 and not images else ""
        line += f", per core {batched.cpu / single.cpu:.2f} x{floor}, cores used {batched.wall / batched.cpu:.1f}"
        if "async" in rates:
            floor = f" (floor {FLOOR_ASYNC:g})" if images and count == 16 else ""
            other = rates["async"]
            line += f"; AsyncVectorEnv {other.wall:6.0f}: {batched.wall / other.wall:.2f} x{floor}"
            line += f", per core {batched.cpu / other.cpu:.2f} x"
        print(line, flush=True)


if __name__ == "__main__":
    main()
