"""Every registered environment against the checks and wrappers of Gymnasium and Stable-Baselines3."""

import warnings

import gymnasium as gym
import imageio.v3 as iio
import numpy as np
import pytest
from gymnasium.utils.env_checker import check_env
from gymnasium.wrappers import RecordVideo
from stable_baselines3.common.env_checker import check_env as check_sb3_env

from ctr_env._registration import ENVIRONMENTS
from ctr_env.envs import ACTION_MODES
from ctr_env.envs.wrappers import AddObservationNoise, HoldEstimate

OBS_MODES = ("state", "estimate", "image+privileged", "image+estimate", "state+estimate+image+privileged")
SIZE = {"width": 48, "height": 36}  # Stable-Baselines3 wants 36 pixels at least
CASES = [
    (
        f"ctr_env/{('Panda', 'Baxter')[(i + j) % 2]}{('Servo', 'Track')[(i + j) // 2 % 2]}-v0",
        obs_mode,
        action_mode,
    )
    for i, obs_mode in enumerate(OBS_MODES)
    for j, action_mode in enumerate(ACTION_MODES)
]
"""Every pair of the values of robot, task, observation and action mode, in as few cases as possible."""
CASES += [("ctr_env/FR3Servo-v0", "state", ACTION_MODES[0]), ("ctr_env/FR3Track-v0", "estimate", ACTION_MODES[1])]
CASES += [("ctr_env/UR5Servo-v0", "estimate", ACTION_MODES[2]), ("ctr_env/UR5Track-v0", "state", ACTION_MODES[0])]
CASES += [
    (f"ctr_env/{robot}{task}-v0", obs_mode, ACTION_MODES[(i + j) % 3])
    for i, robot in enumerate(("Panda", "Baxter", "FR3", "UR5"))
    for j, (task, obs_mode) in enumerate(
        [
            ("Grasp", "estimate+apparent"),
            ("Reach", "estimate+apparent"),
            ("ReachGoal", ("estimate", "state")[i % 2]),
            ("Follow", "state"),
            ("Push", ("estimate+apparent", "state+privileged")[i % 2]),
            ("PushGoal", ("state", "estimate")[i // 2]),
        ]
    )
    if task not in ("Grasp", "Push", "PushGoal") or robot in ("Panda", "FR3")
]


def test_the_cases_cover_every_id_and_every_pair_of_modes():
    assert {name for name, *_ in CASES} == set(ENVIRONMENTS)
    for robot in ("Panda", "Baxter"):
        assert {(obs, "Track" in name) for name, obs, _ in CASES if obs in OBS_MODES} == {
            (o, t) for o in OBS_MODES for t in (False, True)
        }
        assert {action for name, _, action in CASES if robot in name} == set(ACTION_MODES)
        assert {obs for name, obs, _ in CASES if robot in name} >= set(OBS_MODES)


@pytest.mark.parametrize("name, obs_mode, action_mode", CASES)
def test_checkers_pass_without_warnings(name, obs_mode, action_mode):
    env = gym.make(name, obs_mode=obs_mode, action_mode=action_mode, **SIZE)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        check_env(env.unwrapped, skip_render_check=True)
        check_sb3_env(env.unwrapped)
    env.close()


def test_wrapped_environments_pass_the_checkers():
    env = gym.make("ctr_env/PandaServo-v0", estimator="noisy", estimator_config={"dropout": 0.5})
    env = AddObservationNoise(HoldEstimate(env), {"joint_velocities": 0.01, "goal": (0.01, 0.01)})
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        warnings.filterwarnings("ignore", ".*is different from the unwrapped version")
        check_env(env)
        check_sb3_env(env)
    env.close()


@pytest.mark.parametrize("name", ["ctr_env/PandaTrack-v0", "ctr_env/BaxterServo-v0"])
def test_declared_render_modes_work(name):
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        env = gym.make(name, render_mode="rgb_array", **SIZE)
        check_env(env.unwrapped)
    env.reset(seed=0)
    assert env.render().shape == (36, 48, 3)
    env.close()
    env = gym.make(name, render_mode="depth_array", **SIZE)
    env.reset(seed=0)
    depth = env.render()
    assert depth.shape == (36, 48)
    assert 0.1 < np.median(depth) < 10
    env.close()


def test_episodes_end_by_truncation_after_the_registered_time():
    env = gym.make("ctr_env/PandaServo-v0", max_episode_steps=5)
    env.reset(seed=0)
    flags = [env.step(np.zeros(6, np.float32))[2:4] for _ in range(5)]
    assert flags == [(False, False)] * 4 + [(False, True)]


def test_videos_are_recorded(tmp_path):
    pytest.importorskip("moviepy", reason="extra video")
    env = gym.make("ctr_env/PandaServo-v0", render_mode="rgb_array", max_episode_steps=5, width=64, height=48)
    env = RecordVideo(env, str(tmp_path / "videos"), episode_trigger=lambda episode: True, disable_logger=True)
    env.reset(seed=0)
    for _ in range(5):
        env.step(np.zeros(6, np.float32))
    env.close()
    (file,) = tmp_path.glob("videos/*.mp4")
    frames = iio.imread(file)
    assert frames.shape[1:] == (48, 64, 3)
    assert len(frames) >= 5
