import pytest

from ctr_env.learning.supervised.config import TrainingConfig


def test_inputs_are_small_at_first_and_in_every_fourth_step():
    config = TrainingConfig(steps=1000, width=256, height=192, small_share=0.4)
    assert {config.size_at(0.39, step) for step in range(8)} == {(192, 144)}
    assert [config.size_at(0.4, step) for step in range(5)] == [(192, 144), *[(256, 192)] * 3, (192, 144)]


@pytest.mark.parametrize(
    "values, message",
    [
        ({}, "steps or minutes, not both or neither"),
        ({"steps": 5, "minutes": 1.0}, "steps or minutes, not both or neither"),
        ({"steps": 0}, r"TrainingConfig.steps must be a number in \[1, 1e\+08\], not 0"),
        ({"minutes": float("nan")}, "TrainingConfig.minutes"),
        ({"steps": 5, "width": 250}, "width must be a multiple of 16, not 250"),
        ({"steps": 5, "seed": -1}, r"TrainingConfig.seed must be a number in \[0, 99999\], not -1"),
        ({"steps": 5, "learning_rate": 0.0}, "TrainingConfig.learning_rate"),
        ({"steps": 5, "ema": 1.0}, "TrainingConfig.ema"),
    ],
)
def test_bad_values_are_rejected_by_name(values, message):
    with pytest.raises(ValueError, match=message):
        TrainingConfig(**values)


def test_one_folder_by_itself_is_rejected():
    with pytest.raises(ValueError, match="data must be a list of folders, not the text 'frames'"):
        TrainingConfig(data="frames", steps=1)
