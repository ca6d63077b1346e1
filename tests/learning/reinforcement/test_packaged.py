"""The policies of the package act as their headers and the model card say."""

import json
import re
from contextlib import closing

import gymnasium as gym
import numpy as np
import onnxruntime
import pytest

from ctr_env.errors import ConfigurationError
from ctr_env.evaluation.servo.policy_episodes import policy_episodes
from ctr_env.evaluation.study.policies import is_interface
from ctr_env.learning.reinforcement import Policy, packaged_policies, packaged_policy
from ctr_env.runs.seeds import episode_seed

NAMES = packaged_policies()
REACH = [env_id for env_id in gym.registry if re.fullmatch(r"ctr_env/\w+Reach-v0", env_id)]


def environment(policy, **settings):
    interface = {key: value for key, value in policy.header.settings.items() if is_interface(key)}
    return gym.make(policy.header.env, **{**interface, **settings})


@pytest.mark.parametrize("env_id", REACH)
def test_every_reach_task_has_a_policy(env_id):
    assert env_id in {Policy.load(packaged_policy(name)).header.env for name in NAMES}


@pytest.mark.parametrize("name", NAMES)
def test_it_acts_in_the_environment_of_its_training(name):
    policy = Policy.load(packaged_policy(name))
    with closing(gym.make(policy.header.env, **policy.header.settings)) as env:
        obs, _ = env.reset(seed=0)
        for _ in range(5):
            action = policy.act(obs)
            assert env.action_space.contains(action)
            obs, *_ = env.step(action)


@pytest.mark.parametrize("name", NAMES)
def test_the_header_tells_how_it_was_trained_and_how_well_it_acts(name):
    header = Policy.load(packaged_policy(name)).header
    assert header.env.lower().startswith(f"ctr_env/{name.replace('_', '')}-")
    assert header.command.startswith(f"ctr-env train-rl --env {header.env} ") and header.steps > 0
    assert header.evaluation["test"]["success_rate"] >= 0.9
    assert header.evaluation["test"]["episodes"] >= 100


@pytest.mark.parametrize("name", NAMES)
def test_onnx_acts_as_safetensors(name):
    policy = Policy.load(packaged_policy(name))
    session = onnxruntime.InferenceSession(
        packaged_policy(name).with_suffix(".onnx"), providers=["CPUExecutionProvider"]
    )
    header = json.loads(session.get_modelmeta().custom_metadata_map["header"])
    assert header["command"] == policy.header.command
    env = environment(policy)
    obs, _ = env.reset(seed=0)
    for _ in range(5):
        action = policy.act(obs)
        inputs = {key: obs[key][None] for key in policy.header.network.observations}
        np.testing.assert_allclose(session.run(["action"], inputs)[0][0], action, rtol=0, atol=1e-5)
        obs, *_ = env.step(action)
    env.close()


@pytest.mark.parametrize("name", NAMES)
def test_files_hold_no_stack_traces(name):
    for suffix in (".onnx", ".safetensors"):
        assert b".py" not in packaged_policy(name).with_suffix(suffix).read_bytes()


@pytest.mark.parametrize("name", NAMES)
def test_held_out_episodes_succeed(name):
    policy = Policy.load(packaged_policy(name))
    env = environment(policy, estimator="ground_truth")
    seeds = [episode_seed("test", policy.header.seed, number) for number in range(20)]
    assert sum(episode["success"] for episode in policy_episodes(env, policy.act, seeds)) >= 18
    env.close()


def test_unknown_names_are_answered_with_the_known_ones():
    assert "panda_reach" in NAMES
    with pytest.raises(
        ConfigurationError, match=r"no policy 'panda_grasp' \(it has: .*panda_reach.*\); train one with"
    ):
        packaged_policy("panda_grasp")
