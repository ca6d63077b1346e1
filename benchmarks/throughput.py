"""Steps per second of an environment with image observations, beside a bare MuJoCo loop of the same scene.

Both run in turn, in one process, several times over; medians are printed, and where an environment's step goes.
"""

import argparse
import time
from collections import defaultdict
from collections.abc import Callable
from contextlib import contextmanager
from typing import Any

import gymnasium as gym
import numpy as np

import ctr_env  # noqa: F401 - registers the environments; before mujoco, whose OpenGL backend it chooses

import mujoco  # isort: skip

_BLOCK = 30  # steps between switching from one loop to the other


class Stopwatch:
    """Time spent in named methods of objects."""

    def __init__(self) -> None:
        self.seconds: dict[str, float] = defaultdict(float)

    @contextmanager
    def watching(self, label: str, owner: Any, method: str):
        """Count the calls of ``owner.method`` under a label while the block lasts."""
        original = getattr(owner, method)

        def timed(*args: Any, **kwargs: Any) -> Any:
            start = time.perf_counter()
            try:
                return original(*args, **kwargs)
            finally:
                self.seconds[label] += time.perf_counter() - start

        setattr(owner, method, timed)
        try:
            yield
        finally:
            delattr(owner, method)


def rate(step: Callable[[], None]) -> float:
    """Calls per second over one block."""
    start = time.perf_counter()
    for _ in range(_BLOCK):
        step()
    return _BLOCK / (time.perf_counter() - start)


class BareLoop:
    """What no environment of this kind can avoid: a thirtieth of a second of physics, and an image."""

    def __init__(self, env: Any) -> None:
        self.model, self.data, self.camera = env.scene.model, mujoco.MjData(env.scene.model), env.scene.camera_id
        self.renderer = mujoco.Renderer(self.model, env.scene.config.height, env.scene.config.width)
        self.options = mujoco.MjvOption()
        self.options.geomgroup[:] = (1, 1, 1, 0, 0, 0)
        self.steps = 0

    def copy_state(self, env: Any) -> None:
        """Start from where an environment is, without touching it."""
        mujoco.mj_copyData(self.data, self.model, env.scene.data)

    def step(self) -> None:
        substeps = round((self.steps + 1) * 500 / 30) - round(self.steps * 500 / 30)
        mujoco.mj_step(self.model, self.data, substeps)
        self.renderer.update_scene(self.data, self.camera, self.options)
        self.renderer.render()
        self.steps += 1


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--env", default="ctr_env/PandaServo-v0")
    parser.add_argument("--estimator", default="ground_truth")
    parser.add_argument("--randomization", default="none")
    parser.add_argument("--width", type=int, default=320)
    parser.add_argument("--height", type=int, default=240)
    parser.add_argument("--blocks", type=int, default=20, help="blocks of 30 steps of each loop")
    options = parser.parse_args()
    env = gym.make(
        options.env, disable_env_checker=True, obs_mode="image+estimate", estimator=options.estimator,
        randomization=options.randomization, width=options.width, height=options.height, max_episode_steps=10**9,
    )  # fmt: skip
    bare = env.unwrapped
    env.reset(seed=0)
    action = np.zeros(env.action_space.shape, np.float32)
    loop = BareLoop(bare)
    rates: dict[str, list[float]] = {"environment": [], "bare loop": []}
    for block in range(options.blocks + 1):
        env.reset(seed=block)
        loop.copy_state(bare)
        loops = {"environment": lambda: env.step(action), "bare loop": loop.step}
        # neither always comes first: an arm that has arrived may fill more of the image
        for name in list(loops)[:: 1 if block % 2 else -1]:
            value = rate(loops[name])
            if block:  # the first warms up
                rates[name].append(value)
    medians = {name: float(np.median(values)) for name, values in rates.items()}
    ratio = np.median(np.array(rates["environment"]) / np.array(rates["bare loop"]))
    print(f"{options.env} {options.width}x{options.height}, estimator {options.estimator}")
    for name, value in medians.items():
        print(f"  {name:12} {value:7.1f} steps/s")
    print(f"  ratio        {ratio:7.2f}  (median of {options.blocks} pairs of blocks)")

    watch, steps = Stopwatch(), 10 * _BLOCK
    env.reset(seed=0)
    with (
        watch.watching("physics", bare.scene, "step"),
        watch.watching("render", bare.renderer, "rgb"),
        watch.watching("estimate", bare.estimator, "estimate"),
        watch.watching("control", bare.controller, "command"),
    ):
        start = time.perf_counter()
        for _ in range(steps):
            env.step(action)
        total = time.perf_counter() - start
    watch.seconds["everything else"] = total - sum(watch.seconds.values())
    print(f"  of {1e3 * total / steps:.2f} ms a step:")
    for label, seconds in watch.seconds.items():
        print(f"    {label:16} {1e3 * seconds / steps:6.2f} ms  {100 * seconds / total:5.1f} %")
    env.close()


if __name__ == "__main__":
    main()
