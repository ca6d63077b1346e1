"""Goals of pushing: block and its place, as a robot believes them or true."""

import numpy as np


def test_goals_are_beliefs_or_truth(make):
    for obs_mode in ("estimate", "state"):
        env = make("PandaPushGoal", obs_mode=obs_mode, estimator="noisy", estimator_config={"white_position_m": 0.03})
        obs, info = env.reset(seed=2)
        now, block = env.unwrapped.snapshot, env.unwrapped.scene.base_T_block
        estimated = now.estimate.camera_T_base if obs_mode == "estimate" else now.camera_T_base
        camera_T_block = now.camera_T_base_matrix @ block
        np.testing.assert_allclose(obs["achieved_goal"], estimated.inv().apply(camera_T_block[:3, 3]))
        np.testing.assert_allclose(obs["desired_goal"], estimated.inv().apply(now.camera_T_goal.translation))
        assert (np.linalg.norm(obs["achieved_goal"] - block[:3, 3]) > 1e-3) == (obs_mode == "estimate")
        # a rigid transform of both leaves their distance
        np.testing.assert_allclose(np.linalg.norm(obs["achieved_goal"] - obs["desired_goal"]), info["block_error_m"])
        assert obs["observation"].shape == ((14 + 8 + 6,) if obs_mode == "estimate" else (14 + 6,))


def test_without_any_estimate_no_goal_counts_as_reached(make):
    settings = {"estimator": "perturbed", "estimator_config": {"source": "ground_truth", "dropout": 1.0}}
    env = make("PandaPushGoal", reward="sparse", **settings)
    obs, _ = env.reset(seed=3)
    k = env.unwrapped.kinematics
    np.testing.assert_allclose(obs["desired_goal"], k.base_T_ee(k.home).translation)
    assert env.step(np.zeros(6, np.float32))[1] == -1.0
