import json
from dataclasses import replace

import pytest
import torch
from safetensors import safe_open
from safetensors.torch import save_file
from torch import nn

from ctr_env.errors import DataWarning
from ctr_env.estimators.ctrnet import architectures
from ctr_env.estimators.ctrnet.uncertainty import UncertaintyModel
from ctr_env.estimators.ctrnet.weights import (
    WeightsHeader,
    load_network,
    load_weights,
    read_header,
    save_weights,
    tensor_differences,
)

KEYPOINTS = (("panda_link0", 0.0, 0.0, 0.0), ("panda_hand", 0.0, 0.01, -0.25))


class Tiny(nn.Module):
    """A network small enough for tests of files."""

    def __init__(self, n_keypoints):
        super().__init__()
        self.convolution = nn.Conv2d(3, n_keypoints, 3)
        self.norm = nn.BatchNorm2d(n_keypoints)

    def forward(self, images):
        return self.norm(self.convolution(images))


@pytest.fixture(autouse=True)
def tiny_architecture(monkeypatch):
    monkeypatch.setattr(architectures, "ARCHITECTURES", {"tiny": Tiny})


@pytest.fixture
def header():
    return WeightsHeader(
        architecture="tiny",
        robot="panda",
        keypoints=KEYPOINTS,
        input_size=(320, 240),
        recipe={"steps": 10, "data": {"seed": 3}},
        metrics={"error_px": {"median": 1.5}},
    )


@pytest.fixture
def trained():
    torch.manual_seed(0)
    network = Tiny(2)
    network(1000 * torch.randn(8, 3, 9, 9))
    network.norm.running_var[0] = 1e6  # more than half precision can hold
    return network


def test_network_and_header_come_back(tmp_path, header, trained):
    path = tmp_path / "new" / "tiny.safetensors"
    save_weights(path, trained.state_dict(), header)
    network, found = load_network(path)
    assert found == header
    assert not network.training
    assert {parameter.dtype for parameter in network.parameters()} == {torch.float32}
    images = torch.randn(1, 3, 9, 9)
    torch.testing.assert_close(network(images), trained.eval()(images), rtol=1e-3, atol=1e-3)
    assert [file.name for file in path.parent.iterdir()] == ["tiny.safetensors"]


