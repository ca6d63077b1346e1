"""Environments that are stepped together give what single ones give, bit for bit."""

from __future__ import annotations

import gymnasium as gym
import numpy as np
import psutil
import pytest
from gymnasium.envs.registration import load_env_creator

from ctr_env._registration import ENVIRONMENTS
from ctr_env.errors import ConfigurationError, DataError
from ctr_env.estimators.ground_truth import GroundTruthEstimator

LOSSY = {"source": "noisy", "delay_s": 0.1, "rate_hz": 15.0, "dropout": 0.2}
CASES = [
    ("PandaServo", {"obs_mode": "state+estimate+apparent+privileged", "randomization": "mild"}),
    ("BaxterTrack", {"moving": "both", "estimator": "noisy"}),
    ("PandaReach", {"action_mode": "joint_velocity", "obs_mode": "state"}),
    ("FR3ReachGoal", {"estimator": "perturbed", "estimator_config": LOSSY}),
    ("PandaFollow", {"estimator": "pose_filter", "estimator_config": {"source": "noisy"}}),
    ("PandaGrasp", {}),
    ("PandaPush", {"obs_mode": "state+apparent+privileged", "estimator": "noisy"}),
    ("FR3PushGoal", {"estimator": "perturbed", "estimator_config": LOSSY}),
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


@pytest.mark.slow
def test_ctrnet_estimates_all_images_together(make_vec):
    """To a tolerance: the network's sums may have another order in a batch."""
    envs = make_vec("PandaServo", 3, estimator="ctrnet", width=320, height=240)
    obs, _ = envs.reset(seed=4)
    for i in range(3):
        single = gym.make("ctr_env/PandaServo-v0", estimator="ctrnet", width=320, height=240)
        expected, _ = single.reset(seed=4 + i)
        single.close()
        assert obs["estimate_valid"][i] == expected["estimate_valid"] == 1.0
        np.testing.assert_allclose(obs["estimate_pose"][i], expected["estimate_pose"], atol=1e-3)
        np.testing.assert_array_equal(obs["goal"][i], expected["goal"])
    detectors = {id(estimator.detector) for estimator in envs.get_attr("estimator")}
    assert len(detectors) == 1  # whose weights are loaded once
    found = [envs.step(np.zeros((3, 6), np.float32))[4] for _ in range(2)]
    assert found[-1]["estimate_valid"].all()


def test_every_id_has_a_vector_environment_of_its_class():
    for name in ENVIRONMENTS:
        spec = gym.spec(name)
        vector, single = load_env_creator(spec.vector_entry_point), load_env_creator(spec.entry_point)
        assert vector.env_type is single


def test_seeds_of_the_environments_follow_each_other_and_repeat(make_vec):
    envs = make_vec("PandaReach", 2, max_episode_steps=2)
    first, _ = envs.reset(seed=6)
    shifted, _ = envs.reset(seed=[7, 8])
    np.testing.assert_array_equal(first["goal"][1], shifted["goal"][0])
    runs = []
    for _ in range(2):
        runs.append([envs.reset(seed=6)[1]["seed"]])
        runs[-1] += [envs.step(np.zeros((2, 6), np.float32))[4]["seed"] for _ in range(3)]
    np.testing.assert_array_equal(runs[0], runs[1])
    assert len({seed for row in runs[0] for seed in row}) == 4  # two episodes of two environments
    again, _ = envs.reset()
    assert not np.array_equal(again["goal"], first["goal"])


def test_attributes_and_methods_reach_every_environment(make_vec):
    envs = make_vec("PandaReachGoal", 2)
    envs.set_attr("difficulty", 0.25)
    assert envs.get_attr("difficulty") == (0.25, 0.25)
    envs.set_attr("difficulty", [0.5, 1.0])
    assert envs.call("difficulty") == (0.5, 1.0)
    assert envs.call("compute_reward", np.zeros(3), np.zeros(3), {}) == (0.0, 0.0)
    for values, message in (
        (0.0, r"difficulty must lie in \(0, 1\]"),
        ([1.0], "needs 2 values, one per environment, not 1"),
    ):
        with pytest.raises(ConfigurationError, match=message):
            envs.set_attr("difficulty", values)
    with pytest.raises(ConfigurationError, match="ReachGoalEnv has no attribute 'dificulty'"):
        envs.set_attr("dificulty", 0.5)


@pytest.mark.parametrize("mode, shape", [("rgb_array", (24, 32, 3)), ("depth_array", (24, 32))])
def test_rendering_gives_the_images_of_single_environments(make_vec, mode, shape):
    envs = make_vec("PandaServo", 2, render_mode=mode, width=32, height=24)
    assert envs.render() is None
    envs.reset(seed=1)
    images = envs.render()
    single = gym.make("ctr_env/PandaServo-v0", render_mode=mode, width=32, height=24)
    single.reset(seed=2)
    assert images[0].shape == shape
    np.testing.assert_array_equal(images[1], single.render())
    single.close()


def test_mistakes_are_named(make_vec):
    for settings, message in (
        ({"count": 0}, "num_envs must be an integer >= 1, not 0"),
        ({"cores": 0}, "cores must be an integer >= 1, not 0"),
        ({"max_episode_steps": 0}, "max_episode_steps must be an integer >= 1, not 0"),
        ({"max_episode_steps": 2.5}, "max_episode_steps must be an integer >= 1, not 2.5"),
        ({"render_mode": "human"}, "render_mode.*rgb_array, depth_array"),
        ({"autoreset_mode": "Sometimes"}, "autoreset_mode.*NEXT_STEP, NextStep"),
        ({"estimator": GroundTruthEstimator()}, "2 environments cannot share one estimator object"),
    ):
        with pytest.raises(ConfigurationError, match=message):
            make_vec("PandaReach", **settings)
    envs = make_vec("PandaReach", 2, max_episode_steps=1, autoreset_mode="Disabled")
    with pytest.raises(gym.error.ResetNeeded, match=r"call reset\(\) before step"):
        envs.step(np.zeros((2, 6)))
    with pytest.raises(gym.error.ResetNeeded, match=r"call reset\(\) without reset_mask"):
        envs.reset(options={"reset_mask": np.array([True, False])})
    envs.reset(seed=0)
    for actions in (np.zeros(6), np.full((2, 6), np.nan), [["up"] * 6] * 2):
        with pytest.raises(DataError, match=r"actions are \(2, 6\) finite numbers"):
            envs.step(actions)
    envs.step(np.zeros((2, 6)))
    with pytest.raises(gym.error.ResetNeeded, match=r"the episodes of environments \[0, 1\] have ended"):
        envs.step(np.zeros((2, 6)))
    envs.reset(options={"reset_mask": np.array([True, False])})
    with pytest.raises(gym.error.ResetNeeded, match=r"environments \[1\] have ended"):
        envs.step(np.zeros((2, 6)))


def test_closed_environments_say_so_and_start_nothing(make_vec):
    """Gymnasium closes them once: what started afterwards would stay."""
    envs = make_vec("PandaServo", 2, render_mode="rgb_array", **IMAGES)
    envs.reset(seed=0)
    envs.close()
    before = psutil.Process().children(recursive=True)
    for use in (envs.reset, envs.render, lambda: envs.step(np.zeros((2, 6)))):
        with pytest.raises(gym.error.ClosedEnvironmentError, match="the environments are closed: make them anew"):
            use()
    assert psutil.Process().children(recursive=True) == before


def test_one_environment_may_have_an_estimator_object(make_vec):
    envs = make_vec("PandaReach", 1, estimator=GroundTruthEstimator())
    obs, _ = envs.reset(seed=0)
    assert obs["estimate_valid"].all()


def test_options_reach_every_environment_and_are_left_alone(make_vec):
    envs = make_vec("PandaReach", 2)
    _, info = envs.reset(seed=0)
    options = {"seed": int(info["seed"][1]), "reset_mask": np.array([True, False])}
    _, again = envs.reset(options=options)
    assert again["seed"].tolist() == [int(info["seed"][1]), 0] and again["_seed"].tolist() == [True, False]
    assert set(options) == {"seed", "reset_mask"}
