"""Mistakes in the arguments of an environment are named, with the valid values."""

import pytest

from ctr_env.envs import ServoEnv
from ctr_env.errors import CtrEnvError


@pytest.mark.parametrize(
    "kwargs, message",
    [
        ({"task": "grasp"}, "unknown task 'grasp'; valid names: servo, track"),
        (
            {"obs_mode": "pixels"},
            "unknown obs_mode part 'pixels'; valid names: state, estimate, apparent, image, privileged",
        ),
        ({"obs_mode": "image+image"}, "twice"),
        ({"action_mode": "torque"}, "valid names: pbvs, ee_twist, joint_velocity"),
        ({"estimator": "magic"}, "valid names: charuco, ctrnet, ctrnet_model, ground_truth, noisy"),
        ({"estimator": "noisy", "estimator_config": {"latncy_s": 1}}, "latncy_s.*valid names: .*latency_s"),
        ({"controller": "magic"}, "unknown controller 'magic'; valid names: hybrid, ibvs"),
        ({"controller_config": {"gian": 1}}, "gian.*valid names: .*gain_at_zero"),
        ({"randomization": "wild"}, "valid names: none, mild, strong"),
        ({"renderer": "povray"}, "valid names: classic"),
        ({"moving": "robot"}, "valid names: goal, camera, both"),
        ({"width": 3}, "width must be between 16 and 4096"),
        ({"max_linear_velocity": 0.0}, r"max_linear_velocity must be positive, not 0\.0"),
        ({"robot": "pandas"}, "valid names: baxter, baxter_right, fr3, panda, ur5"),
    ],
)
def test_mistakes_are_named_with_the_valid_values(kwargs, message):
    with pytest.raises((CtrEnvError, ValueError), match=message):
        ServoEnv(**kwargs)


def test_an_unknown_argument_is_an_error_of_the_call():
    with pytest.raises(TypeError, match="robott"):
        ServoEnv(robott="panda")
