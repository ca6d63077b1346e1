import pytest

from ctr_env.errors import ConfigurationError
from ctr_env.evaluation.report.comparison_table import comparison_tables
from ctr_env.evaluation.report.grouping import find_axes
from ctr_env.evaluation.report.run_tables import number_ranges, run_tables
from ctr_env.evaluation.report.study_data import StudyData
from ctr_env.evaluation.report.summary_tables import (
    axis_table,
    failed_table,
    failure_table,
    scenario_tables,
    system_tables,
)


@pytest.fixture(scope="module")
def data(study_folder):
    return StudyData.read(study_folder)


def column(table, heading):
    i = [each.full_heading for each in table.columns].index(heading)
    return {row[0]: row[i] for row in table.rows}


def test_crashed_episodes_are_failures_without_errors(data):
    accuracy = system_tables(data.episodes)[0]
    success = column(accuracy, "success (%)")
    assert success["slow"].value == pytest.approx(100 * 20 / 36)
    assert success["slow"].low < success["slow"].value < success["slow"].high
    assert column(accuracy, "episodes") == {"fast": 36, "slow": 36}
    assert column(failure_table(data.episodes), "crashed") == {"fast": 0, "slow": 6}


def test_medians_are_those_of_the_floors(data):
    median = column(system_tables(data.episodes)[0], "true position error (mm), median")
    assert median["fast"].value == pytest.approx(1.0, abs=0.01)
    assert median["slow"].value == pytest.approx(2.2, abs=0.1)
    assert median["slow"].low <= median["slow"].value <= median["slow"].high


def test_every_scenario_and_level_has_its_row(data):
    success = scenario_tables(data.episodes)[0]
    assert [row[0] for row in success.rows] == ["static", "moving"]
    (axis,) = find_axes(data.episodes)
    assert [(row[0], row[1], row[2]) for row in axis_table(axis).rows] == [
        (level, system, 12) for level in ("0", "0.1", "0.2") for system in ("fast", "slow")
    ]


def test_differences_are_paired_and_tested(data):
    (table,) = comparison_tables(data.episodes, find_axes(data.episodes), "fast")
    ((system, pairs, difference, p, *_),) = table.rows
    assert (system, pairs) == ("slow", 36)
    assert difference.value == pytest.approx(-100 * 16 / 36)
    assert difference.high < 0 and p.value < 1e-3


def test_the_baseline_is_a_system(data):
    with pytest.raises(ConfigurationError, match="unknown baseline 'other'; valid names: fast, slow"):
        comparison_tables(data.episodes, (), "other")


def test_what_was_run(data):
    systems, axes = run_tables(data, find_axes(data.episodes))
    assert column(systems, "controller") == {"fast": "fast", "slow": "slow"}
    assert "robot = panda" in systems.note
    assert axes.rows == (("perturbation.delay_s", "0, 0.1, 0.2"),)


def test_numbers_as_ranges():
    assert number_ranges([3, 1, 2, 7, 9, 10, 1]) == "1–3, 7, 9–10"


def test_of_systems_and_scenarios_the_fewer_are_the_columns(tmp_path, study_writer):
    cells = [(name, scenario, {}, 2.0, 0.001) for name in ("a", "b", "c") for scenario in ("x", "y")]
    episodes = StudyData.read(study_writer(tmp_path, cells, seeds=[0])).episodes
    success = scenario_tables(episodes)[0]
    assert [each.heading for each in success.columns] == ["system", "x", "y"]
    assert [row[0] for row in success.rows] == ["a", "b", "c"]


def test_failed_episodes_are_listed_with_their_reasons(data):
    failed = failed_table(data.episodes)
    assert len(failed.rows) == 16 and failed.note.startswith("All of them.")
    crashed = [row for row in failed.rows if row[4] == "crashed"]
    assert len(crashed) == 6 and all(row[3] == 3 and row[6] == "RenderError: no image" for row in crashed)
    assert failed_table(data.episodes * 20).note.startswith("The first 200 of 320.")
