"""The environments of the GPU path against the ordinary ones, world by world. Warp compiles its kernels first: slow."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from ctr_env.envs import ReachEnv, ServoEnv
from ctr_env.envs.warp import WarpReachEnv, WarpServoEnv

pytestmark = pytest.mark.slow

SEED, WORLDS, STEPS = 11, 2, 8
PARTS = "state+estimate+apparent+privileged"


def _actions(width: int) -> np.ndarray:
    return np.random.default_rng(0).uniform(-1.0, 1.0, (STEPS, WORLDS, width)).astype(np.float32)


def _ordinary(kind: type[ServoEnv], seed: int, actions: np.ndarray, **settings) -> list:
    """Observation, reward and info of every instant of one environment; the reset has no reward."""
    env = kind(**settings)
    found = [(*env.reset(seed=seed), 0.0)]
    for action in actions:
        obs, reward, _, _, info = env.step(action)
        found.append((obs, info, reward))
    env.close()
    return found


@pytest.mark.parametrize("action_mode", ["ee_twist", "joint_velocity"])
@pytest.mark.parametrize(("kind", "single"), [(WarpReachEnv, ReachEnv), (WarpServoEnv, ServoEnv)])
def test_observations_rewards_and_errors_are_those_of_ordinary_environments(kind, single, action_mode):
    """To 1e-5 in every number of the observation: float32 physics, and the tolerance of the inverse kinematics."""
    settings = {"action_mode": action_mode, "obs_mode": PARTS, "randomization": {"sensors.joint_bias": 0.003}}
    env = kind(WORLDS, device="cpu", **settings)
    actions = _actions(env.single_action_space.shape[0])
    found = [(*env.reset(seed=SEED), torch.zeros(WORLDS))]
    for action in actions:
        obs, rewards, terminated, truncated, info = env.step(torch.from_numpy(action))
        assert not (terminated.any() or truncated.any())
        found.append((obs, info, rewards))
    for i in range(WORLDS):
        expected = _ordinary(single, SEED + i, actions[:, i], **settings)
        for (obs, info, rewards), (one, one_info, reward) in zip(found, expected, strict=True):
            assert obs.keys() == one.keys()
            for key, value in one.items():
                assert obs[key][i].numpy().dtype == value.dtype
                assert obs[key][i].numpy() == pytest.approx(value, abs=1e-5), key
            assert rewards[i].item() == pytest.approx(reward, abs=1e-5)
            for key in info.keys() & one_info.keys() - {"time_s"}:
                assert info[key][i].numpy() == pytest.approx(one_info[key], abs=1e-5), key
            assert info["time_s"] == one_info["time_s"]


def test_late_estimates_are_those_of_ordinary_environments():
    """Without noise, so that estimates are the same; the first ones are valid after 0.1 s."""
    exact = {"white_position_m": 0.0, "white_rotation_rad": 0.0, "latency_s": 0.1}
    settings = {"estimator": "noisy", "estimator_config": exact, "action_mode": "joint_velocity", "obs_mode": PARTS}
    env, actions = WarpReachEnv(WORLDS, device="cpu", **settings), _actions(7)
    found = [env.reset(seed=SEED)] + [env.step(torch.from_numpy(action))[::4] for action in actions]
    for i in range(WORLDS):
        expected = _ordinary(ReachEnv, SEED + i, actions[:, i], **settings)
        for (obs, info), (one, one_info, _) in zip(found, expected, strict=True):
            for key, value in one.items():
                assert obs[key][i].numpy() == pytest.approx(value, abs=1e-5), key
            for key in ("apparent_position_error_m", "estimate_position_error_m", "estimate_known"):
                assert info[key][i].numpy() == pytest.approx(one_info[key], abs=1e-5), key
    assert expected[0][1]["estimate_known"] is False and expected[-1][1]["estimate_known"] is True


def test_images_are_those_of_ordinary_environments():
    settings = {"obs_mode": "image", "width": 160, "height": 120, "action_mode": "joint_velocity"}
    env = WarpServoEnv(WORLDS, device="cpu", **settings)
    obs, _ = env.reset(seed=SEED)
    masks = env.robot_mask()
    for i in range(WORLDS):
        single = ServoEnv(**settings)
        one, _ = single.reset(seed=SEED + i)
        assert obs["image"].shape[1:] == one["image"].shape
        assert obs["image"].dtype == torch.uint8
        assert obs["intrinsics"][i].numpy() == pytest.approx(one["intrinsics"])
        expected, mask = single.robot_mask(), masks[i].numpy()
        assert (mask & expected).sum() / (mask | expected).sum() > 0.97
        difference = np.abs(obs["image"][i].numpy().astype(int) - one["image"])[expected]
        assert difference.mean() < 8.0
        single.close()


def test_keypoints_project_to_the_pixels_of_ordinary_environments():
    env = WarpServoEnv(WORLDS, device="cpu", obs_mode="state", action_mode="joint_velocity")
    _, info = env.reset(seed=SEED)
    action = torch.full((WORLDS, 7), 0.2)
    for _ in range(3):
        obs, _, _, _, info = env.step(action)
    for i in range(WORLDS):
        single = ServoEnv(obs_mode="state", action_mode="joint_velocity")
        single.reset(seed=SEED + i)
        for _ in range(3):
            _, _, _, _, one = single.step(action[i].numpy())
        pixels = [
            single.scene.camera.project(points @ pose[:3, :3].T + pose[:3, 3])
            for points, pose in (
                (single.kinematics.keypoints(obs["joint_positions"][i].numpy()), info["camera_T_base"][i].numpy()),
                (single.kinematics.keypoints(single.scene.joint_positions), one["camera_T_base"]),
            )
        ]
        assert pixels[0] == pytest.approx(pixels[1], abs=0.01)
        single.close()


def test_the_learned_estimator_sees_the_images_of_the_device():
    settings = {"estimator": "ctrnet", "estimator_config": {"precision": "float32"}, "obs_mode": "estimate"}
    env = WarpReachEnv(WORLDS, device="cpu", action_mode="joint_velocity", width=320, height=240, **settings)
    obs, info = env.reset(seed=SEED)
    for _ in range(2):
        obs, _, _, _, info = env.step(torch.zeros(WORLDS, 7))
    assert info["estimate_valid"].all()
    assert (info["estimate_position_error_m"] < 0.06).all()
    assert (info["estimate_position_error_m"] > 0.0).all()
    assert (obs["estimate_std"] > 0.0).all()
