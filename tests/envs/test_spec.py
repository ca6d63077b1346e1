from pathlib import Path

import pytest

from ctr_env.envs.spec import environment_spec
from ctr_env.errors import ConfigurationError

UR10 = str(Path(__file__).parents[2] / "examples" / "ur10.yaml")


@pytest.mark.parametrize("task, steps", [("servo", 240), ("track", 300)])
@pytest.mark.parametrize(
    "robot, label", [("panda", "Panda"), ("baxter", "Baxter"), ("baxter_right", "BaxterRight"), (UR10, "Ur10")]
)
def test_every_robot_has_an_environment_of_both_tasks(robot, label, task, steps):
    spec = environment_spec(robot, task)
    assert spec.id == f"ctr_env/{label}{task.capitalize()}-v0"
    assert spec.max_episode_steps == steps
    assert spec.kwargs == {"robot": robot, "task": task}


@pytest.mark.parametrize(
    "robot, task, message", [("panda", "grasp", "valid names: servo, track"), ("ur6", "servo", "unknown robot 'ur6'")]
)
def test_unknown_names_are_rejected(robot, task, message):
    with pytest.raises(ConfigurationError, match=message):
        environment_spec(robot, task)
