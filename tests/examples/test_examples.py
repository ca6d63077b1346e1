"""The examples run, at tiny size, as a user would run them."""

import re
import subprocess
import sys
from pathlib import Path

import pytest

EXAMPLES = Path(__file__).parents[2] / "examples"
RUNS = {
    "servo_by_hand.py": [],
    "real_robot.py": ["--seconds", "4"],
    "own_estimator.py": ["--episodes", "2"],
    "pose_from_picture.py": [],
    "train_ppo.py": ["--steps", "480", "--envs", "1", "--rollout", "240", "--episodes", "1"],
}


def run(name):
    command = [sys.executable, "-P", str(EXAMPLES / name), *RUNS[name]]
    return subprocess.run(command, capture_output=True, text=True, check=True, timeout=300).stdout


def test_every_example_is_run_here_and_short():
    assert {path.name for path in EXAMPLES.glob("*.py")} == set(RUNS)
    for name in RUNS:
        assert len((EXAMPLES / name).read_text().splitlines()) <= 80


def test_servo_by_hand_arrives():
    error = float(re.search(r"goal: ([\d.]+) mm", run("servo_by_hand.py"))[1])
    assert error < 40  # the noisy estimate's own error


def test_own_estimator_beats_the_one_it_averages():
    plain, averaged = (float(x) for x in re.findall(r"error ([\d.]+) mm", run("own_estimator.py")))
    assert averaged < plain


@pytest.mark.parametrize("name", ["train_ppo.py"])
def test_training_runs(name):
    assert re.search(r"mean final error: \d+ mm untrained, \d+ mm after 480 steps", run(name))


def test_pose_from_picture_knows_how_far_off_it_may_be():
    output = run("pose_from_picture.py")
    assert "valid" in output.splitlines()[-2]
    assert float(re.search(r"error: ([\d.]+) mm", output)[1]) < 100


def test_the_live_loop_arrives():
    assert float(re.search(r"goal: ([\d.]+) mm", run("real_robot.py"))[1]) < 10
