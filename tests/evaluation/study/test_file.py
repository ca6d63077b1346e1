import pytest

from ctr_env.errors import ConfigurationError, MissingFileError
from ctr_env.evaluation.study.file import load_study, read_study

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


def test_a_file_is_read():
    file = read_study(STUDY)
    assert (file.study, file.seeds, file.seconds, file.videos) == ("mine", (3, 4), 1.0, 0)
    assert file.systems["noisy"]["estimator_config"] == {"dropout": 0.1}
    assert file.axes == {"controller_config.gain_at_zero": (3, 4), "randomization": ("none", "mild")}
    assert file.exclude == ({"system": "noisy", "randomization": "mild"},)


def test_what_may_be_left_out_has_defaults():
    file = read_study("study: short\nseeds: [4, 2]\n")
    assert (file.seeds, file.seconds, file.base, file.axes) == ((4, 2), None, {}, {})
    assert dict(file.systems) == {"base": {}}


@pytest.mark.parametrize(
    "old, new, message",
    [
        ("seconds:", "secnds:", r"line 3: unknown key 'secnds' \(did you mean seconds\?\); valid keys: study, seeds"),
        ("1e-0", "fast", r"line 3: seconds must be a number in \[0.1, 3600\], not 'fast'"),
        ("1e-0", "true", r"line 3: seconds must be a number"),
        ("{first: 3, count: 2}", "{first: 3}", "line 2: seeds must be a list or .*key 'count' is missing"),
        ("{first: 3, count: 2}", "{first: 3, count: 0}", "line 2: seeds.count must be an integer of at least 1, not 0"),
        ("{first: 3, count: 2}", "[1, 2, 1]", "line 2: seed 1 is given twice"),
        ("{first: 3, count: 2}", "[1, -2]", "line 2: seeds.1 must be an integer of at least 0, not -2"),
        ("study: mine\n", "", "line 1: key 'study' is missing"),
        ("[none, mild]", "mild", "line 11: axis 'randomization' must be a list of values, not 'mild'"),
        ("[none, mild]", "[none, mild, none]", "line 11: axis 'randomization' has 'none' twice"),
        ("{estimator: ground_truth}", "ground_truth", "line 7: systems.truth must be a mapping, not 'ground_truth'"),
        ("  robot: panda\n", "  robot: panda\n  robot: baxter\n", "line 6: key 'robot' is given twice"),
        ("exclude:\n  -", "exclude:\n ", "line 12: exclude must be a list"),
        ("[3, 4]", "[3, 4", "line 1[01]: .*"),
    ],
)
def test_a_mistake_is_found_at_its_line(old, new, message):
    assert old in STUDY
    with pytest.raises(ConfigurationError, match=f"mine.yaml, {message}"):
        read_study(STUDY.replace(old, new, 1), "mine.yaml")


def test_a_file_or_a_name_that_does_not_exist_is_named(tmp_path):
    with pytest.raises(MissingFileError, match=r"no study file 'nowhere.yaml'; names of packaged studies: "):
        load_study("nowhere.yaml")
    file = tmp_path / "mine.yaml"
    file.write_text(STUDY)
    assert load_study(file).folder == tmp_path
    assert load_study(str(file)).source == str(file)
