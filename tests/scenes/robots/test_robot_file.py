"""Robots as files."""

import dataclasses
import json
import re
from pathlib import Path

import numpy as np
import pytest
import yaml

from ctr_env.datasets.synthetic.sampler import FrameSampler
from ctr_env.runs.seeds import frame_seed
from ctr_env.scenes.robots.catalogue import ROBOTS, get_robot
from ctr_env.scenes.robots.kinematics import RobotKinematics
from ctr_env.scenes.robots.robot_file import read_robot
from ctr_env.scenes.robots.surfaces import robot_surface
from ctr_env.scenes.world.config import SceneConfig
from ctr_env.scenes.world.scene import Scene

EXAMPLE = Path(__file__).parents[3] / "examples" / "ur10.yaml"


def test_the_example_is_a_robot():
    robot = get_robot(str(EXAMPLE))
    assert robot.name == "ur10"
    kinematics = RobotKinematics(str(EXAMPLE))
    assert kinematics.n == 6
    assert np.isfinite(kinematics.keypoints(kinematics.home)).all()


def test_frames_of_the_example_are_drawn():
    """Its URDF has a link called world, and its shoulder turns just above the table."""
    sampler = FrameSampler(str(EXAMPLE), 160, 120)
    frame = sampler.sample(frame_seed("validation", 5, 0))
    sampler.close()
    assert sampler.robot.name == "ur10" and frame.mask.sum() > 50
    scene = Scene(SceneConfig(str(EXAMPLE), 160, 120))
    np.testing.assert_allclose(scene.world_T_base.translation, [0.0, 0.0, 0.75])
    assert not scene.touches()


def test_the_example_without_a_hand_is_a_panda_but_for_what_is_hidden():
    bare, panda = get_robot(str(EXAMPLE.with_name("panda_without_hand.yaml"))), ROBOTS["panda"]
    assert bare.network_robot == "panda"
    for name in ("arm_joints", "keypoint_frames", "end_effector", "home", "acceleration_limits", "table"):
        assert getattr(bare, name) == getattr(panda, name)
    links = robot_surface(bare, 5000).links
    assert "panda_link7" in links and not any("hand" in link or "finger" in link for link in links)


@pytest.mark.parametrize("name", ["panda", "baxter_right"])
def test_a_robot_written_to_a_file_comes_back(tmp_path, name):
    file = tmp_path / "robot.json"
    file.write_text(json.dumps({key: value for key, value in dataclasses.asdict(ROBOTS[name]).items()}))
    assert read_robot(file) == ROBOTS[name]


def test_a_urdf_beside_the_file_goes_before_the_package_s(tmp_path):
    data = yaml.safe_load(EXAMPLE.read_text())
    (tmp_path / "arm.urdf").write_text("<robot/>")
    (tmp_path / "arm.yaml").write_text(yaml.safe_dump(data | {"urdf": "arm.urdf"}))
    assert get_robot(str(tmp_path / "arm.yaml")).urdf_path == (tmp_path / "arm.urdf").resolve()


@pytest.mark.parametrize(
    "change, message",
    [
        ({"colour": "red"}, "unknown colour; valid names: name, urdf"),
        ({"home": None}, "no home; valid names: name, urdf"),
        ({"home": [0.0, 1.0]}, "home has 2 numbers, arm_joints has 6 names"),
    ],
)
def test_what_is_wrong_with_a_file_is_named(tmp_path, change, message):
    data = yaml.safe_load(EXAMPLE.read_text()) | change
    file = tmp_path / "arm.yaml"
    file.write_text(yaml.safe_dump({key: value for key, value in data.items() if value is not None}))
    with pytest.raises(ValueError, match=re.escape(str(file)) + ".*" + re.escape(message)):
        get_robot(str(file))


def test_files_that_are_no_description_are_rejected(tmp_path):
    with pytest.raises(FileNotFoundError, match="no robot file"):
        get_robot(str(tmp_path / "arm.yaml"))
    (tmp_path / "arm.yaml").write_text("- a\n- list\n")
    with pytest.raises(ValueError, match="must be a mapping of a robot's fields, not list"):
        get_robot(str(tmp_path / "arm.yaml"))
    (tmp_path / "arm.yaml").write_text("{")
    with pytest.raises(ValueError, match="not YAML or JSON"):
        get_robot(str(tmp_path / "arm.yaml"))
