"""Where a step of the servo loop goes: physics, drawing, effects, network, PnP, contour, control; beside bare MuJoCo.

Medians over steps, with the loops run in turn. The stages of the estimator are those of `ctrnet`.
"""

import argparse
import os
import time
from collections import defaultdict
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from typing import Any

import numpy as np

import ctr_env  # noqa: F401 - registers the environments; before mujoco, whose OpenGL backend it chooses
from ctr_env.runs.engines.worker import THREADS

import mujoco  # isort: skip

from loop_processes import BLOCK, ROBOSUITE, Worker, beside, make, own_worker, together  # isort: skip

clock = time.perf_counter
STAGES = ("physics", "draw", "read", "effects", "network", "PnP", "contour", "control", "rest")


class Stopwatch:
    """Seconds spent in each stage since the last :meth:`lap`."""

    def __init__(self) -> None:
        self.laps: list[dict[str, float]] = []
        self._now: dict[str, float] = defaultdict(float)

    @contextmanager
    def watching(self, stage: str, owner: Any, name: str, then: Callable[[], None] | None = None) -> Iterator[None]:
        """Count the calls of ``owner.name`` (followed by ``then``) as a stage while the block lasts."""
        original = getattr(owner, name)
        own = name in vars(owner)

        def timed(*args: Any, **kwargs: Any) -> Any:
            start = clock()
            try:
                return original(*args, **kwargs)
            finally:
                if then is not None:
                    then()
                self._now[stage] += clock() - start

        setattr(owner, name, timed)
        try:
            yield
        finally:
            setattr(owner, name, original) if own else delattr(owner, name)

    def lap(self, total: float) -> None:
        """End a step that took ``total`` seconds."""
        self.laps.append({**self._now, "total": total, "rest": total - sum(self._now.values())})
        self._now.clear()

    def medians(self) -> dict[str, float]:
        """Milliseconds by stage."""
        return {s: 1e3 * float(np.median([lap.get(s, 0.0) for lap in self.laps])) for s in (*STAGES, "total")}


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


def watched(watch: Stopwatch, env: Any) -> ExitStack:
    """Watch all stages of an environment that has rendered an image."""
    from OpenGL import GL

    from ctr_env.envs import imaging
    from ctr_env.estimators.ctrnet import pipeline

    stack = ExitStack()
    for stage, owner, name, then in (
        ("physics", env.scene, "step", None),
        ("draw", mujoco, "mjr_render", GL.glFinish),  # a software driver draws later otherwise, while pixels are read
        ("read", mujoco, "mjr_readPixels", None),
        ("effects", imaging, "apply_image_effects", None),
        ("network", pipeline, "detect", None),
        ("PnP", pipeline, "solve", None),
        ("contour", pipeline, "align_contours", None),
        ("control", env.controller, "command", None),
    ):
        stack.enter_context(watch.watching(stage, owner, name, then))
    return stack


def ladder(preset: str, size: tuple[int, int], estimator: str, seeds: int, blocks: int) -> dict[str, float]:
    """Median milliseconds of every stage of a step, of the step, and of the bare loop's step."""
    env = make(preset, size, estimator=estimator, obs_mode="image+estimate")
    bare, action = env.unwrapped, np.zeros(env.action_space.shape, np.float32)
    env.reset(seed=0)
    loop, watch, bare_s = BareLoop(bare), Stopwatch(), []
    for seed in range(seeds):
        env.reset(seed=seed)
        for _ in range(5):  # the first frames find the robot; then it is tracked
            env.step(action)
        for _ in range(blocks):
            loop.copy_state(bare)
            with watched(watch, bare):
                for _ in range(BLOCK):
                    start = clock()
                    env.step(action)
                    watch.lap(clock() - start)
            for _ in range(BLOCK):
                start = clock()
                loop.step()
                bare_s.append(clock() - start)
    env.close()
    return watch.medians() | {"bare": 1e3 * float(np.median(bare_s))}


def print_ladder(options: argparse.Namespace) -> None:
    print("ms a step" + " " * 10 + "".join(f"{stage:>9}" for stage in (*STAGES, "total", "bare")))
    for size in options.sizes:
        for preset in options.presets:
            found = ladder(preset, size, options.estimator, options.seeds, options.blocks)
            row = "".join(f"{found[stage]:9.2f}" for stage in (*STAGES, "total", "bare"))
            print(f"{preset:8} {size[0]:4}x{size[1]:<4}{row}", flush=True)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--presets", nargs="+", default=["none", "strong"])
    parser.add_argument("--sizes", nargs="+", default=["320x240", "640x480"], help="such as 640x480")
    parser.add_argument("--estimator", default="ctrnet")
    parser.add_argument("--seeds", type=int, default=4, help="episodes of each cell")
    parser.add_argument("--blocks", type=int, default=2, help="blocks of 30 steps of each episode")
    parser.add_argument("--processes", type=int, default=0, help="compare so many studies at once with one")
    parser.add_argument("--robosuite", metavar="PYTHON", help="interpreter with robosuite, to run its Lift beside ours")
    parser.add_argument("--cpu", action="store_true", help="processor time instead of wall time, for a busy machine")
    options = parser.parse_args()
    if options.cpu:
        global clock
        clock = time.process_time
    options.sizes = [tuple(int(part) for part in size.split("x")) for size in options.sizes]
    if options.seeds:
        print_ladder(options)
    preset, size = options.presets[-1], options.sizes[-1]
    if options.processes:
        crowd = [own_worker(preset, size, THREADS, estimator=options.estimator) for _ in range(options.processes)]
        one, many, cost = together(crowd, 2 * options.blocks)
        print(
            f"{preset} {size[0]}x{size[1]} in processes of one thread: one {one:.1f} steps/s, {len(crowd)} {many:.1f}"
        )
        print(f"  {many / one:.2f} times as many; processor time of a step {cost:.2f} times that alone")
        for worker in crowd:
            worker.end()
    if options.robosuite:
        pair = {
            "ours": own_worker("none", (320, 240), obs_mode="image"),
            "robosuite": Worker(
                [options.robosuite, "-c", ROBOSUITE], {"MUJOCO_GL": os.environ.get("MUJOCO_GL", "egl")}
            ),
        }
        rates = beside(pair, 4 * options.blocks)
        print(f"one 320x240 camera: ours {rates['ours']:.1f} steps/s, robosuite's Lift {rates['robosuite']:.1f}, "
              f"{rates['ours'] / rates['robosuite']:.1f} times as many")  # fmt: skip
        for worker in pair.values():
            worker.end()


if __name__ == "__main__":
    main()
