import pytest
import torch
from torch import nn

from ctr_env.learning.supervised.ema import ExponentialAverage


def network(value):
    net = nn.BatchNorm1d(2)
    with torch.no_grad():
        net.weight.fill_(value)
        net.running_mean.fill_(-value)
        net.num_batches_tracked.fill_(int(value))
    return net


def test_the_average_has_its_closed_form():
    values = [float(v) for v in torch.randn(200, generator=torch.Generator().manual_seed(0))]
    average = ExponentialAverage(network(3.0), 0.9)
    expected = 3.0
    for n, value in enumerate(values, start=1):
        average.update(network(value))
        decay = min(0.9, (1 + n) / (10 + n))
        expected = decay * expected + (1 - decay) * value
    state = average.state_dict()
    torch.testing.assert_close(state["weight"], torch.full((2,), expected))
    torch.testing.assert_close(state["running_mean"], torch.full((2,), -expected))
    assert average.updates == 200


def test_early_weights_do_not_linger():
    average = ExponentialAverage(network(100.0), 0.9999)
    for _ in range(50):
        average.update(network(1.0))
    assert average.state_dict()["weight"][0] == pytest.approx(1.0, abs=1e-3)


def test_counters_are_taken_over_and_the_network_is_left_alone():
    net, average = network(7.0), ExponentialAverage(network(2.0), 0.5)
    average.update(net)
    assert average.state_dict()["num_batches_tracked"] == 7
    average.state_dict()["weight"].zero_()
    assert torch.all(net.weight == 7.0)


def test_a_saved_average_goes_on_as_if_nothing_had_happened():
    straight, first = ExponentialAverage(network(0.0), 0.99), ExponentialAverage(network(0.0), 0.99)
    for value in (1.0, 2.0, 3.0):
        straight.update(network(value))
        first.update(network(value))
    second = ExponentialAverage(network(50.0), 0.99)
    second.load({name: value.clone() for name, value in first.state_dict().items()}, first.updates)
    straight.update(network(4.0))
    second.update(network(4.0))
    for name, value in straight.state_dict().items():
        assert torch.equal(value, second.state_dict()[name])
