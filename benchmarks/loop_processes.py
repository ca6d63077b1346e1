"""Environments that step in processes of their own, in turn or at once; for `loop.py`."""

import json
import os
import subprocess
import sys
import time
from collections import defaultdict
from collections.abc import Mapping
from typing import Any

import gymnasium as gym
import numpy as np

import ctr_env  # noqa: F401 - registers the environments

BLOCK = 30
"""Steps between switching from one loop to the other."""

ROBOSUITE = """
import sys, time
import numpy as np
import robosuite
env = robosuite.make(
    "Lift", robots="Panda", has_renderer=False, has_offscreen_renderer=True, use_camera_obs=True,
    camera_names="agentview", camera_widths=320, camera_heights=240, horizon=10**9, ignore_done=True,
)
env.reset()
action = np.zeros(env.action_spec[0].shape)
def block(steps):
    start, cpu = time.perf_counter(), time.process_time()
    for _ in range(steps):
        env.step(action)
    return steps / (time.perf_counter() - start), (time.process_time() - cpu) / steps
block(5)
print("RATE 0 0", flush=True)
for line in sys.stdin:
    print("RATE", *block(int(line)), flush=True)
"""


def make(preset: str = "none", size: tuple[int, int] = (320, 240), **settings: Any) -> Any:
    """An environment whose episodes never end."""
    return gym.make(
        "ctr_env/PandaServo-v0", disable_env_checker=True, max_episode_steps=10**9, randomization=preset,
        width=size[0], height=size[1], **settings,
    )  # fmt: skip


class Worker:
    """Another process that runs blocks of steps when it is told to."""

    def __init__(self, command: list[str], environment: Mapping[str, str] | None = None) -> None:
        self._process = subprocess.Popen(
            command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, env={**os.environ, **(environment or {})}
        )
        self.answer()

    def begin(self, steps: int) -> None:
        """Start a block."""
        assert self._process.stdin is not None
        print(steps, file=self._process.stdin, flush=True)

    def answer(self) -> tuple[float, float]:
        """Its next answer: steps per second of the last block, and seconds of processor time for each."""
        assert self._process.stdout is not None
        for line in self._process.stdout:
            if line.startswith("RATE "):
                rate, cpu = line.split()[1:]
                return float(rate), float(cpu)
        raise SystemExit(f"a process ended early: {self._process.args}")

    def end(self) -> None:
        """End the process."""
        assert self._process.stdin is not None
        self._process.stdin.close()
        self._process.wait()


def serve(settings: dict[str, Any]) -> None:
    """Be a :class:`Worker`: answer every number of steps with the rate of a block."""
    env = make(settings.pop("preset"), tuple(settings.pop("size")), **settings)
    action, seed = np.zeros(env.action_space.shape, np.float32), 0
    env.reset(seed=seed)
    for _ in range(10):
        env.step(action)
    print("RATE 0 0", flush=True)
    for line in sys.stdin:
        seed += 1
        env.reset(seed=seed)
        start, cpu = time.perf_counter(), time.process_time()
        for _ in range(int(line)):
            env.step(action)
        rate, cpu = int(line) / (time.perf_counter() - start), (time.process_time() - cpu) / int(line)
        print("RATE", rate, cpu, flush=True)


def own_worker(
    preset: str, size: tuple[int, int], environment: Mapping[str, str] | None = None, **settings: Any
) -> Worker:
    """A worker that steps an environment of ours."""
    text = json.dumps({"preset": preset, "size": size, **settings})
    return Worker([sys.executable, __file__, text], environment)


def beside(workers: Mapping[str, Worker], blocks: int) -> dict[str, float]:
    """Median steps per second of processes that run in turn."""
    rates: dict[str, list[float]] = defaultdict(list)
    for block in range(blocks + 1):
        for name, worker in workers.items():
            worker.begin(BLOCK)
            rate, _ = worker.answer()
            if block:  # the first warms up
                rates[name].append(rate)
    return {name: float(np.median(values)) for name, values in rates.items()}


def together(workers: list[Worker], blocks: int) -> tuple[float, float, float]:
    """Median steps per second of one process while the others wait, and of all at once.

    Third, the ratio of the processor time of a step then and alone: what they cost each other, also where other
    programs take the cores.
    """
    alone, all_at_once, costs = [], [], []
    for _ in range(blocks):
        answers = []
        for crowd in (workers[:1], workers):
            for worker in crowd:
                worker.begin(2 * BLOCK)
            answers.append(np.array([worker.answer() for worker in crowd]))
        (one,), many = answers
        alone.append(one[0])
        all_at_once.append(many[:, 0].sum())
        costs.append(many[0, 1] / one[1])
    return float(np.median(alone)), float(np.median(all_at_once)), float(np.median(costs))


if __name__ == "__main__":
    serve(json.loads(sys.argv[1]))
