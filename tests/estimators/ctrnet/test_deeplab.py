import math

import pytest
import torch
from torch import nn

from ctr_env.estimators.ctrnet.architectures import ARCHITECTURES, make_network
from ctr_env.estimators.ctrnet.decoding import soft_argmax
from ctr_env.estimators.ctrnet.deeplab import DeepLabResNet50

STAGES = {"layer1": (64, 64, 3), "layer2": (256, 128, 4), "layer3": (512, 256, 6), "layer4": (1024, 512, 3)}


def expected_tensors(n_keypoints):
    """Names and shapes of the authors' state dict (models/keypoint_seg_resnet.py on torchvision's DeepLabv3)."""
    found = {}

    def norm(name, channels):
        for part in ("weight", "bias", "running_mean", "running_var"):
            found[f"{name}.{part}"] = (channels,)

    def convolution(name, norm_name, shape):
        found[f"{name}.weight"] = shape
        norm(norm_name, shape[0])

    convolution("backbone.0.conv1", "backbone.0.bn1", (64, 3, 7, 7))
    for stage, (channels, width, blocks) in STAGES.items():
        for block in range(blocks):
            at, inputs = f"backbone.0.{stage}.{block}", channels if block == 0 else 4 * width
            convolution(f"{at}.conv1", f"{at}.bn1", (width, inputs, 1, 1))
            convolution(f"{at}.conv2", f"{at}.bn2", (width, width, 3, 3))
            convolution(f"{at}.conv3", f"{at}.bn3", (4 * width, width, 1, 1))
        at = f"backbone.0.{stage}.0.downsample"
        convolution(f"{at}.0", f"{at}.1", (4 * width, channels, 1, 1))
    aspp = "classifer.0.0"  # the authors' spelling
    convolution(f"{aspp}.convs.0.0", f"{aspp}.convs.0.1", (256, 2048, 1, 1))
    for branch in (1, 2, 3):
        convolution(f"{aspp}.convs.{branch}.0", f"{aspp}.convs.{branch}.1", (256, 2048, 3, 3))
    convolution(f"{aspp}.convs.4.1", f"{aspp}.convs.4.2", (256, 2048, 1, 1))
    convolution(f"{aspp}.project.0", f"{aspp}.project.1", (256, 1280, 1, 1))
    convolution("classifer.0.1", "classifer.0.2", (256, 256, 3, 3))
    found |= {"classifer.0.4.weight": (1, 256, 1, 1), "classifer.0.4.bias": (1,)}
    found["read_out.kps_score_lowres.weight"] = (2048, n_keypoints, 4, 4)
    found["read_out.kps_score_lowres.bias"] = (n_keypoints,)
    return found


@pytest.fixture(scope="module")
def network():
    torch.manual_seed(0)
    return DeepLabResNet50().eval()


class Fixed(nn.Module):
    """A keypoint head that sees what it is told to."""

    def __init__(self, heatmap):
        super().__init__()
        self.heatmap = heatmap

    def forward(self, features):
        return self.heatmap


@pytest.fixture
def with_heatmap(network):
    """Runs the network on an image with a heatmap of the test's choice."""
    own_head = network.read_out

    def run(heatmap, width, height):
        network.read_out = Fixed(heatmap)
        with torch.inference_mode():
            return network(torch.zeros(len(heatmap), 3, height, width))

    yield run
    network.read_out = own_head


def test_tensors_are_those_of_the_authors_checkpoints(network):
    found = {n: tuple(t.shape) for n, t in network.state_dict().items() if not n.endswith("num_batches_tracked")}
    assert found == expected_tensors(7)
    assert len(found) == 304


def test_parameter_counts_are_those_of_torchvision(network):
    def count(module):
        return sum(parameter.numel() for parameter in module.parameters())

    assert count(network.backbone) == 23_508_032
    # deeplabv3_resnet50 has 42,004,074 with its auxiliary head (2,365,205) and 21 classes instead of one mask.
    assert count(network.classifer) == 42_004_074 - 2_365_205 - 23_508_032 - 20 * 257
    assert count(network.read_out) == 2048 * 7 * 16 + 7


def test_the_last_stages_are_dilated_instead_of_strided(network):
    trunk = network.backbone[0]
    geometry = {
        f"{stage}.{block}": (layer.conv2.stride[0], layer.conv2.dilation[0], layer.conv2.padding[0])
        for stage in STAGES
        for block, layer in enumerate(getattr(trunk, stage))
    }
    assert geometry["layer1.0"] == geometry["layer2.1"] == (1, 1, 1)
    assert geometry["layer2.0"] == (2, 1, 1)
    assert geometry["layer3.0"] == (1, 1, 1)
    assert geometry["layer3.1"] == geometry["layer3.5"] == geometry["layer4.0"] == (1, 2, 2)
    assert geometry["layer4.1"] == geometry["layer4.2"] == (1, 4, 4)
    assert [branch[0].dilation[0] for branch in list(network.classifer[0][0].convs)[1:4]] == [12, 24, 36]


