"""A biased pose of the camera stays as an error at the gripper, unless the gripper is seen too."""

import gymnasium as gym
import numpy as np
import pytest

import ctr_env  # noqa: F401 - registers the environments
from ctr_env.estimators import PoseEstimate, PoseEstimator

BIASED = {"bias_position_m": 0.03, "bias_rotation_rad": 0.0, "white_position_m": 0.002, "white_rotation_rad": 0.002}


def last_errors(endpoint, **config):
    """True and apparent position errors, averaged over the last second."""
    env = gym.make(
        "ctr_env/PandaServo-v0",
        controller_config={"endpoint": endpoint},
        randomization="strong",
        disable_env_checker=True,
        **config,
    )
    env.reset(seed=3)
    infos = [env.step(np.zeros(6, np.float32))[-1] for _ in range(150)][-30:]
    env.close()
    return tuple(np.mean([info[f"{kind}_position_error_m"] for info in infos]) for kind in ("true", "apparent"))


def test_the_gripper_s_own_sight_takes_the_bias_away():
    open_true, open_apparent = last_errors("open", estimator="noisy", estimator_config=BIASED)
    closed_true, closed_apparent = last_errors("closed", estimator="noisy", estimator_config=BIASED)
    assert open_true > 0.02 and open_apparent < 0.006  # and the loop does not notice
    assert closed_true < 0.003
    assert closed_apparent < 0.006


def test_errors_of_the_encoders_go_too():
    assert last_errors("open", estimator="ground_truth")[0] > 5.0 * last_errors("closed", estimator="ground_truth")[0]


def test_an_estimator_that_does_not_see_the_gripper_is_rejected():
    class Blind(PoseEstimator):
        needs_image = False

        def estimate(self, frame):
            return PoseEstimate.invalid("blind", frame.time_s)

    with pytest.raises(
        ValueError,
        match="needs an estimator that observes the gripper, which Blind does not; .* charuco, ctrnet, ground_truth, noisy",
    ):
        last_errors("closed", estimator=Blind())
