import pytest
import torch

from ctr_env.estimators.ctrnet.compact import CompactNet
from ctr_env.estimators.ctrnet.decoding import soft_argmax
from ctr_env.estimators.ctrnet.weights import WeightsHeader, load_network, save_weights


@pytest.fixture(scope="module")
def network():
    torch.manual_seed(0)
    return CompactNet(5)


@pytest.mark.parametrize("width, height", [(256, 192), (320, 240), (48, 36), (100, 64)])
def test_any_input_in_whole_cells_gives_a_full_answer(network, width, height):
    with torch.inference_mode():
        output = network.eval()(torch.randn(1, 3, height, width))
    assert output.mask_logits.shape == (1, 1, height, width)
    assert output.keypoints_px.shape == (1, 5, 2)
    assert output.confidence_logits.shape == output.log_scale.shape == (1, 5)
    assert output.heatmap_logits.shape == (1, 5, height // 4, width // 4)
    torch.testing.assert_close(output.keypoints_px, soft_argmax(output.heatmap_logits, (width, height)))


def test_the_file_of_its_weights_is_small_and_gives_it_back(network, tmp_path):
    file = tmp_path / "net.safetensors"
    points = tuple((f"link{i}", 0.0, 0.0, 0.0) for i in range(5))
    header = WeightsHeader(architecture="compact", robot="panda", keypoints=points, input_size=(64, 48))
    save_weights(file, network.state_dict(), header)
    assert file.stat().st_size < 16e6
    again, _ = load_network(file)
    images = torch.randn(2, 3, 48, 64)
    with torch.inference_mode():
        one, other = network.eval()(images), again(images)
    assert (one.keypoints_px - other.keypoints_px).abs().max() < 0.1


def test_no_hint_is_a_black_one_and_hints_are_looked_at(network):
    images = torch.randn(1, 3, 48, 64)
    with torch.inference_mode():
        bare, black, hinted = (network.eval()(images, h) for h in (None, torch.zeros(1, 3, 48, 64), images.sigmoid()))
    assert torch.equal(bare.heatmap_logits, black.heatmap_logits)
    assert not torch.equal(bare.heatmap_logits, hinted.heatmap_logits)


def test_every_weight_learns(network):
    output = network.train()(torch.randn(2, 3, 48, 64), torch.rand(2, 3, 48, 64))
    parts = (output.mask_logits, output.keypoints_px, output.confidence_logits, output.log_scale)
    torch.stack([(part * torch.randn_like(part)).mean() for part in parts]).sum().backward()
    idle = [name for name, weight in network.named_parameters() if weight.grad is None or not weight.grad.any()]
    assert idle == []
    network.zero_grad()


def test_images_of_a_batch_do_not_meet(network):
    images = torch.randn(3, 3, 48, 64)
    with torch.inference_mode():
        together = network.eval()(images)
        apart = [network(image[None]) for image in images]
    for whole, *single in zip(together, *apart, strict=True):
        torch.testing.assert_close(whole, torch.cat(single), atol=1e-4, rtol=1e-4)
