import json
import re
import subprocess
import sys
from dataclasses import replace

import imageio.v3 as iio
import pytest

from ctr_env import evaluation
from ctr_env.cli import main
from ctr_env.evaluation.servo.trace import Trace


def test_servo_runs_and_reports(tmp_path, capsys):
    out, copy = tmp_path / "run", tmp_path / "copy.json"
    arguments = [
        "servo",
        "--robot",
        "baxter",
        "--episodes",
        "2",
        "--seed",
        "3",
        "--out",
        str(out),
        "--json",
        str(copy),
    ]
    assert main(arguments) == 0
    shown = capsys.readouterr().out
    assert "success" in shown
    assert str(out / "servo.png") in shown
    result = json.loads(copy.read_text())
    assert result == json.loads((out / "servo.json").read_text())
    assert result["config"]["robot"] == "baxter"
    assert result["command"].startswith("ctr-env")
    assert result["summary"]["success_rate"] == 1.0


def test_the_demonstration_leaves_a_film(tmp_path, capsys, monkeypatch):
    """Cut short, and in small images: all else is what a user gets."""
    whole = evaluation.run_servo_study

    def short(study, *rest):
        return whole(replace(study, seconds=0.2, env_config={**study.env_config, "width": 160, "height": 120}), *rest)

    monkeypatch.setattr(evaluation, "run_servo_study", short)
    assert main(["demo", "--episodes", "1", "--out", str(tmp_path)]) == 0
    assert "estimator: ctrnet" in capsys.readouterr().out
    assert (tmp_path / "panda" / "seed_000008.mp4").is_file() and (tmp_path / "panda" / "servo.json").is_file()


def test_servo_episodes_are_as_long_as_wanted(tmp_path):
    assert main(["servo", "--episodes", "1", "--seconds", "0.5", "--out", str(tmp_path)]) == 0
    assert json.loads((tmp_path / "servo.json").read_text())["config"]["seconds"] == 0.5
    assert Trace.load(tmp_path / "traces" / "seed_000000.npz")["time_s"][-1] == pytest.approx(0.5)


def test_preview_writes_a_sheet(tmp_path):
    path = tmp_path / "sheet.png"
    assert main(["preview", "--frames", "2", "--width", "64", "--height", "48", "--out", str(path)]) == 0
    assert iio.imread(path).shape == (48, 132, 3)


@pytest.mark.parametrize(
    "arguments, message",
    [
        (["--robot", "ur5"], "valid: panda servo"),
        (["--estimator", "magic"], "valid names: charuco, ctrnet, ground_truth, noisy"),
        (["--randomization", "wild"], "valid names: none, mild, strong"),
        (["--randomization", '{"camera.fow": 1}'], "unknown randomisation field 'camera.fow'"),
        (["--estimator", "noisy", "--estimator-config", '{"latency": 1}'], "valid names: .*latency_s"),
        (["--episodes", "0"], "at least 1"),
    ],
)
def test_mistakes_end_with_one_line_and_no_results(arguments, message, tmp_path, capsys):
    out = tmp_path / "run"
    assert main(["servo", *arguments, "--out", str(out)]) == 1
    error = capsys.readouterr().err
    assert error.count("\n") == 1
    assert re.search(message, error), error
    assert not out.exists()


def test_malformed_json_is_rejected_before_anything_runs(capsys):
    with pytest.raises(SystemExit):
        main(["servo", "--estimator-config", "{latency_s: 1}"])
    assert "not JSON" in capsys.readouterr().err


def test_importing_the_package_is_light():
    code = (
        "import sys, time; start = time.perf_counter(); import ctr_env; seconds = time.perf_counter() - start;"
        "heavy = {'torch', 'OpenGL', 'mujoco', 'cv2', 'matplotlib'} & set(sys.modules);"
        "assert not heavy, heavy"
    )
    subprocess.run([sys.executable, "-P", "-c", code], check=True)


def test_help_lists_the_commands(capsys):
    with pytest.raises(SystemExit):
        main(["--help"])
    shown = capsys.readouterr().out
    assert all(command in shown for command in ("servo", "demo", "preview", "doctor"))
