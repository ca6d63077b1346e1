import json
import re

import pytest

from ctr_env.cli import main

DRAWN = ["--data", "synthetic:test", "--frames", "2", "--width", "64", "--height", "48", "--randomization", "mild"]


def test_evaluate_runs_reports_and_goes_on(tmp_path, capsys):
    out, copy = tmp_path / "run", tmp_path / "copy.json"
    arguments = ["evaluate", *DRAWN, "--estimator", "noisy", "--out", str(out), "--json", str(copy)]
    assert main(arguments) == 0
    shown = capsys.readouterr().out
    assert "ADD AUC" in shown
    for name in ("evaluate.png", "sheet.png", "evaluate.json"):
        assert str(out / name) in shown
        assert (out / name).is_file()
    result = json.loads(copy.read_text())
    assert result == json.loads((out / "evaluate.json").read_text())
    assert result["command"].startswith("ctr-env")
    assert result["config"]["estimator"] == "noisy"
    assert result["frames"] == 2
    assert main(arguments) == 0
    assert json.loads(copy.read_text()) == result


@pytest.mark.parametrize(
    "arguments, message",
    [
        (["--robot", "ur5"], "panda"),
        (["--data", "synthetic:holiday"], "valid names: train, validation, test"),
        (["--data", "nowhere"], "no frames"),
        (["--estimator", "magic"], "valid names: .*ground_truth"),
        (["--estimator", "noisy", "--weights", "net.safetensors"], "unknown NoisyConfig field weights"),
        (["--weights", "a", "--estimator-config", '{"weights": "b"}'], "given twice"),
        (["--frames", "0"], "frames must be at least 1"),
        (["--randomization", "wild"], "valid names: none, mild, strong"),
    ],
)
def test_mistakes_end_with_one_line_and_no_results(arguments, message, tmp_path, capsys):
    out = tmp_path / "run"
    assert main(["evaluate", *arguments, "--out", str(out)]) == 1
    error = capsys.readouterr().err
    assert error.count("\n") == 1
    assert re.search(message, error), error
    assert not out.exists()
