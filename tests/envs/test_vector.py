"""Vector environments and memory."""

import resource
from pathlib import Path

import gymnasium as gym
import numpy as np
import pytest
from stable_baselines3.common.env_util import make_vec_env
from stable_baselines3.common.vec_env import SubprocVecEnv

import ctr_env  # noqa: F401

ENV = "ctr_env:ctr_env/PandaServo-v0"
SETTINGS = {"obs_mode": "image+estimate", "randomization": "mild", "width": 32, "height": 24}
STEPS = 3


def record(envs, actions):
    obs, _ = envs.reset(seed=[3, 4])
    frames = [obs]
    for action in actions:
        obs, reward, *_ = envs.step(action)
        frames.append(obs | {"reward": reward})
    envs.close()
    return frames


@pytest.mark.parametrize("mode, options", [("sync", {}), ("async", {"context": "forkserver"})])
def test_vector_environments_repeat_single_ones(mode, options):
    actions = np.random.default_rng(0).uniform(-1, 1, (STEPS, 2, 6)).astype(np.float32)
    envs = gym.make_vec(ENV, 2, vectorization_mode=mode, vector_kwargs=options, **SETTINGS)
    frames = record(envs, actions)
    for i, seed in enumerate((3, 4)):
        env = gym.make(ENV, **SETTINGS)
        obs, _ = env.reset(seed=seed)
        for frame, action in zip(frames, [*actions, None], strict=True):
            for name in obs:
                np.testing.assert_array_equal(frame[name][i], obs[name])
            if action is not None:
                obs, reward, *_ = env.step(action[i])
                obs["reward"] = reward
        env.close()


def test_stable_baselines_workers_repeat_each_other():
    envs = make_vec_env(ENV, 2, env_kwargs=SETTINGS, vec_env_cls=SubprocVecEnv)
    runs = []
    for _ in range(2):
        envs.seed(5)
        obs = envs.reset()
        for _ in range(STEPS):
            obs, rewards, _, infos = envs.step(np.zeros((2, 6), np.float32))
        assert all("is_success" in info for info in infos)
        runs.append((obs["image"].copy(), rewards))
    envs.close()
    np.testing.assert_array_equal(runs[0][0], runs[1][0])
    np.testing.assert_array_equal(runs[0][1], runs[1][1])


def resident_mib():
    pages = int(Path("/proc/self/statm").read_text().split()[1])
    return pages * resource.getpagesize() / 2**20


@pytest.mark.slow
def test_five_hundred_environments_leave_memory_flat():
    sizes = []
    for cycle in range(500):
        env = gym.make(ENV, **SETTINGS)
        env.reset(seed=cycle)
        env.close()
        sizes.append(resident_mib())
    # caches of torch and the graphics driver fill within the first hundred
    assert np.median(sizes[400:]) - np.median(sizes[100:200]) < 40
