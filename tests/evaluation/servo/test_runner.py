import json
from pathlib import Path

import imageio.v3 as iio
import numpy as np
import pytest

from ctr_env.errors import RunFolderError
from ctr_env.estimators import NoisyEstimator
from ctr_env.evaluation.servo import episode_job
from ctr_env.evaluation.servo.runner import ServoStudy, run_servo_study
from ctr_env.evaluation.servo.trace import Trace

SMALL = {"estimator": "noisy", "width": 96, "height": 72}

UR10 = Path(__file__).parents[3] / "examples" / "ur10.yaml"
SHORT = {"seconds": 0.5, "env_config": SMALL}


def test_a_study_writes_result_plot_video_and_traces(tmp_path):
    reported = []
    result = run_servo_study(ServoStudy(episodes=2, seed=5, **SHORT), tmp_path, "command", 1, reported.append)
    assert json.loads((tmp_path / "servo.json").read_text()) == result
    assert result["schema"] == "ctr_env/servo@1"
    assert [episode["seed"] for episode in result["episodes"]] == [5, 6] == [episode["seed"] for episode in reported]
    assert result["summary"]["episodes"] == 2
    assert {"command", "config", "versions"} <= result.keys()
    assert result["config"]["estimator"] == "noisy"
    for metric in ("true_position_error_m", "settling_time_s"):
        assert {"mean", "median", "p95"} <= result["summary"][metric].keys()
    assert iio.imread(tmp_path / "servo.png").std() > 5
    video = np.stack(list(iio.imiter(tmp_path / "seed_000005.mp4")))
    assert len(video) == 16
    assert video.std() > 20
    trace = Trace.load(tmp_path / "traces" / "seed_000006.npz")
    assert len(trace["time_s"]) == 16
    assert not list(tmp_path.glob(".*"))


def test_an_interrupted_study_resumes_with_the_missing_episode_and_the_same_result(tmp_path, monkeypatch):
    study = ServoStudy(episodes=3, **SHORT)
    whole = run_servo_study(study, tmp_path / "whole")

    def stop(episode):
        if episode["seed"] == 1:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        run_servo_study(study, tmp_path / "resumed", on_episode=stop)
    ran = []
    original = episode_job.run_episode
    monkeypatch.setattr(
        episode_job, "run_episode", lambda env, seed, *rest: ran.append(seed) or original(env, seed, *rest)
    )
    resumed = run_servo_study(study, tmp_path / "resumed")
    assert ran == [2]
    assert resumed == whole


def test_a_folder_of_another_study_is_rejected(tmp_path):
    run_servo_study(ServoStudy(episodes=1, **SHORT), tmp_path)
    with pytest.raises(ValueError, match="holds a servo run with randomization="):
        run_servo_study(ServoStudy(episodes=1, seconds=0.5, env_config=SMALL | {"randomization": "mild"}), tmp_path)


def test_a_file_that_changed_is_another_study(tmp_path):
    robot = tmp_path / "robot.yaml"
    robot.write_text("# one\n" + UR10.read_text())
    run_servo_study(ServoStudy(robot=str(robot), episodes=1, **SHORT), tmp_path / "out")
    robot.write_text("# other\n" + UR10.read_text())
    with pytest.raises(RunFolderError, match="holds a servo run with files="):
        run_servo_study(ServoStudy(robot=str(robot), episodes=1, **SHORT), tmp_path / "out")


def test_estimators_as_objects_are_named_in_the_result(tmp_path):
    estimator = NoisyEstimator({"white_position_m": 0.01})
    result = run_servo_study(ServoStudy(episodes=1, seconds=0.5, env_config={"estimator": estimator}), tmp_path)
    assert result["config"]["estimator"] == "NoisyEstimator"


@pytest.mark.parametrize(
    "wrong, message",
    [
        ({"robot": "ur6"}, "unknown robot 'ur6'; valid names: .*panda"),
        ({"task": "grasp"}, "unknown task 'grasp'; valid names: servo, track"),
        ({"episodes": 0}, "at least 1"),
        ({"seed": -1}, "negative"),
        ({"seconds": 0.0}, "seconds must be between 0.1"),
        ({"seconds": float("nan")}, "seconds must be between 0.1"),
    ],
)
def test_invalid_settings_are_rejected(wrong, message):
    with pytest.raises(ValueError, match=message):
        ServoStudy(**wrong)
