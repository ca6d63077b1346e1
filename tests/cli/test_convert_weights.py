import pickle
from pathlib import Path

import pytest
import torch

from ctr_env.cli import main
from ctr_env.estimators.ctrnet.deeplab import DeepLabResNet50
from ctr_env.estimators.ctrnet.weights import load_network
from ctr_env.scenes.robots.catalogue import get_robot


@pytest.fixture(scope="module")
def network():
    """A network whose normalisations have met data; its tensors' names are tested to be the authors'."""
    torch.manual_seed(0)
    network = DeepLabResNet50()
    with torch.no_grad():
        for _ in range(3):
            network(torch.randn(2, 3, 48, 64))
    return network.eval()


@pytest.fixture(scope="module")
def checkpoint(network, tmp_path_factory):
    """A checkpoint as the authors save theirs: the state dict of a network in ``DataParallel``."""
    path = tmp_path_factory.mktemp("theirs") / "net.pth"
    state = {f"module.{name}": tensor for name, tensor in network.state_dict().items()}
    torch.save(state, path)
    return path


def convert(checkpoint, out, robot="panda"):
    return main(["convert-weights", str(checkpoint), "--out", str(out.parent), "--robot", robot])


def test_a_converted_network_sees_what_the_original_sees(checkpoint, network, tmp_path, capsys):
    out = tmp_path / "weights.safetensors"
    assert convert(checkpoint, out) == 0
    shown = capsys.readouterr().out
    assert "ignored" not in shown
    assert "7 keypoints" in shown
    assert str(out) in shown
    assert out.stat().st_size < 0.52 * checkpoint.stat().st_size
    converted, header = load_network(out)
    assert header.architecture == "deeplab_resnet50"
    assert header.robot == "panda"
    assert header.keypoints == tuple((link, 0.0, 0.0, 0.0) for link in get_robot("panda").keypoint_frames)
    assert header.input_size == (320, 240)
    assert header.recipe["converted_from"] == "net.pth"
    with torch.inference_mode():
        images = torch.randn(1, 3, 96, 128)
        ours, theirs = converted(images), network(images)
    assert (ours.keypoints_px - theirs.keypoints_px).abs().max() < 0.05
    assert (ours.mask_logits.sigmoid() - theirs.mask_logits.sigmoid()).abs().max() < 0.005


@pytest.mark.parametrize("container", ["state_dict", "model_state_dict"])
def test_nested_checkpoints_and_superfluous_tensors(network, tmp_path, capsys, container):
    theirs, out = tmp_path / "net.pth", tmp_path / "weights.safetensors"
    state = network.state_dict() | {"aux_classifier.0.weight": torch.zeros(256, 1024, 3, 3)}
    torch.save({container: state, "epoch": 3}, theirs)
    assert convert(theirs, out, "baxter") == 0
    assert "ignored, 1 superfluous: aux_classifier.0.weight" in capsys.readouterr().out
    _, header = load_network(out)
    assert header.keypoints[0][0] == "left_upper_shoulder"
    assert header.input_size == (640, 480)


def rejected(checkpoint, tmp_path, capsys, robot="panda"):
    """The one line of the error."""
    out = tmp_path / "out" / "weights.safetensors"
    assert convert(checkpoint, out, robot) == 1
    assert not out.parent.exists()
    error = capsys.readouterr().err
    assert error.count("\n") == 1
    return error


def test_missing_and_misshapen_tensors_are_named(network, tmp_path, capsys):
    state = dict(network.state_dict())
    state["backbone.conv1.weight"] = state.pop("backbone.0.conv1.weight")
    state["read_out.kps_score_lowres.bias"] = torch.zeros(12)
    torch.save(state, tmp_path / "net.pth")
    error = rejected(tmp_path / "net.pth", tmp_path, capsys)
    assert "1 missing: backbone.0.conv1.weight;" in error
    assert "1 misshapen: read_out.kps_score_lowres.bias is (12,), should be (7,)" in error
    assert "1 superfluous: backbone.conv1.weight" in error


class Malicious:
    """Touches a file when it is unpickled."""

    def __init__(self, path):
        self.path = path

    def __reduce__(self):
        return Path.touch, (self.path,)


@pytest.mark.parametrize("write", [torch.save, lambda value, path: path.write_bytes(pickle.dumps(value, protocol=2))])
def test_code_in_a_checkpoint_is_rejected_and_not_run(write, tmp_path, capsys):
    victim = tmp_path / "victim"
    write({"state_dict": {"weight": torch.zeros(2)}, "payload": Malicious(victim)}, tmp_path / "net.pth")
    assert "net.pth is not a checkpoint of tensors alone" in rejected(tmp_path / "net.pth", tmp_path, capsys)
    assert not victim.exists()
    with (tmp_path / "net.pth").open("rb") as file:  # the payload is a live one
        torch.load(file, weights_only=False) if write is torch.save else pickle.load(file)
    assert victim.exists()


@pytest.mark.parametrize("content", [b"", b"not a checkpoint", b"PK\x03\x04 and then nothing"])
def test_damaged_files_are_rejected(content, tmp_path, capsys):
    (tmp_path / "net.pth").write_bytes(content)
    assert "net.pth is not a checkpoint" in rejected(tmp_path / "net.pth", tmp_path, capsys)


def test_files_without_named_tensors_are_rejected(tmp_path, capsys):
    torch.save([torch.zeros(2)], tmp_path / "net.pth")
    assert "holds a list, not a state dict" in rejected(tmp_path / "net.pth", tmp_path, capsys)
    torch.save({"epoch": 3}, tmp_path / "net.pth")
    assert "holds no tensors by name, but epoch" in rejected(tmp_path / "net.pth", tmp_path, capsys)


def test_other_robots_and_absent_files_are_rejected(checkpoint, tmp_path, capsys):
    assert "'ur6'; valid names: panda, baxter" in rejected(checkpoint, tmp_path, capsys, "ur6")
    assert "absent.pth" in rejected(tmp_path / "absent.pth", tmp_path, capsys)
