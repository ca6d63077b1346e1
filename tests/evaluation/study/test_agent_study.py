"""A study whose agents are trained first, from its file to its report."""

import re

import numpy as np
import pytest

from ctr_env.evaluation.report.writer import write_report
from ctr_env.evaluation.servo.trace import run_episode
from ctr_env.evaluation.study.cells import cells_of
from ctr_env.evaluation.study.environment import servo_study_of
from ctr_env.evaluation.study.file import read_study
from ctr_env.evaluation.study.runner import run_study
from ctr_env.evaluation.study.store import read_trace
from ctr_env.learning.reinforcement import Policy
from ctr_env.runs.engines.local import LocalEngine

STUDY = """study: tiny
seeds: {{count: 3}}
seconds: 0.5
base: {{env: ctr_env/PandaReach-v0}}
agents:
  learned:
    seeds: 2
    steps: 32
    evaluation_episodes: 1
    hyperparameters: {file}
    obs_mode: apparent
systems:
  pbvs: {{action_mode: pbvs}}
  learned: {{agent: learned}}
conditions:
  truth: {{estimator: ground_truth}}
  noisy: {{estimator: noisy, randomization: mild}}
"""
HYPERPARAMETERS = "default: {n_envs: 1, n_steps: 32, batch_size: 32, n_epochs: 1, policy_kwargs: {net_arch: [8]}}"


@pytest.fixture(scope="module")
def done(tmp_path_factory):
    """The study, its folder, its rows, and the trainings that were reported."""
    out, trained = tmp_path_factory.mktemp("agents"), []
    (out / "tiny.yml").write_text(HYPERPARAMETERS)
    study = read_study(STUDY.format(file=out / "tiny.yml"))
    rows = run_study(study, out / "out", LocalEngine(1), on_training=lambda *numbers: trained.append(numbers))
    return study, out / "out", rows.to_pylist(), trained


def test_agents_are_trained_and_every_training_has_its_episodes(done):
    _, _, rows, trained = done
    assert trained == [(0, 2), (1, 2), (2, 2)]
    assert len(rows) == 2 * 3 * (1 + 2) and {row["status"] for row in rows} == {"done"}
    found = {(row["system"], row["scenario"], row["param.training_seed"], row["seed"]) for row in rows}
    assert len(found) == len(rows) and ("learned", "noisy", 1, 2) in found
    assert {row["param.agent"] for row in rows if row["system"] == "pbvs"} == {None}


def test_the_policy_acts_in_the_episodes_of_its_agent(done):
    """Its episodes are those that the policy file gives in the same environment."""
    study, out, _, _ = done
    for cell in (cell for cell in cells_of(study) if cell.system == "learned" and cell.condition == "noisy"):
        seed = cell.policy.seed
        policy = Policy.load(out / "agents" / "learned" / str(seed) / "policy.safetensors")
        env = servo_study_of(cell.parameters, 0.5).make_environment()
        expected = run_episode(env, 2, policy=policy.act)
        env.close()
        found = read_trace(out, cell.digest, 2)
        np.testing.assert_array_equal(found["gripper_base_m"], expected["gripper_base_m"])
        still = read_trace(out, cells_of(study)[1].digest, 2)
        assert np.abs(found["gripper_base_m"] - still["gripper_base_m"]).max() > 1e-3


def test_nothing_is_repeated(done):
    study, out, rows, _ = done
    events, trained = (out / "journal.jsonl").read_text(), []
    again = run_study(study, out, LocalEngine(1), on_training=lambda *numbers: trained.append(numbers))
    assert again.to_pylist() == rows and trained == [(2, 2)]
    assert (out / "journal.jsonl").read_text() == events


def test_the_report_has_curves_differences_and_what_is_observed(done):
    _, out, _, _ = done
    written = write_report(out)
    names = {path.name for path in (*written.tables, *written.figures)}
    assert {"learning-curves.pdf", "agents-success.csv", "agents-differences.csv", "observed-noisy.pdf"} <= names
    assert "agents-observation.csv" in names and "observed-truth.pdf" not in names
    text = written.page.read_text()
    assert re.search(r"<h2[^>]*>Looking", text) and re.search(r"<h2[^>]*>Agents", text)


@pytest.mark.slow
def test_results_do_not_depend_on_the_number_of_workers(done, tmp_path):
    study, _, rows, _ = done
    assert run_study(study, tmp_path, LocalEngine(2)).to_pylist() == rows
