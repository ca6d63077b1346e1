from pathlib import Path

import pytest

from ctr_env.cli.environment import NetworkOptions, randomization_name, with_network
from ctr_env.errors import ConfigurationError

NETWORK = NetworkOptions(weights=Path("net.safetensors"), device="cpu")


def test_the_network_of_an_estimator_is_found_however_deep_it_is_wrapped():
    own = {"weights": "net.safetensors", "device": "cpu"}
    assert with_network("ctrnet", {"passes": 1}, NETWORK) == {"passes": 1, **own}
    assert with_network("sliding_window", {}, NETWORK) == {"source_config": own}
    assert with_network("sliding_window", {"source": "pose_filter"}, NETWORK) == {
        "source": "pose_filter", "source_config": {"source_config": own},
    }  # fmt: skip


@pytest.mark.parametrize("estimator, config", [("noisy", {}), ("sliding_window", {"source": "ground_truth"})])
def test_estimators_without_a_network_are_named(estimator, config):
    with pytest.raises(ConfigurationError, match="--weights needs an estimator with a network, such as ctrnet"):
        with_network(estimator, config, NETWORK)


def test_without_options_nothing_changes():
    assert with_network("noisy", {"dropout": 0.1}, NetworkOptions()) == {"dropout": 0.1}


@pytest.mark.parametrize(
    "randomization, name",
    [("mild", "mild"), ({"preset": "lab", "camera.fov": 1.0}, "lab_changed"), ({}, "none_changed")],
)
def test_changed_presets_have_another_name(randomization, name):
    assert randomization_name(randomization) == name
