"""The exported graph computes what the network computes, for any batch, and says what a program must know."""

import json

import numpy as np
import onnxruntime
import pytest
import torch

from ctr_env.errors import ConfigurationError, MissingFileError
from ctr_env.estimators.ctrnet.architectures import make_network
from ctr_env.estimators.ctrnet.cropping import Crop
from ctr_env.estimators.ctrnet.detector import LOG_SCALES, Detector
from ctr_env.estimators.ctrnet.onnx_export import INPUTS, OUTPUTS, export_onnx
from ctr_env.estimators.ctrnet.packaged import packaged_weights
from ctr_env.estimators.ctrnet.pose_prior import draw_pose_prior
from ctr_env.estimators.ctrnet.weights import WeightsHeader, load_network, save_weights
from ctr_env.scenes.robots.catalogue import get_robot


@pytest.fixture(scope="module")
def exported(tmp_path_factory):
    file = tmp_path_factory.mktemp("onnx") / "panda.onnx"
    header = export_onnx(packaged_weights(get_robot("panda")), get_robot("panda"), file)
    return onnxruntime.InferenceSession(str(file), providers=["CPUExecutionProvider"]), header


@pytest.mark.parametrize("count", [1, 3])
def test_the_graph_computes_what_the_network_computes(exported, count):
    session, header = exported
    width, height = header.input_size
    rng = np.random.default_rng(count)
    images, priors = (rng.integers(0, 256, (count, height, width, 3)).astype(np.uint8) for _ in range(2))
    found = dict(zip(OUTPUTS, session.run(None, dict(zip(INPUTS, (images, priors), strict=True))), strict=True))

    network, _ = load_network(packaged_weights(get_robot("panda")))
    mean, std = torch.tensor(header.mean), torch.tensor(header.std)
    planes = (torch.from_numpy(images).float() / 255.0 - mean) / std
    with torch.no_grad():
        output = network(planes.permute(0, 3, 1, 2), torch.from_numpy(priors).permute(0, 3, 1, 2).float() / 255.0)
    np.testing.assert_allclose(found["keypoints_px"], output.keypoints_px, atol=1e-3)
    np.testing.assert_allclose(found["confidence"], torch.sigmoid(output.confidence_logits), atol=1e-4)
    np.testing.assert_allclose(found["mask"], torch.sigmoid(output.mask_logits)[:, 0], atol=1e-4)
    np.testing.assert_allclose(
        found["variance_px2"], 2.0 * torch.exp(2.0 * output.log_scale.clamp(*LOG_SCALES)), rtol=1e-3
    )


def test_crop_and_prior_of_the_package_fit_the_graph(exported):
    """With them the graph gives the detection of the package in float32."""
    session, header = exported
    robot = get_robot("panda")
    width, height = header.input_size
    image = np.random.default_rng(0).integers(0, 256, (height, width, 3)).astype(np.uint8)
    crop = Crop((0.5 * width, 0.5 * height), 1.0, header.input_size)
    places = np.random.default_rng(1).uniform(20, 170, (len(header.keypoints), 2))
    found = Detector(packaged_weights(robot), robot, "cpu", "float32").detect([image], [crop], [places])[0]
    prior = draw_pose_prior(places, json.loads(session.get_modelmeta().custom_metadata_map["chain"]), header.input_size)
    pixels, _, confidence, mask = session.run(None, {"image": image[None], "prior": prior[None]})
    sure = found.confidence > 0.5
    np.testing.assert_allclose(confidence[0], found.confidence, atol=1e-3)
    np.testing.assert_allclose(mask[0], found.crop_mask, atol=1e-2)
    np.testing.assert_allclose(pixels[0][sure], found.pixels[sure], atol=0.02)


def test_the_metadata_name_robot_keypoints_and_conventions(exported):
    session, header = exported
    about = session.get_modelmeta().custom_metadata_map
    assert about["robot"] == "panda"
    assert about["pixel_centres"] == "half"
    assert json.loads(about["keypoints"]) == [list(point) for point in header.keypoints]
    assert json.loads(about["chain"]) == 7
    assert tuple(json.loads(about["input_size"])) == header.input_size
    assert json.loads(about["border"]) == 114


def test_weights_that_cannot_be_exported_are_rejected_by_name(tmp_path):
    with pytest.raises(MissingFileError, match=r"none\.safetensors"):
        export_onnx(tmp_path / "none.safetensors", get_robot("panda"), tmp_path / "none.onnx")
    with pytest.raises(ConfigurationError, match="weights for robot 'panda', not 'baxter'"):
        export_onnx(packaged_weights(get_robot("panda")), get_robot("baxter"), tmp_path / "other.onnx")
    header = WeightsHeader(
        architecture="deeplab_resnet50", robot="panda", keypoints=(("panda_link0", 0.0, 0.0, 0.0),), input_size=(64, 48)
    )
    save_weights(tmp_path / "deep.safetensors", make_network("deeplab_resnet50", 1).state_dict(), header)
    with pytest.raises(ConfigurationError, match="architecture deeplab_resnet50; only compact"):
        export_onnx(tmp_path / "deep.safetensors", get_robot("panda"), tmp_path / "deep.onnx")
    assert not list(tmp_path.glob("*.onnx"))
