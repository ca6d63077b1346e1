"""Environment steps a second on the GPU path, by number of worlds; needs the extra ``gpu``.

Without a CUDA device it runs on the CPU, one world after the other, which is no speed to use.

    python benchmarks/gpu.py --worlds 64 256 1024 4096
    OMP_NUM_THREADS=1 python benchmarks/gpu.py --cpu --worlds 1 4 16 --steps 10
"""

import argparse
import statistics
import time

import torch

from ctr_env.envs.warp import WarpReachEnv

SETTINGS = {
    "states, joint_velocity": {"obs_mode": "state", "action_mode": "joint_velocity"},
    "states, ee_twist": {"obs_mode": "state"},
    "noisy estimates": {"estimator": "noisy"},
    "images": {"obs_mode": "image"},
    "ctrnet": {"estimator": "ctrnet"},
}
"""Arguments of the environment by name of the row."""
POOL = 16
"""Episodes that are drawn; the time of drawing them is not measured."""


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument(
        "--cpu", action="store_true", help="run on the CPU and measure processor time, for a busy machine"
    )
    parser.add_argument("--worlds", type=int, nargs="+", default=[64, 256, 1024, 4096])
    parser.add_argument("--steps", type=int, default=50, help="measured steps")
    parser.add_argument("--size", type=int, nargs=2, default=[320, 240], help="width and height of images, pixels")
    parser.add_argument("--only", choices=sorted(SETTINGS), nargs="+", default=list(SETTINGS))
    args = parser.parse_args()
    for name in args.only:
        for worlds in args.worlds:
            seconds, device = measure(worlds, args, SETTINGS[name])
            rate = worlds / seconds
            print(f"{device}  {name:<24}{worlds:>6} worlds {1e3 * seconds:>10.1f} ms {rate:>10.0f} steps/s", flush=True)


def measure(worlds: int, args: argparse.Namespace, settings: dict) -> tuple[float, str]:
    """Median seconds of a step of all worlds, and the name of the device."""
    width, height = args.size
    env = WarpReachEnv(
        worlds,
        device="cpu" if args.cpu else "auto",
        episode_pool=min(worlds, POOL),
        width=width,
        height=height,
        **settings,
    )
    env.reset(seed=0)
    generator = torch.Generator(device=env.device).manual_seed(0)
    times, clock = [], time.process_time if args.cpu else time.perf_counter
    for step in range(3 + args.steps):
        actions = 2.0 * torch.rand(env.action_space.shape, generator=generator, device=env.device) - 1.0
        synchronise(env.device)
        start = clock()
        env.step(actions)
        synchronise(env.device)
        if step >= 3:  # the first ones compile
            times.append(clock() - start)
    cuda = env.device.type == "cuda"
    return statistics.median(times), torch.cuda.get_device_name(env.device) if cuda else "cpu"


def synchronise(device: torch.device) -> None:
    if device.type == "cuda":
        torch.cuda.synchronize(device)


if __name__ == "__main__":
    main()