def test_kernels_are_stored_in_half_precision_and_vectors_are_not(tmp_path, header, trained):
    path = tmp_path / "tiny.safetensors"
    state = trained.state_dict()
    save_weights(path, state, header)
    with safe_open(path, framework="pt") as file:
        stored = {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118
    assert stored.pop("convolution.weight").dtype == torch.float16
    assert {tensor.dtype for tensor in stored.values()} == {torch.float32}
    assert "norm.num_batches_tracked" not in stored
    assert stored["norm.running_var"][0] == 1e6
    loaded, _ = load_weights(path)
    assert {tensor.dtype for tensor in loaded.values()} == {torch.float32}


def test_kernels_too_large_for_half_precision_keep_their_values(tmp_path, header):
    state = Tiny(2).state_dict()
    state["convolution.weight"][0, 0, 0, 0] = 1e6
    save_weights(tmp_path / "tiny.safetensors", state, header)
    assert torch.equal(
        load_weights(tmp_path / "tiny.safetensors")[0]["convolution.weight"], state["convolution.weight"]
    )


def test_what_cannot_be_written_leaves_the_old_file(tmp_path, header, trained):
    path = tmp_path / "tiny.safetensors"
    save_weights(path, trained.state_dict(), header)
    before = path.read_bytes()
    state = trained.state_dict()
    state["norm.bias"] = torch.tensor([0.0, float("nan")])
    with pytest.raises(ValueError, match="weights norm.bias are not finite"):
        save_weights(path, state, header)
    with pytest.raises(ValueError, match="no JSON form"):
        save_weights(path, trained.state_dict(), replace(header, recipe={"step": object()}))
    with pytest.raises(ValueError, match="JSON"):
        save_weights(path, trained.state_dict(), replace(header, metrics={"error": float("nan")}))
    assert path.read_bytes() == before
    assert len(list(tmp_path.iterdir())) == 1


@pytest.mark.parametrize(
    "change, message",
    [
        ({"architecture": None}, "architecture must be a name, not None"),
        ({"keypoints": ()}, r"keypoints must be a non-empty list of \[link, x, y, z\], not \(\)"),
        ({"keypoints": (("link", 0.0, 0.0),)}, r"keypoints must be a non-empty list of \[link, x, y, z\]"),
        ({"keypoints": (("link", 0.0, 0.0, float("inf")),)}, "keypoints must be"),
        ({"input_size": (320, 0)}, r"two positive whole numbers of pixels, not \(320, 0\)"),
        ({"input_size": (320.0, 240)}, "two positive whole numbers"),
        ({"mean": (0.5,)}, r"mean must be three numbers, not \(0.5,\)"),
        ({"std": (1.0, 1.0, 0.0)}, "std must be three positive numbers"),
        ({"recipe": "quick"}, "recipe must be a mapping, not 'quick'"),
    ],
)
def test_headers_that_make_no_sense_are_rejected(header, change, message):
    with pytest.raises(ValueError, match=message):
        replace(header, **change)


def test_files_of_other_kinds_are_rejected(tmp_path):
    path = tmp_path / "net.pth"
    with pytest.raises(FileNotFoundError, match="no weights file .*net.pth"):
        load_weights(path)
    torch.save({"a": torch.zeros(3)}, path)
    with pytest.raises(ValueError, match="not a safetensors file .*convert-weights"):
        load_weights(path)
    save_file({"a": torch.zeros(3)}, path, metadata={"format": "pt"})
    with pytest.raises(ValueError, match=r"no header 'ctr_env/weights@1' \(its metadata: format\)"):
        load_weights(path)


@pytest.mark.parametrize(
    "text, message",
    [
        ("{", "is not JSON"),
        ("[]", "has the fields list; needed: architecture, input_size"),
        (json.dumps({"robot": "panda"}), "has the fields robot; needed: architecture, input_size"),
    ],
)
def test_damaged_headers_are_rejected(tmp_path, text, message):
    save_file({"a": torch.zeros(3)}, tmp_path / "a.safetensors", metadata={"ctr_env/weights@1": text})
    with pytest.raises(ValueError, match=f"a.safetensors.*{message}"):
        load_weights(tmp_path / "a.safetensors")


def test_weights_of_another_network_are_rejected(tmp_path, header, trained):
    path = tmp_path / "tiny.safetensors"
    save_weights(path, trained.state_dict(), replace(header, architecture="huge"))
    with pytest.raises(ValueError, match=r"tiny.safetensors: unknown architecture 'huge'; valid names: tiny"):
        load_network(path)
    save_weights(path, trained.state_dict(), replace(header, keypoints=KEYPOINTS[:1]))
    with pytest.raises(ValueError, match=r"tiny with 1 keypoints: .*convolution.bias is \(2,\), should be \(1,\)"):
        load_network(path)
    state = trained.state_dict()
    state["extra"] = state.pop("norm.weight")
    save_weights(path, state, header)
    with pytest.raises(ValueError, match=r"1 missing: norm.weight; 1 superfluous: extra"):
        load_network(path)


def test_long_lists_of_differences_are_cut_and_counted():
    wanted = {f"layer{i}": torch.zeros(1) for i in range(11)} | {"bn.num_batches_tracked": torch.tensor(0)}
    assert tensor_differences({}, wanted) == {
        "missing": "11 missing: " + ", ".join(f"layer{i}" for i in range(8)) + " and 3 more"
    }
    assert tensor_differences(wanted, wanted) == {}


def rewritten(path, change):
    """The file with its header's entries changed."""
    with safe_open(path, framework="pt") as file:
        values = json.loads(file.metadata()["ctr_env/weights@1"])
        tensors = {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118
    save_file(tensors, path, metadata={"ctr_env/weights@1": json.dumps(change(values))})


def earlier(figures, **recipe):
    """A header's entries as they were before the uncertainty model, with ``figures`` for ``metrics``."""

    def change(values):
        kept = {name: value for name, value in values.items() if name not in ("metrics", "uncertainty", "figures")}
        return {**kept, "figures": figures, "recipe": recipe}

    return change


def test_the_uncertainty_model_comes_back(tmp_path, header, trained):
    path = tmp_path / "tiny.safetensors"
    model = UncertaintyModel(covariance_scale=1.3, contour_exponent=4.0, systematic_m=0.001, measured=True)
    save_weights(path, trained.state_dict(), replace(header, uncertainty=model))
    assert read_header(path).uncertainty == model


def test_earlier_files_keep_their_metrics_and_covariance_scale(tmp_path, header, trained):
    path = tmp_path / "tiny.safetensors"
    save_weights(path, trained.state_dict(), header)
    figures = {"covariance_scale": 1.081, "validation": {"frames": 300}}
    rewritten(path, earlier(figures, steps=3))
    found = read_header(path)
    assert found.metrics == figures
    assert found.uncertainty == UncertaintyModel(covariance_scale=1.081, measured=True)
    save_weights(path, trained.state_dict(), header)
    rewritten(path, earlier({}, steps=3))
    assert read_header(path).uncertainty == UncertaintyModel()


def test_earlier_files_of_adapted_weights_claim_nothing_that_was_not_measured_on_them(tmp_path, header, trained):
    path = tmp_path / "tiny.safetensors"
    save_weights(path, trained.state_dict(), header)
    rewritten(path, earlier({"covariance_scale": 1.081, "validation": {"frames": 300}}, adaptation={"steps": 9}))
    found = read_header(path)
    assert found.uncertainty.source == "inherited"
    assert found.uncertainty.covariance_scale == 1.081
    assert found.metrics == {}


def test_a_validity_model_of_other_evidence_is_not_used(tmp_path, header, trained):
    path = tmp_path / "tiny.safetensors"
    save_weights(path, trained.state_dict(), replace(header, uncertainty=UncertaintyModel(systematic_m=0.001)))

    def with_old_model(values):
        old = {"mean": [0.0] * 3, "scale": [1.0] * 3, "weights": [1.0] * 3, "bias": 0.0, "least_probability": 0.5}
        return {**values, "uncertainty": {**values["uncertainty"], "validity": old}}

    rewritten(path, with_old_model)
    with pytest.warns(DataWarning, match="tiny.safetensors: its validity model .* fit-uncertainty"):
        found = read_header(path)
    assert found.uncertainty == UncertaintyModel(systematic_m=0.001)
