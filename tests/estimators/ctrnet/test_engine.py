"""The fast path of a network agrees with the network."""

import pytest
import torch

from ctr_env.estimators.ctrnet.architectures import make_network
from ctr_env.estimators.ctrnet.compact import CompactNet
from ctr_env.estimators.ctrnet.engine import make_engine

CPU = torch.device("cpu")


def settled(network: torch.nn.Module) -> torch.nn.Module:
    """A network whose normalisations have seen data, so that its outputs are of ordinary size."""
    with torch.no_grad():
        for _ in range(3):
            network(torch.randn(4, 3, 96, 128))
    return network.eval()


@pytest.fixture(scope="module")
def network():
    torch.manual_seed(0)
    return settled(CompactNet(9))


@pytest.mark.parametrize("size", [(128, 96), (96, 72)])
def test_agrees_with_the_network(network, size):
    engine = make_engine(network, size, CPU)
    images, priors = torch.randn(3, 3, size[1], size[0]), torch.rand(3, 3, size[1], size[0])
    with torch.no_grad():
        expected, found = network(images, priors), engine(images, priors)
    for name in ("keypoints_px", "mask_logits", "confidence_logits", "log_scale", "heatmap_logits"):
        a, b = getattr(expected, name), getattr(found, name)
        assert b.dtype == torch.float32 and a.shape == b.shape
        # bfloat16 keeps eight bits: a hundredth of the range, and of a pixel for every one that they span
        assert (a - b).abs().max() < 0.03 * (a.max() - a.min() + 1.0), name


def test_exact_arithmetic_is_that_of_the_network(network):
    engine = make_engine(network, (128, 96), CPU, exact=True)
    images, priors = torch.randn(2, 3, 96, 128), torch.rand(2, 3, 96, 128)
    with torch.no_grad():
        expected, found = network(images, priors), engine(images, priors)
    for a, b in zip(expected, found, strict=True):
        torch.testing.assert_close(a, b, rtol=1e-4, atol=1e-3)


def test_batches_agree_with_single_images(network):
    engine = make_engine(network, (128, 96), CPU)
    images, priors = torch.randn(4, 3, 96, 128), torch.rand(4, 3, 96, 128)
    batch = engine(images, priors)
    for i in range(4):
        single = engine(images[i : i + 1], priors[i : i + 1])
        torch.testing.assert_close(single.keypoints_px[0], batch.keypoints_px[i], atol=0.2, rtol=0)


def test_the_network_itself_is_left_alone(network):
    before = {name: value.clone() for name, value in network.state_dict().items()}
    make_engine(network, (96, 72), CPU)
    assert all(value.dtype == before[name].dtype for name, value in network.state_dict().items())
    assert all(torch.equal(value, before[name]) for name, value in network.state_dict().items())


def test_the_published_architecture_runs_too():
    torch.manual_seed(0)
    network = make_network("deeplab_resnet50", 7).eval()
    images = torch.randn(1, 3, 64, 96)
    with torch.no_grad():
        assert (
            make_engine(network, (96, 64), CPU)(images, torch.zeros_like(images)).keypoints_px.shape
            == network(images).keypoints_px.shape
        )
