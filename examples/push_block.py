"""Push a block to a place, both known in the camera frame alone: a script over the errors by the newest estimate.

    python examples/push_block.py --estimator ctrnet --episodes 20

The gripper goes above the place behind the block, opposite to the goal, down, and pushes along the line from block to
goal, which it takes anew at every step; where the block has left its fingertips, it rises and begins again. Every
command is a proportional one of ``apparent_error`` (goal minus gripper) and ``apparent_block_offset`` (block minus
gripper), as a servoing loop sees them.
"""

import argparse

import gymnasium as gym
import numpy as np

import ctr_env  # noqa: F401 - registers the environments

ABOVE_M, BEHIND_M, NEAR_M, NEAR_RAD = 0.1, 0.06, 0.01, 0.05
HEIGHT_M = 0.005  # of the fingertips above the middle of the block
AT_GOAL_M, STRAIGHT_M, LOST_M, DOWN_M, PUSH_M = 0.004, 0.02, 0.026, 0.05, 0.03  # the last two: 0.15 and 0.09 m/s
GAIN = np.array([12.0] * 3 + [2.5] * 3)  # of full actions: 0.25 m/s and 1 rad/s


class Push:
    """The script of one episode."""

    def __init__(self) -> None:
        self._phase, self._along = "above", np.zeros(2)

    def action(self, obs: dict[str, np.ndarray]) -> np.ndarray:
        """Twist of the gripper."""
        error, block = obs["apparent_error"].astype(float), obs["apparent_block_offset"][:3].astype(float)
        way = error[:2] - block[:2]  # from block to goal
        if np.linalg.norm(way) > STRAIGHT_M or not self._along.any():
            self._along = way / max(np.linalg.norm(way), 1e-9)
        left, ahead = float(way @ self._along), block[:2] @ self._along
        error[:3] = block - [*(BEHIND_M * self._along), -HEIGHT_M]
        if left < AT_GOAL_M:
            self._phase, error[:] = "up", 0.0
        elif self._phase == "above":
            error[2] += ABOVE_M
            if np.linalg.norm(error[:3]) < NEAR_M and np.linalg.norm(error[3:]) < NEAR_RAD:
                self._phase = "down"
        elif self._phase == "down":
            if np.linalg.norm(error[:3]) < NEAR_M:
                self._phase = "push"
            error[2] = max(error[2], -DOWN_M)
        elif self._phase == "push":
            if np.linalg.norm(block[:2] - ahead * self._along) > LOST_M:
                self._phase = "up"
            error[:2] = min(left + AT_GOAL_M, PUSH_M) * self._along
        else:
            error[:3] = 0.0, 0.0, error[2] + ABOVE_M
            if error[2] < NEAR_M:
                self._phase = "above"
        return (GAIN * error).clip(-1.0, 1.0).astype(np.float32)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--estimator", default="ground_truth")
    parser.add_argument("--randomization", default="none")
    parser.add_argument("--episodes", type=int, default=20)
    parser.add_argument("--first-seed", type=int, default=0)
    options = parser.parse_args()
    env = gym.make("ctr_env/PandaPush-v0", estimator=options.estimator, randomization=options.randomization)
    pushed = 0
    for seed in range(options.first_seed, options.first_seed + options.episodes):
        (obs, info), script, over = env.reset(seed=seed), Push(), False
        while not (over or info["is_success"]):
            obs, _, terminated, truncated, info = env.step(script.action(obs))
            over = terminated or truncated
        pushed += info["is_success"]
        print(f"seed {seed}: {1e3 * info['block_error_m']:.1f} mm after {info['time_s']:.1f} s", flush=True)
    print(f"{pushed} of {options.episodes} blocks pushed with {options.estimator}, {options.randomization}")
    env.close()


if __name__ == "__main__":
    main()
