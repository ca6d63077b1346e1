"""Tiny trainings of agents: those of the command, resumed, and never repeated."""

import pickle
import sys
from dataclasses import replace

import pytest
import torch

from ctr_env.errors import ConfigurationError, RunFolderError, WorkerError
from ctr_env.evaluation.agents import runner
from ctr_env.evaluation.agents.agent import Agent
from ctr_env.evaluation.agents.runner import missing_trainings, train_agents
from ctr_env.learning.reinforcement.policy import Policy
from ctr_env.learning.reinforcement.trainer import PolicyTrainer
from ctr_env.learning.state_file import load_state
from ctr_env.runs.engines.base import Finished
from ctr_env.runs.engines.local import LocalEngine
from ctr_env.runs.versions import versions


@pytest.fixture
def agent(tiny):
    given = {"steps": 64, "evaluate_every": 32, "evaluation_episodes": 1, "hyperparameters": tiny}
    return Agent.from_mapping("mine", {"seeds": (0, 5), "obs_mode": "apparent", **given})


def test_every_seed_is_trained_once_by_the_trainer_of_the_command(agent, tmp_path):
    seen, out = [], tmp_path / "out"
    train_agents([agent], out, LocalEngine(1), lambda *numbers: seen.append(numbers))
    assert seen == [(0, 2), (1, 2), (2, 2)]
    policies = {seed: Policy.load(agent.folder(out, seed).policy) for seed in (0, 5)}
    assert [policy.header.seed for policy in policies.values()] == [0, 5]
    steps = [each["step"] for each in agent.folder(out, 5).evaluations()]
    assert steps == [32, 64] and missing_trainings([agent], out) == []
    first = agent.folder(out, 0).policy.stat().st_mtime_ns
    seen.clear()
    train_agents([agent], out, LocalEngine(1), lambda *numbers: seen.append(numbers))
    assert seen == [(2, 2)] and agent.folder(out, 0).policy.stat().st_mtime_ns == first

    alone = PolicyTrainer(replace(agent.config, seed=5), agent.environment, tmp_path / "alone")
    with torch.random.fork_rng():
        alone.run(lambda policy: {"success_rate": 0.0, "position_error_m": 0.1}, lambda *_: None)
    alone.close()
    ends = [
        load_state(folder.checkpoint)["model"]["parameters"]["policy"]
        for folder in (agent.folder(out, 5), alone.folder)
    ]
    for name, weights in ends[0].items():
        torch.testing.assert_close(ends[1][name], weights, rtol=0, atol=0)


def test_a_folder_with_another_training_is_rejected(agent, tmp_path):
    agent.folder(tmp_path, 0).claim(agent.config, agent.environment, agent.hyperparameters)
    longer = replace(agent, config=replace(agent.config, steps=96))
    with pytest.raises(RunFolderError, match="holds a training of 64 steps, the agent 'mine' has 96"):
        missing_trainings([longer], tmp_path)
    other = replace(agent, environment={"obs_mode": "state"})
    with pytest.raises(RunFolderError, match="holds a train-rl run with environment="):
        train_agents([other], tmp_path, LocalEngine(1))


def test_all_agents_are_tried_before_one_is_trained(agent, tiny, tmp_path, monkeypatch):
    """TQC has no policy with a privileged critic, which only its model knows."""
    file = tmp_path / "tqc.yml"
    file.write_text("default: {n_envs: 1, buffer_size: 100}")
    given = {"seeds": (0,), "algo": "tqc", "obs_mode": "apparent+privileged", "hyperparameters": str(file)}
    monkeypatch.setattr(runner, "train_policy", lambda *_: pytest.fail("trained"))
    with pytest.raises(ConfigurationError, match="tqc has no policy that shows 'privileged'"):
        train_agents([agent, Agent.from_mapping("other", given)], tmp_path / "out", LocalEngine(1))


OWN = """
from ctr_env.estimators.ground_truth import GroundTruthEstimator


def make(kinematics, config=None):
    return GroundTruthEstimator()
"""


def test_processes_that_train_find_modules_beside_the_study(tmp_path, tiny, monkeypatch):
    """Also those of other machines, whose path is not that of this process."""
    (tmp_path / "own_for_training.py").write_text(OWN)
    given = {"steps": 32, "evaluate_every": 32, "evaluation_episodes": 1, "hyperparameters": tiny}
    with monkeypatch.context() as here:
        here.syspath_prepend(tmp_path)
        own = Agent.from_mapping("own", {"seeds": (0,), "estimator": "own_for_training:make", **given})
    monkeypatch.delitem(sys.modules, "own_for_training")
    (training,) = missing_trainings([own], tmp_path / "out", (str(tmp_path),))
    monkeypatch.setattr(sys, "path", list(sys.path))
    assert str(tmp_path) not in sys.path
    runner._train(pickle.loads(pickle.dumps(training)))
    assert missing_trainings([own], tmp_path / "out") == []


@pytest.mark.parametrize("package", ["torch", "stable-baselines3"])
def test_a_process_with_other_versions_does_not_train(agent, tmp_path, monkeypatch, package):
    """As on another machine, whose results would not be comparable."""
    monkeypatch.setattr(runner, "train_policy", lambda *_: pytest.fail("trained"))
    there = versions("torch", "stable-baselines3", "sb3-contrib") | {package: "0.1"}

    class Elsewhere:
        def run(self, function, jobs):
            monkeypatch.setattr("ctr_env.runs.versions._installed", lambda name: there.get(name))
            yield from (Finished(index, function(job)) for index, job in enumerate(jobs))

    with pytest.raises(WorkerError, match=f"has {package} 0.1, the run was begun with"):
        train_agents([agent], tmp_path, Elsewhere(), versions=versions("torch"))


def test_a_lost_training_ends_the_study(agent, tmp_path):
    class Losing:
        def run(self, function, jobs):
            yield from (Finished(index, None, "worker died") for index in range(len(jobs)))

    with pytest.raises(WorkerError, match="the training of 'mine' with seed 0: worker died"):
        train_agents([agent], tmp_path, Losing())
