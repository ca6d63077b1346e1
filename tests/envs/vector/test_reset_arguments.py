"""Seeds, masks and options of a reset."""

import numpy as np
import pytest

from ctr_env.envs.vector.reset_arguments import read_reset_arguments
from ctr_env.errors import ConfigurationError


def test_seeds_are_consecutive_given_or_left_open():
    assert read_reset_arguments(5, None, 3).seeds == [5, 6, 7]
    assert read_reset_arguments([3, None], None, 2).seeds == [3, None]
    mask, seeds, options = read_reset_arguments(None, {"seed": 1, "reset_mask": np.array([False, True])}, 2)
    assert (mask.tolist(), seeds, options) == ([False, True], [None, None], {"seed": 1})
    assert read_reset_arguments(None, None, 2).mask.all()


@pytest.mark.parametrize(
    "mask", [[True, False], np.ones(3, bool), np.ones(2), np.zeros(2, bool)], ids=["list", "shape", "type", "none"]
)
def test_masks_must_say_which_environments_begin(mask):
    with pytest.raises(ConfigurationError, match=r"reset_mask must be a bool array of shape \(2,\) with one True"):
        read_reset_arguments(None, {"reset_mask": mask}, 2)
