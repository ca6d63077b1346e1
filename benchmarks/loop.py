"""Where a step of the servo loop goes: physics, drawing, effects, network, PnP, contour, control; beside bare MuJoCo.

Medians over steps, with the loops run in turn. The stages of the estimator are those of `ctrnet`.
"""

import argparse
import json
import os
import subprocess
import sys
import time
from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from typing import Any

import gymnasium as gym
import numpy as np

import ctr_env  # noqa: F401 - registers the environments; before mujoco, whose OpenGL backend it chooses
from ctr_env.runs.engines.worker import THREADS

import mujoco  # isort: skip

clock = time.perf_counter
STAGES = ("physics", "draw", "read", "effects", "network", "PnP", "contour", "control", "rest")
_BLOCK = 30  # steps between switching from one loop to the other

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


def make(preset: str = "none", size: tuple[int, int] = (320, 240), **settings: Any) -> Any:
    """An environment whose episodes never end."""
    return gym.make(
        "ctr_env/PandaServo-v0", disable_env_checker=True, max_episode_steps=10**9, randomization=preset,
        width=size[0], height=size[1], **settings,
    )  # fmt: skip


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
                for _ in range(_BLOCK):
                    start = clock()
                    env.step(action)
                    watch.lap(clock() - start)
            for _ in range(_BLOCK):
                start = clock()
                loop.step()
                bare_s.append(clock() - start)
    env.close()
    return watch.medians() | {"bare": 1e3 * float(np.median(bare_s))}


def without_images(mode: str) -> tuple[float, float]:
    """Median milliseconds of a step without images, and of the physics alone."""
    env = make(obs_mode="state", action_mode=mode)
    env.reset(seed=0)
    action, bare = np.zeros(env.action_space.shape, np.float32), env.unwrapped
    data, times, physics = mujoco.MjData(bare.scene.model), [], []
    mujoco.mj_copyData(data, bare.scene.model, bare.scene.data)
    for _ in range(20 * _BLOCK):
        start = clock()
        env.step(action)
        middle = clock()
        mujoco.mj_step(bare.scene.model, data, 17)
        times.append(middle - start)
        physics.append((clock() - middle) * (500 / 30) / 17)
    env.close()
    return 1e3 * float(np.median(times)), 1e3 * float(np.median(physics))


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
    return Worker([sys.executable, "-P", __file__, "--serve", text], environment)


def beside(workers: Mapping[str, Worker], blocks: int) -> dict[str, float]:
    """Median steps per second of processes that run in turn."""
    rates: dict[str, list[float]] = defaultdict(list)
    for block in range(blocks + 1):
        for name, worker in workers.items():
            worker.begin(_BLOCK)
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
                worker.begin(2 * _BLOCK)
            answers.append(np.array([worker.answer() for worker in crowd]))
        (one,), many = answers
        alone.append(one[0])
        all_at_once.append(many[:, 0].sum())
        costs.append(many[0, 1] / one[1])
    return float(np.median(alone)), float(np.median(all_at_once)), float(np.median(costs))


def print_ladder(options: argparse.Namespace) -> None:
    print("ms a step" + " " * 10 + "".join(f"{stage:>9}" for stage in (*STAGES, "total", "bare")))
    for size in options.sizes:
        for preset in options.presets:
            found = ladder(preset, size, options.estimator, options.seeds, options.blocks)
            row = "".join(f"{found[stage]:9.2f}" for stage in (*STAGES, "total", "bare"))
            print(f"{preset:8} {size[0]:4}x{size[1]:<4}{row}", flush=True)
    for mode in ("joint_velocity", "pbvs"):
        step, physics = without_images(mode)
        print(
            f"without images, {mode}: {step:.2f} ms a step, of which physics alone {physics:.2f} ({physics / step:.0%})"
        )


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
    parser.add_argument("--serve", help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.cpu:
        global clock
        clock = time.process_time
    options.sizes = [tuple(int(part) for part in size.split("x")) for size in options.sizes]
    if options.serve:
        serve(json.loads(options.serve))
        return
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
