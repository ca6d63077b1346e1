"""Agents in a report: paired differences over trainings, tables, learning curves."""

import json

import numpy as np
import pytest

from ctr_env.evaluation.report.agent_tables import agent_comparison, agent_table, observation_comparison
from ctr_env.evaluation.report.comparison_table import comparison_tables
from ctr_env.evaluation.report.grouping import find_axes
from ctr_env.evaluation.report.learning_curves import learning_curves, read_curves
from ctr_env.evaluation.report.study_data import Episode
from ctr_env.evaluation.report.trainings import agent_systems, agent_trainings, difference

SEEDS = range(12)


def episodes(system, shift, trainings=(None,), scenario="mild", success=lambda error: error < 0.01, **metrics):
    """Episodes whose error is that of the seed, moved by a number, and by that of the training."""
    found = []
    for training in trainings:
        for seed in SEEDS:
            error = 0.004 + 0.001 * seed + shift + 0.001 * (training or 0)
            named = {} if training is None else {"agent": system, "training_seed": training}
            values = {"true_position_error_m": error, "success": success(error), "visible_share": 0.5, **metrics}
            found.append(Episode(f"{system}{training}", system, scenario, seed, None, {"env": "e", **named}, values))
    return found


@pytest.fixture
def all_episodes():
    return (
        *episodes("pbvs", 0.0, estimate_position_error_m=0.004),
        *episodes("first", 0.002, (0, 1, 2), estimate_position_error_m=0.004),
        *episodes("other", -0.003, (0, 1, 2), estimate_position_error_m=0.003),
    )


def rows(table):
    return {row[:3]: row[3:] for row in table.rows}


def test_differences_are_paired_and_trainings_are_averaged(all_episodes):
    groups = {name: [e for e in all_episodes if e.system == name] for name in ("pbvs", "first", "other")}
    error = lambda episode: episode.value("true_position_error_m")  # noqa: E731
    found = difference(groups["first"], groups["pbvs"], (), error)
    assert found.episodes == len(SEEDS) and found.mean == pytest.approx(0.003)
    assert 0.0019 < found.low < found.mean < found.high < 0.0041  # trainings alone differ: from 2 to 4 mm
    assert found.p == pytest.approx(2 / 2 ** len(SEEDS))
    same = difference(groups["first"], groups["first"], (), error)
    assert same.mean == 0.0 and same.p == 1.0 and same.low < 0.0 < same.high  # other trainings might differ
    assert difference(groups["first"][:1], groups["pbvs"], (), error) is None


def test_an_agent_is_compared_with_controllers_and_with_the_first_agent(all_episodes):
    assert agent_systems(all_episodes) == ("first", "other")
    found = rows(agent_comparison(all_episodes, ()))
    assert list(found) == [("mild", "first", "pbvs"), ("mild", "other", "pbvs"), ("mild", "other", "first")]
    pairs, success, _, error, p = found["mild", "other", "first"]
    assert pairs == len(SEEDS) and error.value == pytest.approx(-5.0) and p.value < 0.01
    assert success.value > 0.0 and success.low < success.value < success.high


def test_success_is_shown_with_its_range_over_trainings(all_episodes):
    table = agent_table(all_episodes)
    row = next(row for row in table.rows if row[1] == "first")
    rates = [np.mean([e.success for e in all_episodes if e.cell == f"first{i}"]) for i in range(3)]
    assert row[2:4] == (3, 36)
    assert row[4].value == pytest.approx(100 * np.mean(rates)) and row[4].low < row[4].value < row[4].high
    assert (row[5].value, row[6].value) == (pytest.approx(100 * min(rates)), pytest.approx(100 * max(rates)))


def test_what_is_observed_is_compared_where_the_estimate_has_an_error(all_episodes):
    found = rows(observation_comparison(all_episodes, ()))
    assert found["mild", "other", "pbvs"][1].value == pytest.approx(-1.0)
    assert found["mild", "first", "pbvs"][1].value == pytest.approx(0.0, abs=1e-9)
    exact = episodes("pbvs", 0.0, estimate_position_error_m=0.0) + episodes(
        "a", 0.0, (0,), estimate_position_error_m=0.0
    )
    assert observation_comparison(exact, ()) is None


def test_a_training_is_no_axis_and_the_baseline_meets_the_mean_of_trainings(all_episodes):
    assert find_axes(all_episodes) == ()
    (table,) = comparison_tables(all_episodes, (), "pbvs")
    first = next(row for row in table.rows if row[0] == "first")
    error = table.columns.index(next(c for c in table.columns if c.group.startswith("true position")))
    assert first[error] == len(SEEDS) and first[error + 1].value == pytest.approx(3.0)


def test_curves_have_mean_and_range_at_common_steps(tmp_path):
    for seed, rates in enumerate(([0.0, 0.5, 1.0], [0.2, 0.7])):
        evaluations = [
            {"step": 100 * (i + 1), "success_rate": rate, "position_error_m": 0.01} for i, rate in enumerate(rates)
        ]
        file = tmp_path / "agents" / "mine" / str(seed) / "learning_curve.json"
        file.parent.mkdir(parents=True)
        file.write_text(json.dumps({"evaluations": evaluations}))
    old = tmp_path / "agents" / "mine" / "7"  # a seed, and an agent, that the study has no longer
    old.mkdir()
    (old / file.name).write_text(json.dumps({"evaluations": [{"step": 5}]}))
    trainings = agent_trainings(episodes("mine", 0.0, (0, 1)) + episodes("pbvs", 0.0) + episodes("late", 0.0, (0,)))
    assert trainings == {("mine", 0), ("mine", 1), ("late", 0)}
    chart = learning_curves(read_curves(tmp_path, trainings))
    (line,) = chart.panels[0].lines
    np.testing.assert_allclose(line.x, [0.1, 0.2])
    np.testing.assert_allclose([line.y, line.low, line.high], [[10, 60], [0, 50], [20, 70]])
    assert chart.panels[1].lines[0].y == pytest.approx([10, 10])
    assert read_curves(tmp_path / "nowhere", trainings) == {}
