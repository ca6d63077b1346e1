"""Sampled episodes: visible, reachable, the same for the same seed, whatever else is randomised."""

import numpy as np
import pytest

from ctr_env.errors import SamplingError
from ctr_env.geometry import pose_error

GOLDEN = [
    ("PandaServo", {}, 0, (0.300973664, 0.016241188, 0.230675102), (0.067046838, 0.145501211, 1.318823641)),
    ("PandaServo", {}, 1, (0.336833951, -0.215744538, 0.344144409), (-0.168356905, 0.269569721, 1.299989084)),
    (
        "BaxterTrack",
        {"moving": "both", "randomization": "strong"},
        1,
        (0.607112245, -0.078319818, -0.112567206),
        (-0.545513176, 0.282383546, 1.043517355),
    ),
]
"""Origins of ``base_T_goal`` and ``camera_T_base``, metres."""


@pytest.mark.parametrize("name, settings, seed, goal, camera", GOLDEN)
def test_seeds_keep_their_tasks(make, name, settings, seed, goal, camera):
    env = make(name, **settings)
    env.reset(seed=seed)
    now = env.unwrapped.snapshot
    np.testing.assert_allclose(now.base_T_goal.translation, goal, atol=2e-9)
    np.testing.assert_allclose(now.camera_T_base.translation, camera, atol=2e-9)


def test_randomisation_does_not_change_the_task(make):
    """Paired comparisons: the same seed gives the same task whatever else is drawn."""
    goals = []
    for preset in ("none", "strong"):
        env = make(randomization={"preset": preset, "camera.fov": 1.2, "camera.min_arm_in_view": 0.0})
        env.reset(seed=5)
        goals.append(env.unwrapped.snapshot.base_T_goal)
    assert max(pose_error(*goals)) < 1e-9


@pytest.mark.parametrize("robot", ["Panda", "Baxter"])
def test_goals_are_in_view_and_their_distances_vary(make, robot):
    env = make(f"{robot}Servo")
    distances = []
    for seed in range(25):
        _, info = env.reset(seed=seed)
        now = env.unwrapped.snapshot
        assert now.camera.contains(now.camera.project(now.camera_T_goal.translation))
        assert info["arm_in_view"] >= 0.6
        distances.append(info["true_position_error_m"])
    assert np.std(distances) > 0.03
    assert 0.05 < np.median(distances) < 0.6


def test_randomisation_without_a_view_ends_with_an_error_that_names_the_fields(make, monkeypatch):
    monkeypatch.setattr("ctr_env.envs.episode._TASKS", 3)
    env = make(randomization={"camera.look_at": [0.0, 0.0, 50.0]})
    with pytest.raises(SamplingError, match=r"after 3 tasks: .* \(camera\.\*, camera_motion\.\*\)"):
        env.reset(seed=0)


def test_streams_of_an_episode_are_independent_and_repeat(make):
    env = make().unwrapped
    env.reset(seed=0)
    episode = env._episode
    draws = [episode.stream(name, index).random(4).tolist() for name, index in (("a", 0), ("a", 1), ("b", 0))]
    assert len({tuple(values) for values in draws}) == 3
    assert episode.stream("a", 1).random(4).tolist() == draws[1]
