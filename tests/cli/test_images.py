import json
from pathlib import Path

import numpy as np
import pytest

from ctr_env.cli.calibrate import Calibrate
from ctr_env.cli.images import DataOptions, RecordingOptions, image_sources
from ctr_env.cli.parsing import parse
from ctr_env.datasets.dream_writer import write_frame, write_settings
from ctr_env.datasets.image_file import read_image
from ctr_env.datasets.synthetic.sampler import FrameSampler
from ctr_env.errors import ConfigurationError
from ctr_env.runs.seeds import frame_seed
from ctr_env.scenes.robots.kinematics import RobotKinematics

PANDA = RobotKinematics("panda")


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """A DREAM folder of one frame, and beside it a recording of the same frame with other joint names."""
    folder = tmp_path_factory.mktemp("data")
    sampler = FrameSampler("panda", 64, 48, "none")
    frame = sampler.sample(frame_seed("validation", 91, 0), "000000")
    sampler.close()
    write_frame(folder, sampler.robot, frame, {})
    write_settings(folder, sampler.robot, frame.camera)
    header = ",".join(f"axis_{i}" for i in range(1, 8))
    (folder / "joints.csv").write_text(f"{header}\n{','.join(map(str, frame.joint_positions))}\n")
    (folder / "images").mkdir()
    (folder / "images" / "0.jpg").write_bytes((folder / "000000.rgb.jpg").read_bytes())
    K = frame.camera.opencv_matrix
    P = np.hstack([K * [[2.0, 1.0, 1.0], [1.0, 2.0, 1.0], [1.0, 1.0, 1.0]], np.zeros((3, 1))])
    camera = {"width": 64, "height": 48, "K": K.ravel().tolist(), "D": [], "P": P.ravel().tolist()}
    camera["distortion_model"] = "plumb_bob"
    (folder / "camera.json").write_text(json.dumps(camera))
    return folder


def recording(folder, **more):
    return DataOptions(
        images=folder / "images", joints=folder / "joints.csv", camera=folder / "camera.json",
        joint_names=("axis_=panda_joint",), **more,
    )  # fmt: skip


def test_rectified_selects_the_projection_matrix(folder):
    raw, rectified = (
        image_sources([], recording(folder, rectified=value), PANDA, folder / "x")[0] for value in (False, True)
    )
    cameras = [source.read_unlabelled(source.names[0]).camera for source in (raw, rectified)]
    assert cameras[1].fx == pytest.approx(2.0 * cameras[0].fx)


def test_joint_names_map_columns_to_the_robot(folder):
    (source,) = image_sources([], recording(folder, rectified=False), PANDA, folder / "x")
    expected = json.loads((folder / "000000.json").read_text())["sim_state"]["joints"]
    found = source.read_unlabelled(source.names[0])
    assert np.allclose(found.joint_positions, [joint["position"] for joint in expected][:7])
    assert np.array_equal(found.image, read_image(folder / "images" / "0.jpg"))


@pytest.mark.parametrize("word", ["fr3_", "=panda_", "fr3_="])
def test_joint_names_have_two_sides(word):
    with pytest.raises(ConfigurationError, match="--joint-names takes FILE=ROBOT"):
        RecordingOptions(joint_names=(word,)).joint_name_map  # noqa: B018


def test_units_and_pixel_centres_are_taken_as_given(folder):
    options = DataOptions(units="cm", pixel_centres="integer")
    (source,) = image_sources([folder], options, PANDA, folder / "x")
    assert source.conventions == {
        "units": "cm", "units_from": "option", "pixel_centres": "integer", "pixel_centres_from": "option",
    }  # fmt: skip


@pytest.mark.parametrize(
    "data, options, message",
    [
        ([Path("x")], {"rectified": False}, "--rectified belong to --images"),
        ([Path("x")], {"joint_names": ("a=b",)}, "--joint-names belong to --images"),
        ([], {"images": Path("i"), "joints": Path("j"), "camera": Path("c"), "units": "cm"}, "belong to --data"),
    ],
)
def test_options_of_the_other_source_are_rejected(data, options, message):
    with pytest.raises(ConfigurationError, match=message):
        image_sources(data, DataOptions(**options), PANDA, Path("x"))


@pytest.mark.parametrize("words, value", [([], None), (["--rectified"], True), (["--no-rectified"], False)])
def test_rectified_is_a_switch_that_may_be_left_out(words, value):
    assert parse(Calibrate, [*words, "--robot", "panda"]).rectified is value


def test_a_switch_may_come_from_a_file(tmp_path):
    file = tmp_path / "options.yaml"
    file.write_text("rectified: false\njoint-names: [fr3_=panda_]\n")
    found = parse(Calibrate, ["--config", str(file)])
    assert found.rectified is False
    assert found.joint_name_map == {"fr3_": "panda_"}
