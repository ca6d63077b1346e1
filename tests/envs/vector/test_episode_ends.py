"""Episodes end after their steps, each environment on its own."""

import pytest

from ctr_env.envs.vector.episode_ends import EpisodeEnds
from ctr_env.errors import ConfigurationError


def test_environments_end_after_their_own_steps():
    ends = EpisodeEnds(3, 2)
    assert not ends.advance([0, 1]).any() and ends.running == [0, 1, 2]
    assert ends.advance([1, 2]).tolist() == [False, True, False]
    ends.end([1])
    assert (ends.ended, ends.running) == ([1], [0, 2])
    assert ends.advance(ends.running).tolist() == [True, True, True]
    ends.begin(1)
    assert ends.ended == []
    assert ends.advance([]).tolist() == [True, False, True]


@pytest.mark.parametrize("forever", [None, -1])
def test_without_a_limit_they_never_end(forever):
    ends = EpisodeEnds(1, forever)
    assert not any(ends.advance([0]).any() for _ in range(1000))


@pytest.mark.parametrize("steps", [0, -2, 2.0, "3", True])
def test_the_limit_is_a_positive_integer(steps):
    with pytest.raises(ConfigurationError, match="max_episode_steps must be an integer >= 1, not "):
        EpisodeEnds(1, steps)
