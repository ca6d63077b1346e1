import re
from pathlib import Path

import pytest

from ctr_env.errors import ConfigurationError
from ctr_env.evaluation.study.cells import cells_of
from ctr_env.evaluation.study.check import check_study
from ctr_env.evaluation.study.file import read_study

STUDY = """study: mine
seeds: [0]
base:
  robot: panda
  width: 320
systems:
  truth: {estimator: ground_truth}
  fused:
    estimator: sliding_window
    estimator_config:
      source: noisy
      source_config: {dropout: 0.1}
axes:
  controller_config.gain_at_zero: [3, 4]
  randomization:
    - none
    - mild
"""


def check(text):
    file = read_study(text, "mine.yaml")
    check_study(file, cells_of(file))


def test_a_valid_study_passes():
    check(STUDY)


def test_the_file_of_the_guide_is_valid():
    guide = (Path(__file__).parents[3] / "docs" / "howto" / "study.md").read_text()
    first, conditions, agents = re.findall(r"```yaml\n(.*?)```", guide, re.DOTALL)
    check(first)
    check(f"study: mine\nseeds: [0]\n{agents}{conditions}")


@pytest.mark.parametrize(
    "old, new, message",
    [
        ("robot: panda", "robot: pandaa", "line 4: .*'pandaa'; valid names: .*panda"),
        ("width", "widht", "line 5: unknown parameter 'widht'; valid names: robot, task"),
        ("ground_truth", "truth", "line 7: unknown estimator 'truth'; valid names: .*ground_truth"),
        ("source: noisy", "source: noisi", "line 11: .*unknown estimator 'noisi'; valid names: .*noisy"),
        ("{dropout: 0.1}", "{dropuot: 0.1}", "line 12: .*unknown NoisyConfig field dropuot; valid names: .*dropout"),
        ("{dropout: 0.1}", "{dropout: high}", r"line 12: .*dropout must be a number in \[0, 1\], not 'high'"),
        ("gain_at_zero", "gain_at_zer", "line 14: .*unknown PBVSConfig field gain_at_zer; valid names: .*gain_at_zero"),
        ("[3, 4]", "[3, '4']", "line 14: .*gain_at_zero must be a number.*'4'"),
        ("- mild", "- wild", "line 17: .*'wild'; valid names: none, mild, strong"),
        ("robot: panda", "robot: panda\n  controller: pvbs", "line 5: unknown controller 'pvbs'; valid names: .*pbvs"),
        ("robot: panda", "robot: panda\n  renderer: povray", "line 5: unknown renderer 'povray'; valid names: classic"),
        ("width: 320", "width: wide", "line 5: .*width"),
    ],
)
def test_a_mistake_names_key_line_and_valid_values(old, new, message):
    assert old in STUDY
    with pytest.raises(ConfigurationError, match=f"mine.yaml, {message}"):
        check(STUDY.replace(old, new, 1))
