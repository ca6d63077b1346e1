import numpy as np
import pytest

from ctr_env.evaluation.report.axis_charts import axis_chart
from ctr_env.evaluation.report.error_charts import ERRORS_OVER_TIME, error_charts
from ctr_env.evaluation.report.grouping import find_axes
from ctr_env.evaluation.report.overview_chart import overview_chart
from ctr_env.evaluation.report.series import read_errors
from ctr_env.evaluation.report.settling_chart import settling_chart
from ctr_env.evaluation.report.study_data import Episode, StudyData
from ctr_env.evaluation.report.trajectory_charts import image_size, trajectory_charts

STYLES = {"fast": 0, "slow": 1}


@pytest.fixture(scope="module")
def data(study_folder):
    return StudyData.read(study_folder)


def test_errors_over_time_decay_at_the_rates_of_the_systems(data):
    series = read_errors(data, data.episodes, ERRORS_OVER_TIME)
    charts = error_charts(data.episodes, series, STYLES)
    assert [chart.title for chart in charts] == ["Errors over time: static", "Errors over time: moving"]
    for line in charts[0].panels[0].lines:
        early = (line.x > 0.1) & (line.x < 0.4)
        rate = -np.polyfit(line.x[early], np.log(line.y[early]), 1)[0]
        assert rate == pytest.approx({"fast": 4.0, "slow": 2.0}[line.name], rel=0.2)  # the floors take a part
        assert (line.low <= line.y).all() and (line.y <= line.high).all()


def test_accuracy_against_an_axis_shows_the_level_at_which_a_system_fails(data):
    (axis,) = find_axes(data.episodes)
    success, position, _ = axis_chart(axis, STYLES).panels
    by_name = {line.name: line for line in success.lines}
    assert by_name["fast"].y.tolist() == [100.0, 100.0, 100.0]
    assert by_name["slow"].y == pytest.approx([100 * 10 / 12, 100 * 10 / 12, 0.0])  # one seed of six crashed
    assert by_name["slow"].x == pytest.approx([0.0, 0.1, 0.2], abs=0.005)
    slow = next(line for line in position.lines if line.name == "slow")
    assert slow.y[-1] == pytest.approx(20.2, abs=0.3)


def test_survival_curve_counts_the_episodes_that_have_not_settled():
    times = [1.0, 2.0, None, None]
    episodes = [Episode("c", "fast", "", i, None, {}, {"settling_time_s": t}) for i, t in enumerate(times)]
    (line,) = settling_chart(episodes, 4.0, STYLES).panels[0].lines
    assert line.x.tolist() == [0.0, 1.0, 2.0, 4.0]
    assert line.y.tolist() == [100.0, 75.0, 50.0, 50.0]
    assert (line.low < line.y).all() and (line.high >= line.y).all()


def test_without_a_settled_episode_there_is_no_survival_curve():
    assert settling_chart([Episode("c", "fast", "", 0, None, {}, {"settling_time_s": None})], 4.0, STYLES) is None


def test_paths_end_near_the_goal_and_relative_to_it_at_the_origin(data, trace_of):
    image, space = trajectory_charts(data)
    assert [panel.title for panel in image.panels] == ["fast", "slow"]
    assert image.panels[0].x_range == (0.0, 320.0) and image.panels[0].y_range == (240.0, 0.0)
    best = next(line for line in space.panels[0].lines if line.name == "best")
    assert np.linalg.norm([best.x[-1], best.y[-1], best.z[-1]]) == pytest.approx(1.0, abs=0.1)  # the floor, mm
    assert image_size(trace_of(0)) == (320, 240)


def test_overview_has_one_mark_for_every_system(data):
    chart = overview_chart(data.episodes, STYLES)
    assert chart.panels[0].categories == ("fast", "slow")
    assert [line.y[0] for line in chart.panels[0].lines] == pytest.approx([100.0, 100 * 20 / 36])
    assert "slow 55.6 %" in chart.summary
