"""Lines over time of systems, and charts of scenarios."""

import numpy as np
import pytest

from ctr_env.drawing.page.chart import Chart
from ctr_env.evaluation.report.error_charts import ERRORS_OVER_TIME, error_charts
from ctr_env.evaluation.report.observation_charts import OBSERVED_OVER_TIME, observation_charts
from ctr_env.evaluation.report.over_time import charts_of_scenarios, key_and_title, last_medians, system_lines
from ctr_env.evaluation.report.series import ErrorSeries
from ctr_env.evaluation.report.study_data import Episode

TIME = np.array([0.0, 0.5, 1.0])
STYLES = {"one": 3, "two": 4}


def episodes(*cells, scenario="still"):
    """One episode of each cell, whose system has its name."""
    return [Episode(cell, cell, scenario, 0, None, {}, {}) for cell in cells]


def series(**values):
    """The same values under every name, by cell."""
    names = {*ERRORS_OVER_TIME, *OBSERVED_OVER_TIME}
    return {
        (cell, 0): ErrorSeries(TIME, {name: np.array(each, float) for name in names}, (0.01, np.inf))
        for cell, each in values.items()
    }


def test_every_system_with_values_has_a_line_of_its_style():
    known = series(one=[1.0, 2.0, 3.0], two=[np.nan] * 3)
    (line,) = system_lines("arm_in_view", 10.0, episodes("one", "two", "lost"), known, STYLES)
    assert (line.name, line.style) == ("one", 3)
    np.testing.assert_allclose(line.y, [10.0, 20.0, 30.0])
    np.testing.assert_allclose([line.low, line.high], [line.y, line.y])
    np.testing.assert_array_equal(line.x, TIME)


def test_the_last_values_are_those_that_are_known():
    known = series(one=[1.0, 2.0, np.nan], two=[0.5, 0.25, 0.125])
    lines = system_lines("arm_in_view", 1.0, episodes("one", "two"), known, STYLES)
    assert last_medians(lines) == "one 2; two 0.125"


def test_scenarios_without_a_chart_are_left_out():
    def chart(scenario, group):
        name, title = key_and_title("k", "Title", scenario)
        return None if scenario == "none" else Chart(name, title, str(len(group)), "", [])

    every = [*episodes("one", scenario=""), *episodes("one", scenario="none"), *episodes("one", "two", scenario="b")]
    found = charts_of_scenarios(every, chart)
    assert [(each.key, each.title, each.caption) for each in found] == [("k", "Title", "1"), ("k-b", "Title: b", "2")]


@pytest.mark.parametrize("charts", [error_charts, observation_charts])
def test_charts_say_what_the_last_valid_estimates_had(charts):
    """An estimate that is lost at the end leaves no number there."""
    (chart,) = charts(episodes("one"), series(one=[0.004, 0.002, np.nan]), STYLES)
    assert chart.summary.endswith(" (mm) at the end: one 2.")


def test_the_estimate_is_drawn_where_it_has_an_error():
    for values, count in (([0.0, 0.0, 0.0], 0), ([0.0, 0.0, np.nan], 0), ([0.002, 0.001, 0.0], 1), ([np.nan] * 3, 0)):
        assert len(observation_charts(episodes("one"), series(one=values), STYLES)) == count
    assert observation_charts(episodes("one"), {}, STYLES) == ()


def test_errors_are_judged_by_their_finite_tolerances():
    (chart,) = error_charts(episodes("one", "two"), series(one=[0.02] * 3, two=[0.01] * 3), STYLES)
    assert [panel.levels for panel in chart.panels] == [[(10.0, "tolerance")], [], [], []]
