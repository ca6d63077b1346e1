"""Train PPO (Stable-Baselines3) to reach goals with gripper twists, on `state` observations."""

import argparse

import gymnasium as gym
import numpy as np
from stable_baselines3 import PPO
from stable_baselines3.common.env_util import make_vec_env
from stable_baselines3.common.vec_env import SubprocVecEnv

import ctr_env  # noqa: F401 - registers the environments

ENV = "ctr_env:ctr_env/PandaServo-v0"
SETTINGS = {"obs_mode": "state", "action_mode": "ee_twist"}


def mean_error(model: PPO, episodes: int) -> float:
    """Mean final position error of a policy, metres."""
    env = gym.make(ENV, **SETTINGS)
    errors = []
    for seed in range(10_000, 10_000 + episodes):
        obs, info = env.reset(seed=seed)
        over = False
        while not over:
            action, _ = model.predict(obs, deterministic=True)
            obs, _, terminated, truncated, info = env.step(action)
            over = terminated or truncated
        errors.append(info["true_position_error_m"])
    env.close()
    return float(np.mean(errors))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--steps", type=int, default=200_000, help="environment steps to train for")
    parser.add_argument("--envs", type=int, default=2, help="parallel environments")
    parser.add_argument("--rollout", type=int, default=960, help="steps of each environment between updates")
    parser.add_argument("--episodes", type=int, default=10, help="episodes to evaluate on")
    options = parser.parse_args()
    envs = make_vec_env(ENV, options.envs, seed=0, env_kwargs=SETTINGS, vec_env_cls=SubprocVecEnv)
    model = PPO("MultiInputPolicy", envs, n_steps=options.rollout, batch_size=240, gamma=0.95, verbose=1, seed=0)
    before = mean_error(model, options.episodes)
    model.learn(options.steps)
    after = mean_error(model, options.episodes)
    print(f"mean final error: {1e3 * before:.0f} mm untrained, {1e3 * after:.0f} mm after {options.steps} steps")
    envs.close()


if __name__ == "__main__":
    main()
