"""Pick up a block whose pose is known in the camera frame alone: a script over the error by the newest estimate.

    python examples/pick_block.py --estimator ctrnet --episodes 20

The gripper goes above the block, down to it, closes and rises. Every command is a proportional one of
``apparent_error``, the goal by the estimate minus the gripper by the encoders, as a servoing loop sees it.
"""

import argparse
import json

import gymnasium as gym
import numpy as np

import ctr_env  # noqa: F401 - registers the environments

ABOVE_M, NEAR_M, NEAR_RAD = 0.12, 0.01, 0.03
AT_BLOCK_M, SLOW_M = 0.004, 0.03
CLOSING_STEPS = 28  # a little less than a second
GAIN = np.array([12.0] * 3 + [2.5] * 3)  # of full actions: 0.25 m/s and 1 rad/s


class Pick:
    """The script of one episode."""

    def __init__(self) -> None:
        self._phase, self._steps = "above", 0

    def action(self, obs: dict[str, np.ndarray]) -> np.ndarray:
        """Twist of the gripper and its opening or closing."""
        error = obs["apparent_error"].astype(float)
        self._steps += 1
        if self._phase == "above":
            error[2] += ABOVE_M
            if np.linalg.norm(error[:3]) < NEAR_M and np.linalg.norm(error[3:]) < NEAR_RAD:
                self._phase = "down"
        elif self._phase == "down":
            if np.linalg.norm(error[:3]) < AT_BLOCK_M:
                self._phase, self._steps = "close", 0
            error[2] = max(error[2], -SLOW_M)
        elif self._phase == "close":
            error[:] = 0.0
            if self._steps >= CLOSING_STEPS:
                self._phase = "up"
        else:
            error[:] = (0.0, 0.0, SLOW_M, 0.0, 0.0, 0.0)
        grip = 1.0 if self._phase in ("above", "down") else -1.0
        return np.append((GAIN * error).clip(-1.0, 1.0), grip).astype(np.float32)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--estimator", default="ground_truth")
    parser.add_argument("--estimator-config", type=json.loads, help="settings of the estimator, as JSON")
    parser.add_argument("--randomization", default="none")
    parser.add_argument("--episodes", type=int, default=20)
    options = parser.parse_args()
    env = gym.make(
        "ctr_env/PandaGrasp-v0", estimator=options.estimator, estimator_config=options.estimator_config,
        randomization=options.randomization,
    )  # fmt: skip
    picked = 0
    for seed in range(options.episodes):
        (obs, info), script, over = env.reset(seed=seed), Pick(), False
        while not (over or info["is_success"]):
            obs, _, terminated, truncated, info = env.step(script.action(obs))
            over = terminated or truncated
        picked += info["is_success"]
        print(
            f"seed {seed}: {'picked' if info['is_success'] else 'not picked'} after {info['time_s']:.1f} s", flush=True
        )
    print(f"{picked} of {options.episodes} blocks picked with {options.estimator}, {options.randomization}")
    env.close()


if __name__ == "__main__":
    main()
