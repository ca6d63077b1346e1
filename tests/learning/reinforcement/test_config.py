import pytest

from ctr_env.errors import ConfigurationError
from ctr_env.learning.reinforcement.config import ReinforcementConfig


def test_whole_numbers_may_be_written_with_an_exponent():
    """Study files read ``2e6`` as a number with a fraction, which counts nothing."""
    found = ReinforcementConfig(steps=2e6, envs=4.0, evaluate_every=1e4, evaluation_episodes=5e1, seed=3.0)
    whole = ReinforcementConfig(steps=2_000_000, envs=4, evaluate_every=10_000, evaluation_episodes=50, seed=3)
    assert repr(found) == repr(whole)


@pytest.mark.parametrize("name", ["steps", "seed", "envs", "evaluate_every", "evaluation_episodes"])
@pytest.mark.parametrize("value", [2.5, "many", True, float("nan"), -1])
def test_what_counts_must_be_whole(name, value):
    """It would end the training at its first evaluation, hours later."""
    with pytest.raises(ConfigurationError, match=f"ReinforcementConfig.{name} must be an integer >= 0, not "):
        ReinforcementConfig(**{name: value})


@pytest.mark.parametrize(
    "name, value", [("steps", 0), ("envs", 0), ("seed", 100_000), ("evaluation_episodes", 0), ("difficulty", 0.0)]
)
def test_values_out_of_range_are_named(name, value):
    with pytest.raises(ConfigurationError, match=f"ReinforcementConfig.{name} must be a number in"):
        ReinforcementConfig(**{name: value})
