from ctr_env.evaluation.report.grouping import find_axes, level_text
from ctr_env.evaluation.report.study_data import Episode


def episodes(*parameters, system="a", scenario=""):
    return [Episode("cell", system, scenario, i, None, each, {}) for i, each in enumerate(parameters)]


def test_crossed_axes_are_compared_over_all_levels_of_the_others():
    found = find_axes(episodes(*({"x": x, "y": y, "fixed": 1} for x in (2, 1) for y in ("p", "q"))))
    assert [axis.key for axis in found] == ["x", "y"]
    x, y = found
    assert x.levels == (1, 2) and x.numeric
    assert y.levels == ("p", "q") and not y.numeric
    assert [len(x.groups[level]["a"]) for level in x.levels] == [2, 2]


def test_axes_varied_one_at_a_time_are_compared_at_the_nominal_level_of_the_others():
    rows = [{"x": 0, "y": 0}, {"x": 1, "y": 0}, {"x": 2, "y": 0}, {"x": 0, "y": 1}, {"x": 0, "y": 2}]
    x, y = find_axes(episodes(*rows))
    assert {level: [e.parameters["y"] for e in x.groups[level]["a"]] for level in x.levels} == {0: [0], 1: [0], 2: [0]}
    assert {level: [e.parameters["x"] for e in y.groups[level]["a"]] for level in y.levels} == {0: [0], 1: [0], 2: [0]}


def test_what_differs_between_systems_only_is_no_axis():
    rows = episodes({"controller": "p"}) + episodes({"controller": "q"}, system="b")
    assert find_axes(rows) == ()


def test_what_differs_between_scenarios_only_is_no_axis():
    assert find_axes(episodes({"task": "servo"}) + episodes({"task": "track"}, scenario="moving")) == ()


def test_levels_are_shown_as_they_are_written():
    assert [level_text(level) for level in (0.10, 3, None, "mild", True)] == ["0.1", "3", "default", "mild", "True"]
