import re

import pytest

from ctr_env.cli.config_file import arguments_of, flat_options, preset_or_file, read_mapping
from ctr_env.cli.parsing import parse
from ctr_env.cli.sections import values
from ctr_env.cli.servo import Servo
from ctr_env.errors import ConfigurationError, MissingFileError

NESTED = """
robot: baxter
estimator:
  name: sliding_window
  source:
    name: noisy
    dropout: 0.25
controller.endpoint: closed
randomization: {preset: none, camera.fov: 0.8}
episodes: 3
"""


def servo(words, text, folder):
    file = folder / "options.yaml"
    file.write_text(text)
    command = parse(Servo, ["--config", str(file), *words])
    return values(command.environment) | values(command.study)


def test_nested_and_dotted_keys_are_options(tmp_path):
    found = servo([], NESTED, tmp_path)
    assert found["robot"] == "baxter" and found["episodes"] == 3
    assert found["estimator"] == "sliding_window"
    assert found["estimator_config"] == {"source": "noisy", "source_config": {"dropout": 0.25}}
    assert found["controller_config"] == {"endpoint": "closed"}
    assert found["randomization"] == {"preset": "none", "camera.fov": 0.8}


def test_the_command_line_takes_precedence(tmp_path):
    found = servo(["--robot", "panda", "--estimator.source.dropout", "0.5"], NESTED, tmp_path)
    assert found["robot"] == "panda" and found["episodes"] == 3
    assert found["estimator_config"]["source_config"] == {"dropout": 0.5}


def test_another_estimator_on_the_command_line_drops_the_options_of_that_in_the_file(tmp_path):
    found = servo(["--estimator", "noisy", "--estimator.dropout", "0.1"], NESTED, tmp_path)
    assert found["estimator"] == "noisy"
    assert found["estimator_config"] == {"dropout": 0.1}


def test_unknown_keys_are_named_with_the_valid_ones(tmp_path):
    with pytest.raises(ConfigurationError, match=r"unknown key estimator\.drop_out; valid keys: .*estimator\.dropout"):
        servo([], "estimator: {name: noisy, drop_out: 1}", tmp_path)
    with pytest.raises(ConfigurationError, match="unknown key words; valid keys: "):
        servo([], "words: [servo]", tmp_path)


@pytest.mark.parametrize(
    "text, message", [("- 1", "must hold a mapping of options, not list"), ("a: [", "is not YAML")]
)
def test_files_without_a_mapping_are_rejected(text, message, tmp_path):
    with pytest.raises(ConfigurationError, match=message):
        servo([], text, tmp_path)


def test_missing_files_are_named(tmp_path):
    with pytest.raises(MissingFileError, match=re.escape(f"no such file: {tmp_path / 'x.yaml'}")):
        read_mapping(tmp_path / "x.yaml")


def test_options_become_words():
    options = flat_options({"estimator": {"name": "ctrnet", "align_contour": False}, "seed": 1, "data": ["a", "b"]})
    words = ["--estimator", "ctrnet", "--estimator.no-align-contour", "--seed", "1", "--data", "a", "b"]
    assert arguments_of(options) == words


def test_presets_are_names_and_files_mappings(tmp_path):
    file = tmp_path / "mine.yaml"
    file.write_text("camera.fov: 0.8")
    assert preset_or_file("mild") == "mild"
    assert preset_or_file(str(file)) == {"camera.fov": 0.8}
