"""``train-rl``: a tiny training from the command line to its files, and mistakes."""

import json
import re

import onnxruntime
import pytest
from gymnasium import make

from ctr_env.cli import main
from ctr_env.learning.reinforcement import Policy

REACH = "ctr_env/PandaReach-v0"
TINY = "default: {n_envs: 1, n_steps: 32, batch_size: 32, n_epochs: 1, policy_kwargs: {net_arch: [8]}}"


@pytest.fixture
def arguments(tmp_path):
    (tmp_path / "tiny.yml").write_text(TINY)
    shared = ["--hyperparameters", str(tmp_path / "tiny.yml"), "--evaluation-episodes", "1", "--episodes", "2"]
    return ["train-rl", "--env", REACH, "--algo", "ppo", *shared, "--out", str(tmp_path / "out")]


def test_a_policy_is_trained_evaluated_and_exported(arguments, tmp_path, capsys):
    out = tmp_path / "out"
    settings = ["--action-mode", "pbvs", "--obs-mode", "estimate+apparent+privileged", "--estimator", "noisy"]
    settings += ["--estimator.white-position-m", "0.004", "--tolerance-m", "0.02", "--difficulty", "0.5"]
    assert main([*arguments, *settings, "--steps", "32"]) == 0
    shown = capsys.readouterr().out
    assert "step 32  success " in shown and "32 steps in 0." in shown
    for name in ("policy.safetensors", "policy.onnx", "evaluation.json"):
        assert (out / name).is_file() and f"{out / name}" in shown
    result = json.loads((out / "evaluation.json").read_text())
    assert result["schema"] == "ctr_env/rl@1"
    assert result["command"].startswith("ctr-env train-rl --env")
    assert result["training"]["steps"] == 32 and "stable-baselines3" in result["versions"]
    assert result["config"]["hyperparameters"]["n_steps"] == 32
    assert result["config"]["environment"]["estimator_config"] == {"white_position_m": 0.004}
    assert len(result["episodes"]) == result["summary"]["episodes"] == 2
    policy = Policy.load(out / "policy.safetensors")
    header = policy.header
    assert header.command == result["command"] and header.seed == 0
    assert header.settings["obs_mode"] == "estimate+apparent" and header.settings["tolerance_m"] == 0.02
    assert header.evaluation["test"]["success_rate"] == result["summary"]["success_rate"]
    env = make(header.env, **header.settings)
    obs, _ = env.reset(seed=0)
    action = policy.act(obs)
    assert env.action_space.contains(action)
    session = onnxruntime.InferenceSession(out / "policy.onnx", providers=["CPUExecutionProvider"])
    (found,) = session.run(["action"], {key: obs[key][None] for key in header.network.observations})
    assert found[0] == pytest.approx(action, abs=1e-5)
    env.close()
    assert main([*arguments, *settings, "--action-mode", "ee_twist"]) == 1
    assert "holds a train-rl run with environment=" in capsys.readouterr().err


@pytest.mark.slow
def test_a_training_goes_on_and_its_best_policy_is_shown(arguments, tmp_path, capsys):
    for steps in ("32", "64"):
        assert main([*arguments, "--steps", steps, "--video", "1"]) == 0
        shown = capsys.readouterr().out
        assert f"{steps} steps in 0." in shown and f"video   {tmp_path / 'out' / 'episode_000000.mp4'}" in shown
    assert (tmp_path / "out" / "episode_000000.mp4").is_file()


@pytest.mark.parametrize(
    "words, message",
    [
        (["--env", "PandaReach"], "unknown env 'PandaReach'; valid names: ctr_env/PandaServo-v0"),
        (["--algo", "ddpg"], "unknown algo 'ddpg'; valid names: ppo, sac, tqc"),
        (["--env", "ctr_env/PandaServo-v0", "--reward", "sparse"], "PandaServo-v0 has no reward, which Reach"),
        (["--env", "ctr_env/PandaServo-v0", "--difficulty", "0.5"], "PandaServo-v0 has no difficulty, which Reach"),
        (["--reward", "quick"], "unknown reward 'quick'; valid names: dense, sparse"),
        (["--obs-mode", "all"], "unknown obs_mode part 'all'; valid names: state, estimate"),
        (["--algo", "tqc", "--obs-mode", "estimate+privileged", "--hyperparameters"], "tqc has no policy that shows"),
        (["--algo", "sac"], "default: unknown key n_steps, n_epochs; valid keys: .*buffer_size"),
        (["--hyperparameters", "none.yml"], "no hyperparameter file none.yml"),
        (["--steps", "0"], "ReinforcementConfig.steps must be a number in"),
        (["--episodes", "0"], "--episodes must be at least 1, not 0"),
        (["--weights", "w.safetensors"], "--weights needs an estimator with a network"),
    ],
)
def test_mistakes_end_with_one_line_and_no_files(arguments, words, message, tmp_path, capsys):
    if words[-1] == "--hyperparameters":
        (tmp_path / "sac.yml").write_text("default: {buffer_size: 10}")
        words = [*words, str(tmp_path / "sac.yml")]
    assert main([*arguments, *words]) == 1
    error = capsys.readouterr().err
    assert error.count("\n") == 1
    assert re.search(message, error), error
    assert not (tmp_path / "out").exists()
