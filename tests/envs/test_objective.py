"""The servoing objective is the reward and the success criterion together."""

from ctr_env.envs.objective import ServoObjective
from ctr_env.envs.reward import reward


def test_success_needs_both_errors_held():
    objective = ServoObjective()
    assert objective.reward(0.1, 0.2) == reward(0.1, 0.2)
    assert [objective.success(t, 0.001, 0.001) for t in (0.0, 0.3, 0.5)] == [False, False, True]
    assert not objective.success(0.6, 0.001, 0.5)
