import json
import re
from pathlib import Path

import pytest

from ctr_env.cli import main
from ctr_env.evaluation.servo.trace import Trace

SHORT = ["--episodes", "1", "--seconds", "0.2"]
UR10 = Path(__file__).parents[2] / "examples" / "ur10.yaml"


def config(folder):
    return json.loads((folder / "servo.json").read_text())["config"]


def test_servo_runs_and_reports(tmp_path, capsys):
    out, copy = tmp_path / "run", tmp_path / "copy.json"
    arguments = ["servo", "--robot", "baxter", "--episodes", "2", "--seed", "3", "--out", str(out), "--json", str(copy)]
    assert main(arguments) == 0
    shown = capsys.readouterr().out
    assert "success" in shown
    for file in (out / "servo.png", out / "servo.json", copy):
        assert str(file) in shown and file.is_file()
    result = json.loads(copy.read_text())
    assert result == json.loads((out / "servo.json").read_text())
    assert result["config"]["robot"] == "baxter"
    assert result["command"] == f"ctr-env {' '.join(arguments)}"
    assert result["summary"]["success_rate"] == 1.0
    assert result["uncertainty"] == ""  # the ground truth has no network


def test_seconds_is_the_length_of_an_episode(tmp_path):
    assert main(["servo", "--episodes", "1", "--seconds", "0.5", "--out", str(tmp_path)]) == 0
    assert config(tmp_path)["seconds"] == 0.5
    assert Trace.load(tmp_path / "traces" / "seed_000000.npz")["time_s"][-1] == pytest.approx(0.5)


def test_nested_options_reach_estimator_and_controller(tmp_path):
    nested = ["--estimator", "noisy", "--estimator.dropout", "0.25", "--controller.endpoint", "closed"]
    assert main(["servo", *SHORT, *nested, "--out", str(tmp_path)]) == 0
    assert config(tmp_path)["estimator_config"] == {"dropout": 0.25}
    assert config(tmp_path)["controller_config"] == {"endpoint": "closed"}


def test_the_source_of_a_wrapper_has_options_too(tmp_path):
    nested = ["--estimator", "sliding_window", "--estimator.source", "noisy", "--estimator.source.dropout", "0.5"]
    assert main(["servo", *SHORT, *nested, "--out", str(tmp_path)]) == 0
    assert config(tmp_path)["estimator_config"] == {"source": "noisy", "source_config": {"dropout": 0.5}}


def test_a_randomisation_may_come_from_a_file(tmp_path):
    file = tmp_path / "mine.yaml"
    file.write_text("preset: none\ncamera.fov: 0.8\n")
    assert main(["servo", *SHORT, "--randomization", str(file), "--out", str(tmp_path / "run")]) == 0
    assert config(tmp_path / "run")["randomization"] == {"preset": "none", "camera.fov": 0.8}


@pytest.mark.parametrize(
    "robot, env", [(str(UR10), "ctr_env/Ur10Servo-v0"), ("baxter_right", "ctr_env/BaxterRightServo-v0")]
)
def test_robots_without_a_registered_environment_servo_too(robot, env, tmp_path):
    assert main(["servo", "--robot", robot, *SHORT, "--out", str(tmp_path)]) == 0
    assert config(tmp_path)["env"] == env
    assert config(tmp_path)["robot"] == robot


def test_two_commands_have_two_default_folders_and_the_same_one_resumes(tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    noisy = ["servo", *SHORT, "--estimator", "noisy"]
    for arguments in (["servo", *SHORT], noisy, [*noisy, "--estimator.dropout", "0.1"], noisy):
        assert main(arguments) == 0
    folders = sorted(path.name for path in (tmp_path / "runs" / "servo").iterdir())
    assert [name[:-6] for name in folders] == ["panda-ground_truth-none-servo-", *["panda-noisy-none-servo-"] * 2]
    written = re.findall(r"runs/servo/(\S+)/servo.json", capsys.readouterr().out)
    assert written[1] == written[3] and len(set(written)) == 3
    assert set(written) == set(folders)


@pytest.mark.parametrize(
    "arguments, message",
    [
        (["--robot", "ur6"], "valid names: .*panda"),
        (["--estimator", "magic"], "valid names: charuco, ctrnet, ctrnet_model, ground_truth, noisy"),
        (["--controller", "magic"], "valid names: hybrid, ibvs"),
        (["--estimator", "sliding_window", "--estimator.source", "magic"], "valid names: charuco"),
        (["--randomization", "wild"], "valid names: none, mild, strong"),
        (["--randomization", "nowhere.yaml"], "no such file: nowhere.yaml"),
        (["--estimator", "noisy", "--weights", "net.safetensors"], "noisy has none"),
        (["--estimator", "ctrnet", "--weights", "a", "--estimator.weights", "b"], "given twice"),
        (["--estimator", "noisy", "--estimator.dropout", "2"], r"NoisyConfig.dropout must be a number in \[0, 1\]"),
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


def test_unknown_nested_options_end_with_a_suggestion(capsys):
    with pytest.raises(SystemExit) as end:
        main(["servo", "--estimator", "noisy", "--estimator.latency", "1"])
    assert end.value.code == 2
    assert "--estimator.latency-s" in capsys.readouterr().err
