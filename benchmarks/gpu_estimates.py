"""Errors of ``ctrnet`` on the GPU path beside those of ordinary environments in the same episodes.

Without a CUDA device the images of the GPU path are made on the CPU, which takes a minute for 12 episodes.

    python benchmarks/gpu_estimates.py --episodes 12
"""

import argparse

import numpy as np
import torch

from ctr_env.envs import ReachEnv
from ctr_env.envs.warp import WarpReachEnv

ORDINARY = {"ordinary, align_contour=False": {"align_contour": False}, "ordinary": {}}
"""Configurations of the estimator by name of the row."""
FRAMES = 2
"""Frames after the first one, of which the last is measured; the arm stands still."""


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--episodes", type=int, default=12)
    parser.add_argument("--randomization", default="none")
    args = parser.parse_args()
    settings = {"action_mode": "joint_velocity", "randomization": args.randomization, "estimator": "ctrnet"}
    report("GPU path", *batched(args.episodes, settings))
    for name, config in ORDINARY.items():
        found = [single(seed, settings | {"estimator_config": config}) for seed in range(args.episodes)]
        report(name, *np.array(found).T)


def batched(episodes: int, settings: dict) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Position errors (m), rotation errors (rad) and validity of all episodes at once."""
    env = WarpReachEnv(episodes, **settings)
    env.reset(seed=0)
    for _ in range(FRAMES):
        *_, info = env.step(torch.zeros(env.action_space.shape))
    keys = ("estimate_position_error_m", "estimate_rotation_error_rad", "estimate_valid")
    return tuple(info[key].cpu().numpy() for key in keys)


def single(seed: int, settings: dict) -> tuple[float, float, bool]:
    """The same of one episode."""
    env = ReachEnv(**settings)
    env.reset(seed=seed)
    for _ in range(FRAMES):
        *_, info = env.step(np.zeros(env.action_space.shape, np.float32))
    env.close()
    return info["estimate_position_error_m"], info["estimate_rotation_error_rad"], info["estimate_valid"]


def report(name: str, position: np.ndarray, rotation: np.ndarray, valid: np.ndarray) -> None:
    chosen = valid.astype(bool)
    errors = np.median(position[chosen]) * 1e3, np.degrees(np.median(rotation[chosen]))
    print(f"{name:<32}{chosen.mean():>6.0%} valid{errors[0]:>8.1f} mm{errors[1]:>8.2f} deg", flush=True)


if __name__ == "__main__":
    main()
