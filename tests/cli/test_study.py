import json
import re

import pytest

from ctr_env.cli import main
from ctr_env.evaluation.study.store import read_rows

STUDY = """study: tiny
seeds: {count: 2}
seconds: 0.2
systems:
  truth: {estimator: ground_truth}
  noisy: {estimator: noisy}
"""
AGENTS = """study: agents
seeds: {count: 4}
seconds: 0.2
base: {env: ctr_env/PandaReach-v0}
agents:
  learned: {seeds: 2, steps: 1000}
systems:
  pbvs: {action_mode: pbvs}
  learned: {agent: learned}
"""


@pytest.fixture
def file(tmp_path):
    path = tmp_path / "tiny.yaml"
    path.write_text(STUDY)
    return path


def test_a_study_runs_and_reports_and_resumes(file, tmp_path, capsys):
    out = tmp_path / "out"
    assert main(["study", str(file), "--workers", "1", "--out", str(out)]) == 0
    shown = capsys.readouterr().out
    assert str(out / "study.parquet") in shown
    assert re.search(r"noisy\W+2\W+\d+ %", shown)
    assert read_rows(out)["system"].to_pylist() == ["truth", "truth", "noisy", "noisy"]
    began = (out / "journal.jsonl").read_text().count("begin")
    assert main(["study", str(file), "--workers", "1", "--out", str(out)]) == 0
    assert (out / "journal.jsonl").read_text().count("begin") == began == 4


def test_the_default_folder_is_named_by_the_study_and_its_content(file, tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    for text in (STUDY, STUDY, STUDY.replace("0.2", "0.3")):
        file.write_text(text)
        assert main(["study", str(file), "--workers", "1"]) == 0
    folders = re.findall(r"runs/study/(tiny-\w+)/study.parquet", capsys.readouterr().out)
    assert folders[0] == folders[1] != folders[2]


def test_a_dry_run_counts_and_estimates_and_writes_nothing(file, tmp_path, capsys):
    out = tmp_path / "out"
    assert main(["study", str(file), "--dry-run", "--workers", "2", "--out", str(out)]) == 0
    assert "2 cells, 4 episodes, of these 4 to run: about 0:00:0" in capsys.readouterr().out
    assert not out.exists()
    assert main(["study", str(file), "--workers", "1", "--out", str(out)]) == 0
    timing = out / "timing.json"
    content = json.loads(timing.read_text())
    for cell in content["cells"].values():
        cell["median_s"] = 7000.0
    timing.write_text(json.dumps(content))
    file.write_text(STUDY.replace("count: 2", "count: 3"))
    capsys.readouterr()
    assert main(["study", str(file), "--dry-run", "--workers", "2", "--out", str(out)]) == 0
    assert "2 cells, 6 episodes, of these 2 to run: about 1:56:40 with 2 workers" in capsys.readouterr().out


def test_a_share_of_a_study_and_its_trainings_are_counted(tmp_path, capsys):
    out = tmp_path / "out"
    file = tmp_path / "agents.yaml"
    file.write_text(AGENTS)
    capsys.readouterr()
    assert main(["study", str(file), "--scale", "0.5", "--dry-run", "--workers", "1", "--out", str(out)]) == 0
    shown = capsys.readouterr().out
    assert "3 cells, 6 episodes, of these 6 to run" in shown
    assert "2 trainings before, of these 2 to run: 1000 steps" in shown
    assert not out.exists()
    assert main(["study", str(file), "--scale", "0", "--out", str(out)]) == 1
    assert "the scale of a study must lie in (0, 1], not 0.0" in capsys.readouterr().err


@pytest.mark.parametrize(
    "old, new, words, message",
    [
        ("noisy}", "noisi}", [], r"tiny.yaml, line 6: unknown estimator 'noisi'; valid names: .*noisy"),
        ("seconds", "second", [], r"tiny.yaml, line 3: unknown key 'second' \(did you mean seconds\?\)"),
        ("", "", ["--workers", "0"], "workers must be at least 1"),
        ("", "", ["--address", "auto"], "address='auto' is for the engine ray, not local"),
        ("", "", ["--engine", "slurm", "--slurm", "fast"], "--slurm takes KEY=VALUE, not 'fast'"),
    ],
)
def test_mistakes_end_with_one_line_and_no_results(old, new, words, message, file, tmp_path, capsys):
    file.write_text(STUDY.replace(old, new, 1))
    assert main(["study", str(file), *words, "--out", str(tmp_path / "out")]) == 1
    error = capsys.readouterr().err
    assert error.count("\n") == 1 and re.search(message, error), error
    assert not (tmp_path / "out").exists()


def test_an_unknown_study_is_named(capsys):
    assert main(["study", "nowhere"]) == 1
    assert "no study file 'nowhere'; names of packaged studies:" in capsys.readouterr().err
