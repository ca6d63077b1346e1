import pytest
import torch

from ctr_env.errors import ConfigurationError
from ctr_env.estimators.batched.noisy import BatchedNoisyEstimator
from ctr_env.estimators.batched.registry import make_batched_estimator
from ctr_env.scenes.robots.kinematics import RobotKinematics

CPU = torch.device("cpu")


@pytest.fixture(scope="module")
def arm():
    return RobotKinematics("panda")


def test_a_configuration_reaches_its_estimator(arm):
    made = make_batched_estimator("noisy", {"latency_s": 0.2}, arm, CPU)
    assert isinstance(made, BatchedNoisyEstimator) and made.latency_s == 0.2


def test_unknown_names_and_settings_of_none_are_rejected(arm):
    with pytest.raises(ConfigurationError, match="unknown batched estimator 'charuco'; valid names: ground_truth"):
        make_batched_estimator("charuco", None, arm, CPU)
    assert make_batched_estimator("ground_truth", {}, arm, CPU).latency_s == 0.0
    with pytest.raises(ConfigurationError, match="ground_truth estimator has no configuration, not {'dropout': 0.1}"):
        make_batched_estimator("ground_truth", {"dropout": 0.1}, arm, CPU)
