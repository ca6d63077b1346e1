"""Tiny trainings: they are interrupted, resumed and finished, and nothing is lost."""

import os
import signal

import numpy as np
import psutil
import pytest
import torch
import yaml
from stable_baselines3.common.logger import configure

from ctr_env.errors import ConfigurationError, DataError, RunFolderError
from ctr_env.learning.reinforcement.config import ReinforcementConfig
from ctr_env.learning.reinforcement.model_state import model_state, restore_model
from ctr_env.learning.reinforcement.policy import Policy
from ctr_env.learning.reinforcement.trainer import PolicyTrainer
from ctr_env.learning.state_file import load_state, save_state

PPO = {
    "n_envs": 1,
    "learning_rate": 1e-3,
    "n_steps": 32,
    "batch_size": 32,
    "n_epochs": 1,
    "policy_kwargs": {"net_arch": [8]},
}
SAC = {
    "n_envs": 1,
    "learning_rate": 1e-3,
    "buffer_size": 500,
    "learning_starts": 40,
    "batch_size": 16,
    "policy_kwargs": {"net_arch": [8]},
}
NORMALISE = {"normalize": {"norm_obs": True, "norm_reward": True}}
CASES = [
    ("ppo", "ctr_env/PandaReach-v0", PPO | NORMALISE, {"obs_mode": "estimate+apparent+privileged"}),
    ("sac", "ctr_env/PandaReachGoal-v0", SAC | NORMALISE, {"reward": "sparse"}),
    ("tqc", "ctr_env/PandaReach-v0", SAC, {}),
]


@pytest.fixture
def make(tmp_path):
    """Makes a trainer in one folder."""
    made = []

    def trainer(algorithm, env, hyperparameters, environment, **settings):
        file = tmp_path / "hyperparameters.yml"
        file.write_text(yaml.safe_dump({"default": hyperparameters}))
        config = ReinforcementConfig(env=env, algo=algorithm, hyperparameters=str(file), **settings)
        made.append(PolicyTrainer(config, environment, tmp_path / "out"))
        return made[-1]

    yield trainer
    for each in made:
        each.close()


def evaluations(*success_rates):
    """An evaluation whose results are given."""
    left = list(success_rates)
    return lambda policy: {"success_rate": left.pop(0), "position_error_m": 0.1}


def interrupt_at(step):
    def report(now, progress, successes):
        if now == step:
            os.kill(os.getpid(), signal.SIGINT)

    return report


def silent(step, progress, successes):
    assert 0 < progress <= 1


@pytest.mark.parametrize("algorithm, env, hyperparameters, environment", CASES)
def test_an_interrupted_training_resumes(make, tmp_path, algorithm, env, hyperparameters, environment):
    case = algorithm, env, hyperparameters, environment
    trainer = make(*case, steps=200)
    with pytest.raises(KeyboardInterrupt):
        trainer.run(evaluations(), interrupt_at(170))
    kept = trainer.step
    assert kept in (160, 170, 171, 172)  # an unfinished rollout of PPO is given up
    saved = load_state(tmp_path / "out" / "checkpoint.safetensors")
    assert saved["model"]["counters"]["num_timesteps"] == kept and saved["next_episodes"] == [2]
    resumed = make(*case, steps=230)
    assert resumed.step == kept
    for name, weights in trainer.model.policy.state_dict().items():
        torch.testing.assert_close(resumed.model.policy.state_dict()[name], weights, rtol=0, atol=0)
    policy = resumed.run(evaluations(0.5), silent)
    assert 230 <= resumed.step <= 256
    assert policy.header.steps == resumed.step
    assert policy.header.evaluation == {"validation": {"success_rate": 0.5, "position_error_m": 0.1}}
    assert resumed.seconds > saved["seconds"] > 0
    assert len(list((tmp_path / "out" / "tensorboard").iterdir())) == 2
    with pytest.raises(RunFolderError, match="holds a train-rl run with seed=0, now 1"):
        make(*case, steps=230, seed=1)


def test_the_learning_curve_goes_on_from_the_checkpoint(make, tmp_path):
    """Evaluations that were made after the checkpoint are made again, and count once."""
    case = CASES[0]
    trainer = make(*case, steps=300, evaluate_every=64)
    with pytest.raises(KeyboardInterrupt):
        trainer.run(evaluations(0.1, 0.2), interrupt_at(170))
    assert [each["step"] for each in trainer.folder.evaluations()] == [64, 128]
    later = {"step": 192, "success_rate": 0.9, "position_error_m": 0.1}
    trainer.folder.write_evaluations([*trainer.folder.evaluations(), later])
    make(*case, steps=300, evaluate_every=64).run(evaluations(0.3, 0.4, 0.5), silent)
    found = trainer.folder.evaluations()
    assert [each["step"] for each in found] == [64, 128, 192, 256, 320]
    assert [each["success_rate"] for each in found] == [0.1, 0.2, 0.3, 0.4, 0.5]