@pytest.mark.parametrize("width, height, cells", [(320, 240, (60, 80)), (161, 123, (32, 42)), (64, 48, (12, 16))])
def test_shapes(network, width, height, cells):
    with torch.inference_mode():
        output = network(torch.randn(1, 3, height, width))
    assert output.mask_logits.shape == (1, 1, height, width)
    assert output.keypoints_px.shape == (1, 7, 2)
    assert output.confidence_logits.shape == output.log_scale.shape == (1, 7)
    assert output.heatmap_logits.shape == (1, 7, *cells)
    assert all(part.isfinite().all() for part in output)
    limit = torch.tensor([width, height])
    assert ((output.keypoints_px >= 0) & (output.keypoints_px <= limit)).all()


def test_images_of_a_batch_do_not_mix(network):
    images = torch.randn(2, 3, 48, 64)
    with torch.inference_mode():
        both, second = network(images), network(images[1:])
    for part, alone in zip(both, second, strict=True):
        torch.testing.assert_close(part[1:], alone, rtol=1e-3, atol=1e-3)


def test_keypoints_are_those_that_the_authors_decode(with_heatmap):
    width, height, heatmap = 64, 48, 3 * torch.randn(2, 7, 12, 16)
    mass = heatmap.flatten(2).softmax(-1).view_as(heatmap)
    x = (mass.sum(2) * torch.linspace(-1, 1, 16)).sum(-1)
    y = (mass.sum(3) * torch.linspace(-1, 1, 12)).sum(-1)
    theirs = (torch.stack([x, y], -1) + 1) * torch.tensor([width // 2, height // 2])
    found = with_heatmap(heatmap, width, height).keypoints_px
    torch.testing.assert_close(found, theirs, rtol=1e-5, atol=1e-4)

    ours, centre = soft_argmax(heatmap, (width, height)), torch.tensor([32.0, 24.0])
    stretched = centre + (ours - centre) * torch.tensor([16 / 15, 12 / 11])
    torch.testing.assert_close(found, stretched, rtol=1e-5, atol=1e-4)


def gaussian_heatmap(point, width, height, sigma_px):
    """A Gaussian in the authors' cells, the first and the last of which lie on the image's edges."""
    x, y = torch.linspace(0, width, width // 4), torch.linspace(0, height, height // 4)
    return -((y[:, None] - point[1]) ** 2 + (x - point[0]) ** 2)[None, None] / (2 * sigma_px**2)


@pytest.mark.parametrize("autocast", [False, True])
def test_returned_heatmaps_follow_the_rule_of_tiling_cells(with_heatmap, autocast):
    point = torch.tensor([120.3, 30.9])
    with torch.autocast("cpu", dtype=torch.bfloat16, enabled=autocast):
        output = with_heatmap(gaussian_heatmap(point, 160, 120, sigma_px=6.0), 160, 120)
    assert (output.keypoints_px[0, 0] - point).abs().max() < 0.01
    assert (soft_argmax(output.heatmap_logits, (160, 120))[0, 0] - point).abs().max() < 0.1


def test_confidence_and_scale_are_read_off_the_heatmap(with_heatmap):
    def look(heatmap):
        output = with_heatmap(heatmap, 160, 120)
        return output.confidence_logits.sigmoid().item(), output.log_scale.exp().item()

    sharp = gaussian_heatmap((80.0, 60.0), 160, 120, sigma_px=4.0)
    confidence, scale = look(sharp)
    assert confidence > 0.99
    assert scale == pytest.approx(4.0 * math.sqrt(2 / math.pi), rel=0.05)
    two_peaks = torch.logaddexp(
        gaussian_heatmap((40.0, 60.0), 160, 120, 4.0), gaussian_heatmap((120.0, 60.0), 160, 120, 4.0)
    )
    confidence, scale = look(two_peaks)
    assert confidence < 0.01
    assert scale > 15.0
    confidence, scale = look(torch.zeros(1, 1, 30, 40))
    assert confidence < 0.1
    assert scale == pytest.approx((160 + 120) / 8, rel=0.1)  # a quarter of each side
    one_cell = torch.full((1, 1, 30, 40), -1000.0)
    one_cell[0, 0, 12, 20] = 0.0
    confidence, scale = look(one_cell)
    assert confidence > 0.999
    assert scale == pytest.approx(1.0)


def test_gradients_reach_every_parameter():
    torch.manual_seed(0)
    network = DeepLabResNet50(3)
    output = network(torch.randn(2, 3, 48, 64))
    sum(part.mean() for part in output).backward()
    assert all(p.grad is not None and p.grad.isfinite().all() for p in network.parameters())


def test_networks_by_name():
    assert sorted(ARCHITECTURES) == ["compact", "deeplab_resnet50"]
    assert make_network("deeplab_resnet50", 3).read_out.kps_score_lowres.out_channels == 3
    with pytest.raises(ValueError, match="unknown architecture 'resnet'; valid names: compact, deeplab_resnet50"):
        make_network("resnet", 7)
    with pytest.raises(ValueError, match="n_keypoints must be at least 1, not 0"):
        make_network("compact", 0)
