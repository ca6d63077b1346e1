"""How often a policy of the package succeeds on held-out episodes, beside a proportional controller and PBVS.

All act on the same episodes of the split `test`. The proportional controller commands ten times the apparent position
error a second; PBVS is the environment's own controller, which also turns the gripper. Neither closes the gripper, so
that policies of `Grasp` environments stand alone.
"""

import argparse
from collections.abc import Callable
from contextlib import closing
from typing import Any

import gymnasium as gym
import numpy as np

from ctr_env.evaluation.servo.policy_episodes import policy_episodes
from ctr_env.evaluation.servo.summary import summarise
from ctr_env.learning.reinforcement import Policy, packaged_policies, packaged_policy
from ctr_env.runs.seeds import episode_seed

GAIN = np.array([10.0] * 3 + [0.0] * 3)
"""Action by apparent error, 1/m."""


def proportional(obs: dict[str, Any]) -> np.ndarray:
    return (GAIN * obs["apparent_error"]).clip(-1.0, 1.0).astype(np.float32)


def still(obs: dict[str, Any]) -> np.ndarray:
    return np.zeros(6, np.float32)


def measured(act: Callable[[Any], np.ndarray], env_id: str, settings: dict[str, Any], seeds: list[int]) -> str:
    """Success rate and true position error (mean of the last second) as a row."""
    with closing(gym.make(env_id, **settings)) as env:
        summary = summarise(list(policy_episodes(env, act, seeds)))
    error = {name: 1e3 * value for name, value in summary["true_position_error_m"].items()}
    return f"{summary['success_rate']:8.1%}  {error['median']:8.1f}  {error['p95']:8.1f}"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--policies", nargs="+", default=packaged_policies(), choices=packaged_policies())
    parser.add_argument("--estimators", nargs="+", default=["ground_truth", "noisy"])
    parser.add_argument("--randomization", nargs="+", default=["none", "mild"])
    parser.add_argument("--episodes", type=int, default=200)
    parser.add_argument("--alone", action="store_true", help="without the controllers to compare with")
    given = parser.parse_args()
    seeds = [episode_seed("test", 0, number) for number in range(given.episodes)]
    print(f"{given.episodes} episodes each: success, true position error (mm): median, 95th percentile")
    for name in given.policies:
        policy = Policy.load(packaged_policy(name))
        acting: dict[str, tuple[Any, dict[str, str]]] = {name: (policy.act, {})}
        if not given.alone and len(GAIN) == policy.header.network.actions:
            acting |= {"proportional": (proportional, {}), "pbvs": (still, {"action_mode": "pbvs"})}
        modes = {
            key: policy.header.settings[key] for key in ("obs_mode", "action_mode") if key in policy.header.settings
        }
        for estimator in given.estimators:
            for randomization in given.randomization:
                for who, (act, mode) in acting.items():
                    settings = {**modes, "estimator": estimator, "randomization": randomization, **mode}
                    row = measured(act, policy.header.env, settings, seeds)
                    print(f"{name:14} {estimator:14} {randomization:8} {who:14} {row}", flush=True)


if __name__ == "__main__":
    main()