@pytest.mark.parametrize("algorithm, env, hyperparameters, environment", CASES)
def test_a_restored_model_goes_on_as_the_other_would(make, tmp_path, algorithm, env, hyperparameters, environment):
    """Optimisers, statistics, replay buffer and random generators are those of the model that was saved."""
    case = algorithm, env, hyperparameters, environment
    one, other = make(*case), make(*case)
    one.model.learn(128)
    file = tmp_path / "state.safetensors"
    save_state(file, model_state(one.model))

    other.model.set_logger(configure(None, []))

    def go_on(trainer):
        restore_model(trainer.model, load_state(file))
        if algorithm == "ppo":
            trainer.model.rollout_buffer = one.model.rollout_buffer
            trainer.model.train()
        else:
            trainer.model.train(gradient_steps=3, batch_size=16)
        return {name: weights.clone() for name, weights in trainer.model.policy.state_dict().items()}

    expected, found = go_on(one), go_on(other)
    for name, weights in expected.items():
        torch.testing.assert_close(found[name], weights, rtol=0, atol=0)
    drawn = one.model.action_space.sample()
    restore_model(other.model, load_state(file))
    np.testing.assert_array_equal(other.model.action_space.sample(), drawn)


def test_the_policy_of_the_best_evaluation_is_kept(make, tmp_path):
    case = "ppo", "ctr_env/PandaReach-v0", PPO, {}
    policy = make(*case, steps=96, evaluate_every=32).run(evaluations(0.2, 0.6, 0.4), silent)
    assert policy.header.steps == 64
    assert policy.header.evaluation["validation"]["success_rate"] == 0.6
    longer = make(*case, steps=128, evaluate_every=32).run(evaluations(0.5), silent)
    assert longer.header.steps == 64
    assert Policy.load(tmp_path / "out" / "policy.safetensors").header.algorithm == "ppo"


@pytest.mark.parametrize("damaged", ["policy", "checkpoint"])
def test_a_damaged_file_is_named_and_leaves_no_environment_open(make, tmp_path, monkeypatch, damaged):
    closed = []
    monkeypatch.setattr(PolicyTrainer, "close", lambda self: closed.append(self._envs.close()))
    (tmp_path / "out").mkdir()
    (tmp_path / "out" / f"{damaged}.safetensors").write_bytes(b"nothing of the kind")
    with pytest.raises(DataError, match=f"{damaged}.safetensors is not a"):
        make("ppo", "ctr_env/PandaReach-v0", PPO, {})
    assert len(closed) == 1


def test_an_interrupt_in_the_last_evaluation_loses_nothing(make):
    case = "ppo", "ctr_env/PandaReach-v0", PPO, {}

    def interrupted(policy):
        os.kill(os.getpid(), signal.SIGINT)
        return {"success_rate": 0.5, "position_error_m": 0.1}

    with pytest.raises(KeyboardInterrupt):
        make(*case, steps=32).run(interrupted, silent)
    assert make(*case, steps=32).run(evaluations(), silent).header.steps == 32


def test_the_difficulty_rises_over_the_first_half(make):
    trainer = make("ppo", "ctr_env/PandaReach-v0", PPO, {}, steps=128, difficulty=0.2)
    task = trainer.model.env.envs[0].unwrapped
    seen = {}

    def report(step, progress, successes):
        seen[step] = task.difficulty

    trainer.run(evaluations(1.0), report)
    assert [seen[step] for step in (1, 33, 65, 97)] == pytest.approx([0.2, 0.6, 1.0, 1.0])


def test_a_curriculum_needs_a_difficulty(make):
    with pytest.raises(ConfigurationError, match="PandaServo-v0 has no difficulty, which Reach, Follow and Push"):
        make("ppo", "ctr_env/PandaServo-v0", PPO, {}, difficulty=0.2)


@pytest.mark.slow
def test_processes_that_draw_survive_an_interrupt_of_the_whole_group(make):
    images = {"obs_mode": "apparent+image", "width": 48, "height": 36}
    case = "sac", "ctr_env/PandaReach-v0", SAC, images
    trainer = make(*case, steps=400, envs=2)

    def interrupt(step, progress, successes):
        if step == 300:
            drawing = psutil.Process().children(recursive=True)
            assert len(drawing) >= 2
            for process in drawing:
                process.send_signal(signal.SIGINT)
            os.kill(os.getpid(), signal.SIGINT)

    with pytest.raises(KeyboardInterrupt):
        trainer.run(evaluations(), interrupt)
    assert trainer.step >= 300
    assert make(*case, steps=400, envs=2).step == trainer.step
