import json

import pytest

from ctr_env.cli.main import main
from ctr_env.estimators import NoisyEstimator
from ctr_env.estimators.error_model.model import load_error_model
from ctr_env.evaluation.error_model import study as study_module


@pytest.fixture
def noisy_ctrnet(monkeypatch):
    """Recorded is the noisy estimator in place of ctrnet, in short episodes."""
    estimator = NoisyEstimator({"dropout": 0.2, "bias_position_m": 0.004})
    monkeypatch.setattr(study_module, "_estimator", lambda study: estimator)
    monkeypatch.setattr(study_module, "_SECONDS", {"servo": 0.7, "track": 0.7})
    study_module._environment.cache_clear()
    yield
    study_module._environment.cache_clear()


def test_a_model_is_recorded_fitted_and_compared(noisy_ctrnet, tmp_path, capsys):
    out = tmp_path / "run"
    words = ["fit-error-model", "--randomization", "mild", "--episodes", "12", "--workers", "1"]
    assert main([*words, "--out", str(out), "--json", str(tmp_path / "copy.json")]) == 0
    shown = capsys.readouterr().out
    assert "held out: 2 episodes" in shown and "valid, mild" in shown
    result = json.loads((out / "error_model.json").read_text())
    assert result["schema"] == "ctr_env/error_model_evidence@1"
    assert set(result["marginal"]) >= {"position_m", "rotation_rad", "nees"}
    header = load_error_model(out / "error_model.safetensors").header
    assert header.robot == "panda" and header.presets == ("mild",)
    assert header.recipe["episodes"] == {"train": 8, "validation": 2, "test": 2}
    assert len(header.recipe["weights_sha256"]) == 64
    assert header.metrics["valid_share"] == result["valid_share"]
    assert (out / "quantiles.png").is_file() and (tmp_path / "copy.json").is_file()


def test_too_few_episodes_are_said_after_they_are_kept(noisy_ctrnet, tmp_path, capsys):
    words = ["fit-error-model", "--randomization", "mild", "--episodes", "6", "--workers", "1", "--out", str(tmp_path)]
    assert main(words) == 1
    assert "recorded episodes of the split validation have valid estimates; a fit needs 1" in capsys.readouterr().err
    assert len(list((tmp_path / "episodes").glob("*.npz"))) == 6


def test_robots_that_use_another_ones_model_are_named(capsys):
    assert main(["fit-error-model", "--robot", "baxter_right", "--episodes", "1"]) == 1
    assert "baxter_right uses the error model of baxter; fit that one: --robot baxter" in capsys.readouterr().err


def test_missing_weights_are_named(capsys):
    assert main(["fit-error-model", "--weights", "none.safetensors", "--episodes", "1"]) == 1
    assert "no such weights file: none.safetensors" in capsys.readouterr().err
