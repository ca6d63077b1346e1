import pytest
import torch
from torch import nn

from ctr_env.learning.averaging import averaged_model


def network(value):
    net = nn.BatchNorm1d(2)
    with torch.no_grad():
        net.weight.fill_(value)
        net.running_mean.fill_(-value)
        net.num_batches_tracked.fill_(int(value))
    return net


def test_the_average_has_its_closed_form():
    values = [float(v) for v in torch.randn(200, generator=torch.Generator().manual_seed(0))]
    average = averaged_model(network(3.0), 0.9)
    expected = 3.0
    for n, value in enumerate(values, start=1):
        average.update_parameters(network(value))
        decay = min(0.9, (1 + n) / (10 + n))
        expected = decay * expected + (1 - decay) * value
    state = average.module.state_dict()
    torch.testing.assert_close(state["weight"], torch.full((2,), expected))
    torch.testing.assert_close(state["running_mean"], torch.full((2,), -expected))


def test_early_weights_are_soon_forgotten():
    average = averaged_model(network(100.0), 0.9999)
    for _ in range(50):
        average.update_parameters(network(1.0))
    assert average.module.weight[0].item() == pytest.approx(1.0, abs=1e-3)


def test_counters_are_copied_and_the_network_is_not_changed():
    net, average = network(7.0), averaged_model(network(2.0), 0.5)
    average.update_parameters(net)
    assert average.module.num_batches_tracked == 7
    with torch.no_grad():
        average.module.weight.zero_()
    assert torch.all(net.weight == 7.0)


def test_a_restored_average_continues_like_an_uninterrupted_one():
    whole, first = averaged_model(network(0.0), 0.99), averaged_model(network(0.0), 0.99)
    for value in (1.0, 2.0, 3.0):
        whole.update_parameters(network(value))
        first.update_parameters(network(value))
    second = averaged_model(network(50.0), 0.99)
    second.load_state_dict({name: value.clone() for name, value in first.state_dict().items()})
    whole.update_parameters(network(4.0))
    second.update_parameters(network(4.0))
    for name, value in whole.state_dict().items():
        assert torch.equal(value, second.state_dict()[name])
