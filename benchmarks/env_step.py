"""What an environment costs without images: its steps beside the bare physics of as many substeps, and its resets.

Medians, with the two loops run in turn. A ratio of 50 % means half as many steps a second as those of the bare loop.
"""

import argparse
import time

import numpy as np
from loop_processes import BLOCK, make

from ctr_env.envs.world import CONTROL_HZ, PHYSICS_HZ

import mujoco  # isort: skip - after ctr_env, which chooses its OpenGL backend

FLOORS = {"joint_velocity": 0.50, "pbvs": 0.25}
"""Least ratio by action mode."""
RESET_MS = 8.0
"""Longest reset."""


class BarePhysics:
    """The physics of an environment and nothing else."""

    def __init__(self, model: mujoco.MjModel) -> None:
        self.model, self.data, self.steps = model, mujoco.MjData(model), 0

    def step(self) -> None:
        before, after = (round((self.steps + i) * PHYSICS_HZ / CONTROL_HZ) for i in (0, 1))
        mujoco.mj_step(self.model, self.data, after - before)
        self.steps += 1


def step_ms(mode: str, seeds: int, blocks: int, clock) -> tuple[float, float]:
    """Median milliseconds of a step with observations ``state``, and of its physics alone."""
    env = make(obs_mode="state", action_mode=mode)
    scene = env.unwrapped.scene
    bare, steps, physics = BarePhysics(scene.model), [], []
    action = np.zeros(env.action_space.shape, np.float32)
    for seed in range(seeds):
        env.reset(seed=seed)
        mujoco.mj_copyData(bare.data, scene.model, scene.data)
        for _ in range(blocks):
            steps += [timed(clock, env.step, action) for _ in range(BLOCK)]
            physics += [timed(clock, bare.step) for _ in range(BLOCK)]
    env.close()
    return float(np.median(steps)), float(np.median(physics))


def reset_ms(seeds: int, clock) -> float:
    """Median milliseconds of a reset."""
    env = make(obs_mode="state")
    env.reset(seed=0)
    resets = [timed(clock, lambda: env.reset(seed=seed)) for seed in range(seeds)]  # noqa: B023 - called at once
    env.close()
    return float(np.median(resets))


def timed(clock, function, *arguments) -> float:
    """Milliseconds of a call."""
    start = clock()
    function(*arguments)
    return 1e3 * (clock() - start)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seeds", type=int, default=8, help="episodes of each action mode")
    parser.add_argument("--blocks", type=int, default=5, help="blocks of 30 steps of each episode")
    parser.add_argument("--resets", type=int, default=40)
    parser.add_argument("--cpu", action="store_true", help="processor time of resets, for a busy machine")
    options = parser.parse_args()
    for mode, floor in FLOORS.items():
        step, physics = step_ms(mode, options.seeds, options.blocks, time.perf_counter)
        print(f"{mode}: {step:.3f} ms a step, bare mj_step {physics:.3f} ms: {physics / step:.0%} (floor {floor:.0%})")
    reset = reset_ms(options.resets, time.process_time if options.cpu else time.perf_counter)
    print(f"reset: {reset:.1f} ms (at most {RESET_MS:.0f})")


if __name__ == "__main__":
    main()
