"""Environments that are stepped together give what single ones give, bit for bit."""

from __future__ import annotations

import numpy as np
import pytest

LOSSY = {"source": "noisy", "delay_s": 0.1, "rate_hz": 15.0, "dropout": 0.2}
CASES = [
    ("PandaServo", {"obs_mode": "state+estimate+apparent+privileged", "randomization": "mild"}),
    ("BaxterTrack", {"moving": "both", "estimator": "noisy"}),
    ("PandaReach", {"action_mode": "joint_velocity", "obs_mode": "state"}),
    ("FR3ReachGoal", {"estimator": "perturbed", "estimator_config": LOSSY}),
    ("PandaFollow", {"estimator": "pose_filter", "estimator_config": {"source": "noisy"}}),
    ("PandaGrasp", {}),
]
IMAGES = {"obs_mode": "image+estimate", "randomization": "strong", "width": 32, "height": 24}


def assert_same(found, expected, where=""):
    """Nested values are equal, with their types."""
    if isinstance(expected, dict):
        assert found.keys() == expected.keys(), where
        for name, value in expected.items():
            assert_same(found[name], value, f"{where}/{name}")
        return
    assert type(found) is type(expected), where
    if isinstance(expected, tuple):
        for one, other in zip(found, expected, strict=True):
            assert_same(one, other, where)
        return
    if isinstance(expected, np.ndarray):
        assert found.dtype == expected.dtype, where
        if expected.dtype == object:
            for one, other in zip(found, expected, strict=True):
                assert_same(one, other, where)
            return
    np.testing.assert_array_equal(found, expected, err_msg=where)


def actions_of(envs, steps, seed=0):
    rng = np.random.default_rng(seed)
    return rng.uniform(-1, 1, (steps, *envs.action_space.shape)).astype(np.float32)


def assert_like_synchronous(make_vec, name, steps=8, autoreset_mode="NextStep", **settings):
    """Observations, rewards, ends and info are those of Gymnasium's ``SyncVectorEnv``; episodes end at step 5."""
    settings = {"max_episode_steps": 5, **settings}
    ours = make_vec(name, autoreset_mode=autoreset_mode, **settings)
    theirs = make_vec(name, mode="sync", vector_kwargs={"autoreset_mode": autoreset_mode}, **settings)
    assert ours.observation_space == theirs.observation_space and ours.action_space == theirs.action_space
    assert ours.metadata == theirs.metadata
    assert_same(ours.reset(seed=[3, 8]), theirs.reset(seed=[3, 8]))
    for step, action in enumerate(actions_of(ours, steps)):
        found, expected = ours.step(action), theirs.step(action)
        for part, (one, other) in enumerate(zip(found, expected, strict=True)):
            assert_same(one, other, f"step {step} part {part}")
        ended = found[2] | found[3]
        if autoreset_mode == "Disabled" and ended.any():
            assert_same(
                ours.reset(seed=[5, 6], options={"reset_mask": ended}),
                theirs.reset(seed=[5, 6], options={"reset_mask": ended}),
            )


@pytest.mark.parametrize("name, settings", CASES, ids=[name for name, _ in CASES])
def test_every_kind_repeats_single_environments_across_episodes(make_vec, name, settings):
    assert_like_synchronous(make_vec, name, **settings)


@pytest.mark.parametrize("mode", ["SameStep", "Disabled"])
def test_all_autoreset_modes_are_those_of_gymnasium(make_vec, mode):
    assert_like_synchronous(make_vec, "PandaReach", autoreset_mode=mode, estimator="noisy", randomization="mild")


@pytest.mark.parametrize(
    "name, settings", [("PandaServo", {}), ("PandaGrasp", {}), ("PandaTrack", {"moving": "camera"})]
)
def test_images_are_those_of_single_environments(make_vec, name, settings):
    assert_like_synchronous(make_vec, name, steps=6, **IMAGES, **settings)
