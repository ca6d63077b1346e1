import pytest

from ctr_env.evaluation.report.study_data import StudyData
from ctr_env.evaluation.report.writer import ReportOptions, write_report
from ctr_env.evaluation.servo.runner import ServoStudy, run_servo_study


@pytest.fixture(scope="module")
def servo_run(tmp_path_factory):
    folder = tmp_path_factory.mktemp("runs") / "noisy"
    study = ServoStudy(episodes=2, seed=3, seconds=0.4, env_config={"estimator": "noisy"})
    run_servo_study(study, folder, "ctr-env servo --estimator noisy")
    return folder


def test_rows_become_episodes_with_parameters_and_metrics(study_folder):
    data = StudyData.read(study_folder)
    first = data.episodes[0]
    assert (first.system, first.scenario, first.seed) == ("fast", "static", 0)
    assert first.parameters["perturbation.delay_s"] == 0.0 and first.value("true_position_error_m") < 0.0011
    assert first.success and first.failure is None and first.error is None
    crashed = next(episode for episode in data.episodes if episode.error)
    assert (crashed.failure, crashed.detail, crashed.success) == ("crashed", "RenderError: no image", False)
    assert data.trace(first).seed == 0 and data.trace(crashed) is None and data.video(first) is None


def test_a_run_of_servo_is_a_study_of_one_cell(servo_run):
    data = StudyData.read(servo_run)
    assert [(episode.system, episode.seed) for episode in data.episodes] == [("noisy", 3), ("noisy", 4)]
    assert data.trace(data.episodes[1])["true_position_error_m"].shape == (13,)
    assert data.commands[0] == "ctr-env servo --estimator noisy"
    page = write_report(servo_run, options=ReportOptions(files=False)).page.read_text()
    assert "2 episodes of 1 system." in page and "ctr-env view noisy --seed 3" in page
