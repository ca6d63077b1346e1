import pytest

from ctr_env.errors import ConfigurationError
from ctr_env.evaluation.study.cells import cells_of
from ctr_env.evaluation.study.file import read_study

STUDY = """study: mine
seeds: {first: 3, count: 2}
seconds: 1e-0
base:
  robot: panda
systems:
  truth: {estimator: ground_truth}
  noisy: {estimator: noisy, estimator_config: {dropout: 1e-1}}
axes:
  controller_config.gain_at_zero: [3, 4]
  randomization: [none, mild]
exclude:
  - {system: noisy, randomization: mild}
"""


def test_cells_are_systems_by_axes_without_the_excluded_ones_in_the_order_of_the_file():
    cells = cells_of(read_study(STUDY))
    keys = ("controller_config.gain_at_zero", "randomization")
    assert [(cell.system, *(cell.parameters[key] for key in keys)) for cell in cells] == [
        ("truth", 3, "none"), ("truth", 3, "mild"), ("truth", 4, "none"), ("truth", 4, "mild"),
        ("noisy", 3, "none"), ("noisy", 4, "none"),
    ]  # fmt: skip
    assert cells[-1].parameters["estimator_config.dropout"] == 0.1
    assert cells[-1].parameters["robot"] == "panda"


def test_systems_replace_the_base_and_axes_replace_both_of_its_levels():
    file = read_study(
        "study: s\nseeds: [0]\nbase: {robot: panda, controller_config: {gain_at_zero: 3}}\n"
        "systems: {a: {robot: baxter}}\naxes: {controller_config: [{gain_at_zero: 5}]}\n"
    )
    (cell,) = cells_of(file)
    assert dict(cell.parameters) == {"robot": "baxter", "controller_config.gain_at_zero": 5}


ONE_AT_A_TIME = (
    "study: s\nseeds: [0]\nbase: {estimator: noisy, perturbation.delay_s: 0.0}\naxes: {robot: [panda, baxter]}\n"
    "one_at_a_time:\n  perturbation.delay_s: [0.1, 0.2]\n  perturbation.dropout: [0.5]\n"
)


def test_one_setting_differs_from_the_base_at_a_time():
    cells = cells_of(read_study(ONE_AT_A_TIME))
    found = [
        tuple(cell.parameters.get(key) for key in ("robot", "perturbation.delay_s", "perturbation.dropout"))
        for cell in cells
    ]
    assert found == [
        (robot, *levels)
        for robot in ("panda", "baxter")
        for levels in ((0.0, None), (0.1, None), (0.2, None), (0.0, 0.5))
    ]
    assert cells[2].places["perturbation.delay_s"] == ("one_at_a_time", "perturbation.delay_s", 1)


@pytest.mark.parametrize(
    "old, new, message",
    [
        ("[0.1, 0.2]", "[0.0, 0.2]", r"line 6: perturbation.delay_s=0.0 is the base's value"),
        ("dropout: [0.5]", "dropout: 0.5", r"line 7: axis 'perturbation.dropout' must be a list of values"),
        ("  perturbation.dropout", "  robot", r"line 7: 'robot' is one of the crossed axes too"),
    ],
)
def test_mistakes_in_one_at_a_time_are_named(old, new, message):
    with pytest.raises(ConfigurationError, match=message):
        cells_of(read_study(ONE_AT_A_TIME.replace(old, new)))


def test_a_scenario_is_a_parameter():
    (cell,) = cells_of(read_study("study: s\nseeds: [0]\nscenario: static\n"))
    assert cell.scenario == "static" == cell.parameters["scenario"]
    assert cell.places["scenario"] == ("scenario",)


def test_digests_differ_by_settings_and_file_contents_and_only_by_these(tmp_path):
    text = STUDY.replace("exclude", "# comment\nexclude").replace("seeds: {first: 3, count: 2}", "seeds: [7]")
    cells = cells_of(read_study(STUDY))
    assert [cell.digest for cell in cells] == [cell.digest for cell in cells_of(read_study(text))]
    assert len({cell.digest for cell in cells}) == len(cells)
    assert all(len(cell.digest) == 8 and int(cell.digest, 16) >= 0 for cell in cells)
    assert cells_of(read_study(STUDY.replace("1e-0", "2")))[0].digest != cells[0].digest
    robot = tmp_path / "robot.yaml"
    named = STUDY.replace("robot: panda", f"robot: {robot}")
    digests = set()
    for content in ("one", "other"):
        robot.write_text(content)
        digests.add(cells_of(read_study(named))[0].digest)
    assert len(digests) == 2


def test_an_edited_controller_makes_another_cell(tmp_path):
    digests = set()
    for content in ("one = 1", "one = 2", "one = 2"):
        (tmp_path / "my_digested_controller.py").write_text(content)
        text = "study: s\nseeds: [0]\nbase: {controller: 'my_digested_controller:Mine'}\n"
        digests.add(cells_of(read_study(text, folder=tmp_path))[0].digest)
    assert len(digests) == 2


@pytest.mark.parametrize(
    "old, new, message",
    [
        (
            "{estimator: ground_truth}",
            "{randomization: none}",
            "line 7: 'randomization' is an axis as well as .*'truth'",
        ),
        ("randomization: mild}", "randomization: mlid}", "line 13: exclude matches no cell"),
        ("{system: noisy, randomization: mild}", "{robot: panda}", "line 12: exclude leaves no cell"),
    ],
)
def test_contradictions_are_found_at_their_line(old, new, message):
    with pytest.raises(ConfigurationError, match=message):
        cells_of(read_study(STUDY.replace(old, new, 1), "mine.yaml"))
