"""Noise has the size that was asked for, is repeated by the seed, and keeps poses rigid."""

import gymnasium as gym
import numpy as np
import pytest
from gymnasium.envs.registration import EnvSpec
from gymnasium.wrappers import FrameStackObservation
from stable_baselines3.common.monitor import Monitor

from ctr_env.envs.wrappers import AddObservationNoise
from ctr_env.errors import ConfigurationError
from ctr_env.geometry import twist_between, vector_to_pose

ACTION = np.zeros(6, np.float32)
NOISE = {"joint_positions": 0.01, "goal": (0.002, 0.02)}


def observations(env, steps, seed=4, **options):
    found = [env.reset(seed=seed, **options)[0]]
    for _ in range(steps):
        found.append(env.step(ACTION)[0])
    return found


def equal(a, b):
    return all(np.array_equal(x[key], y[key]) for x, y in zip(a, b, strict=True) for key in x)


def test_the_noise_has_the_standard_deviations_that_were_asked_for(make):
    plain = observations(make(), 150)
    noisy = observations(AddObservationNoise(make(), NOISE), 150)
    joints = np.array([b["joint_positions"] - a["joint_positions"] for a, b in zip(plain, noisy, strict=True)])
    poses = ([vector_to_pose(obs["goal"]) for obs in run] for run in (plain, noisy))
    twists = np.array([twist_between(a, b) for a, b in zip(*poses, strict=True)])
    for errors, std in ((joints, 0.01), (twists[:, :3], 0.002), (twists[:, 3:], 0.02)):
        assert abs(errors.mean()) < std / 5
        np.testing.assert_allclose(errors.std(), std, rtol=0.12)
        successive = np.corrcoef(errors[:-1].ravel(), errors[1:].ravel())[0, 1]
        assert abs(successive) < 0.2
    assert set(plain[0]) == set(noisy[0])
    for a, b in zip(plain, noisy, strict=True):
        assert all(np.array_equal(a[key], b[key]) for key in a if key not in NOISE)


def test_noisy_poses_are_rigid_and_in_the_space(make):
    env = AddObservationNoise(make(obs_mode="state"), {"goal": (0.1, 1.0), "camera_pose": (300.0, 0.0)})
    for obs in observations(env, 5):
        assert env.observation_space.contains(obs)
        x, y = obs["goal"][3:6], obs["goal"][6:]
        np.testing.assert_allclose([x @ x, y @ y, x @ y], [1, 1, 0], atol=1e-5)


def test_seeds_repeat_the_noise_and_so_does_a_replayed_episode(make):
    env = AddObservationNoise(make(), NOISE)
    first, second = observations(env, 3), observations(env, 3, seed=None)
    assert not np.array_equal(first[1]["joint_positions"], second[1]["joint_positions"])
    _, info = env.reset(seed=4)
    assert equal(observations(env, 3), first)
    assert equal(observations(env, 3, seed=99, options={"draws": info["draws"], "seed": info["seed"]}), first)


def test_each_observation_has_its_own_stream(make):
    both = observations(AddObservationNoise(make(), NOISE), 2)
    one = observations(AddObservationNoise(make(), {"joint_positions": 0.01}), 2)
    assert all(np.array_equal(a["joint_positions"], b["joint_positions"]) for a, b in zip(both, one, strict=True))


def test_a_specification_restores_the_wrapper(make):
    env = AddObservationNoise(make(), NOISE)
    restored = gym.make(EnvSpec.from_json(env.spec.to_json()))
    assert isinstance(restored, AddObservationNoise)
    assert equal(observations(restored, 3), observations(env, 3))
    restored.close()


def test_stable_baselines_monitor_records_the_info(make, tmp_path):
    env = AddObservationNoise(make(max_episode_steps=3), NOISE)
    env = Monitor(env, str(tmp_path / "log"), info_keywords=("is_success", "true_position_error_m"))
    observations(env, 3)
    env.close()
    header, line = (tmp_path / "log.monitor.csv").read_text().splitlines()[1:]
    assert header == "r,l,t,is_success,true_position_error_m"
    assert line.split(",")[3] == "False"


@pytest.mark.parametrize(
    "noise, message",
    [
        (
            {"joint_position": 0.1},
            "no noise can be added to 'joint_position', .*valid names: goal, joint_positions, ",
        ),
        ({"estimate_pose": (0.1, 0.1)}, "no noise can be added to 'estimate_pose', .*not the estimate's"),
        (0.1, "noise must be a mapping, such as .*, not 0.1"),
        ({"joint_positions": -0.1}, "of 'joint_positions' must be a number >= 0, not -0.1"),
        ({"joint_positions": "much"}, "must be a number >= 0, not 'much'"),
        ({"joint_positions": float("nan")}, "must be a number >= 0, not nan"),
        ({"goal": 0.1}, r"of 'goal' must be two numbers \(m, rad\) >= 0, not 0.1"),
        ({"goal": (0.1, -0.1)}, r"two numbers \(m, rad\) >= 0, not \(0.1, -0.1\)"),
    ],
)
def test_wrong_arguments_are_rejected_by_name(make, noise, message):
    with pytest.raises(ConfigurationError, match=f"AddObservationNoise: .*{message}"):
        AddObservationNoise(make(), noise)


def test_stacked_observations_are_rejected(make):
    with pytest.raises(ConfigurationError, match="'joint_positions', only to vectors that are not stacked"):
        AddObservationNoise(FrameStackObservation(make(), 2), NOISE)
