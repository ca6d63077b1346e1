"""Goals of reaching are what a robot believes, or the truth."""

import numpy as np


def test_goals_are_beliefs_or_truth(make):
    for obs_mode in ("estimate", "state"):
        env = make("PandaReachGoal", obs_mode=obs_mode, estimator="noisy", estimator_config={"white_position_m": 0.03})
        obs, _ = env.reset(seed=2)
        now = env.unwrapped.snapshot
        error = np.linalg.norm(obs["desired_goal"] - now.base_T_goal.translation)
        assert (error > 1e-3) == (obs_mode == "estimate")
        believed = (now.estimate.camera_T_base.inv() * now.camera_T_goal).translation
        np.testing.assert_allclose(
            obs["desired_goal"], believed if obs_mode == "estimate" else now.base_T_goal.translation
        )
        assert obs["observation"].shape == ((14 + 8,) if obs_mode == "estimate" else (14,))


def test_without_any_estimate_the_goal_is_home(make):
    settings = {"estimator": "perturbed", "estimator_config": {"source": "ground_truth", "dropout": 1.0}}
    env = make("PandaReachGoal", **settings)
    obs, _ = env.reset(seed=3)
    k = env.unwrapped.kinematics
    np.testing.assert_allclose(obs["desired_goal"], k.base_T_ee(k.home).translation)
