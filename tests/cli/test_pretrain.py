import re

import numpy as np
import pytest

from ctr_env.cli import main
from ctr_env.datasets.dream_writer import write_frame
from ctr_env.datasets.synthetic.sampler import FrameSampler
from ctr_env.estimators.ctrnet import compact
from ctr_env.estimators.ctrnet.weights import load_network

TINY = ["--batch", "2", "--width", "64", "--height", "48", "--precision", "32-true"]


@pytest.fixture
def data(tmp_path):
    """A folder of drawn frames."""
    sampler = FrameSampler("panda", 64, 48, "none")
    for index in range(2):
        write_frame(tmp_path / "data", sampler.robot, sampler.sample(index, f"{index:06d}"), {})
    sampler.close()
    return tmp_path / "data"


def test_a_network_is_trained_and_training_goes_on(data, tmp_path, capsys, monkeypatch):
    monkeypatch.setattr(compact, "_WIDTHS", (8, 12, 16, 16))  # a thin one
    out = tmp_path / "out"
    arguments = ["pretrain", "--data", str(data), "--out", str(out), "--workers", "0", *TINY]
    assert main([*arguments, "--steps", "2", "--validation-frames", "1"]) == 0
    shown = capsys.readouterr().out
    assert "2 steps in 0." in shown
    assert "validation, 1 frames" in shown
    assert str(out / "weights.safetensors") in shown
    network, header = load_network(out / "weights.safetensors")
    assert header.recipe["steps_done"] == 2
    assert header.metrics["validation"]["frames"] == 1
    assert len(header.keypoints) > 7
    assert np.isfinite(network.judge.detach().numpy()).all()
    assert list((out / "tensorboard").iterdir())
    assert main([*arguments, "--steps", "3", "--validation-frames", "0"]) == 0
    shown = capsys.readouterr().out
    assert "3 steps" in shown
    assert "validation" not in shown
    assert main([*arguments, "--steps", "3", "--seed", "1"]) == 1
    assert "holds a pretrain run with seed=0, now 1" in capsys.readouterr().err


@pytest.mark.slow
def test_fresh_frames_need_no_folder(tmp_path, capsys):
    """A worker draws, and so did this process before."""
    arguments = [
        "pretrain",
        "--out",
        str(tmp_path),
        "--workers",
        "1",
        "--steps",
        "1",
        "--validation-frames",
        "0",
        *TINY,
    ]
    assert main(arguments) == 0
    assert "1 steps" in capsys.readouterr().out


@pytest.mark.parametrize(
    "arguments, message",
    [
        (["--robot", "ur6"], "valid.*: .*panda"),
        (["--width", "100"], "width must be a multiple of 16, not 100"),
        (["--batch", "0"], "TrainingConfig.batch must be a number in"),
        (["--seed", "-1"], "TrainingConfig.seed must be a number in"),
        (["--data", "/nowhere"], "no frames .* in /nowhere"),
        (["--backgrounds", "/nowhere"], "in the background folder /nowhere"),
        (["--steps", "0"], "TrainingConfig.steps must be a number in"),
        (["--validation-frames", "-1"], "--validation-frames must be at least 0, not -1"),
    ],
)
def test_mistakes_end_with_one_line_and_no_files(arguments, message, tmp_path, capsys):
    out = tmp_path / "out"
    assert main(["pretrain", "--out", str(out), "--steps", "2", *arguments]) == 1
    error = capsys.readouterr().err
    assert error.count("\n") == 1
    assert re.search(message, error), error
    assert not out.exists()


@pytest.mark.parametrize("lengths", [[], ["--steps", "2", "--minutes", "1"]])
def test_a_length_is_needed_in_exactly_one_unit(lengths, tmp_path, capsys):
    assert main(["pretrain", "--out", str(tmp_path / "out"), *lengths]) == 1
    assert "give steps or minutes, not both or neither" in capsys.readouterr().err
