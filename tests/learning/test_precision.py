"""Convolutions that stay in float32 while the rest of a network trains in bfloat16."""

import copy

import pytest
import torch
from torch import nn

from ctr_env.estimators.ctrnet.architectures import make_network
from ctr_env.learning.precision import keep_slow_convolutions_in_float32


def types_of_outputs(network, images):
    """Type of the output of every convolution under autocast, by name."""
    found = {}
    for name, module in network.named_modules():
        if isinstance(module, nn.Conv2d):
            module.register_forward_hook(lambda _, __, out, name=name: found.update({name: out.dtype}))
    with torch.autocast("cpu", torch.bfloat16):
        network(images)
    return found


def test_strided_and_wide_convolutions_compute_in_float32():
    network = make_network("compact", 7)
    keep_slow_convolutions_in_float32(network)
    found = types_of_outputs(network, torch.rand(1, 3, 64, 64))
    exact = {name for name, kind in found.items() if kind is torch.float32}
    assert exact == {
        "stages.1.0.first.0",  # 48 to 96 channels, stride 2
        "stages.2.0.first.0",
        "stages.3.0.first.0",
        "stages.3.0.second.0",  # 288 channels
        "stages.3.1.first.0",
        "stages.3.1.second.0",
    }
    assert len(found) > 25


@pytest.mark.parametrize("kind", [torch.float64, torch.bfloat16])
def test_other_arithmetic_is_left_as_it_is(kind):
    network = make_network("compact", 7).to(kind)
    keep_slow_convolutions_in_float32(network)
    assert network(torch.rand(1, 3, 64, 64, dtype=kind)).mask_logits.dtype is kind


def test_without_autocast_nothing_changes():
    torch.manual_seed(0)
    plain = make_network("compact", 7).eval()
    changed = copy.deepcopy(plain)
    keep_slow_convolutions_in_float32(changed)
    assert list(plain.state_dict()) == list(changed.state_dict())
    images = torch.rand(2, 3, 64, 64)
    for ours, theirs in zip(changed(images), plain(images), strict=True):
        torch.testing.assert_close(ours, theirs)


def test_gradients_are_those_of_the_convolution():
    convolution = nn.Conv2d(48, 8, 3, stride=2, padding=1)
    other = copy.deepcopy(convolution)
    keep_slow_convolutions_in_float32(nn.Sequential(other))
    features = torch.rand(2, 48, 9, 9)
    with torch.autocast("cpu", torch.bfloat16):
        other(features).square().sum().backward()
    convolution(features).square().sum().backward()
    torch.testing.assert_close(other.weight.grad, convolution.weight.grad)
