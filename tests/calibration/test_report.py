import json

import numpy as np
import yaml
from scipy.spatial.transform import RigidTransform, Rotation

from ctr_env.calibration.report import calibration_data, write_calibration
from ctr_env.geometry import moved, twist_between
from ctr_env.scenes.robots.kinematics import RobotKinematics

PANDA = RobotKinematics("panda")


def test_files_say_the_same_and_can_be_read_by_others(found, frames, tmp_path):
    camera = next(iter(frames.values())).camera
    write_calibration(calibration_data(found, PANDA.robot, camera), tmp_path)
    data = json.loads((tmp_path / "calibration.json").read_text())
    np.testing.assert_allclose(np.array(data["camera_T_base"]) @ np.array(data["base_T_camera"]), np.eye(4), atol=1e-12)
    np.testing.assert_allclose(data["camera_T_base"], found.camera_T_base.as_matrix())
    place = yaml.safe_load((tmp_path / "calibration.yaml").read_text())
    assert (place["header"]["frame_id"], place["child_frame_id"]) == ("panda_link0", "camera_optical_frame")
    values = place["transform"]
    turn = Rotation.from_quat([values["rotation"][axis] for axis in "xyzw"])
    pose = RigidTransform.from_components([values["translation"][axis] for axis in "xyz"], turn)
    np.testing.assert_allclose(pose.as_matrix(), np.array(data["base_T_camera"]), atol=1e-12)
    assert len(data["frames"]) == 8 and data["frames"][0]["name"] == "000000"
    assert data["uncertainty"] == "measured"
    rng = np.random.default_rng(0)
    off = [moved(found.camera_T_base, twist) for twist in rng.multivariate_normal(np.zeros(6), found.covariance, 4000)]
    back = [each.inv() for each in off]
    for prefix, pose, near in (("", found.camera_T_base, off), ("base_T_camera_", found.camera_T_base.inv(), back)):
        spread = np.std([twist_between(pose, each) for each in near], axis=0)
        np.testing.assert_allclose(1e3 * spread[:3], data[f"{prefix}position_std_mm"], rtol=0.06)
        np.testing.assert_allclose(np.degrees(spread[3:]), data[f"{prefix}rotation_std_deg"], rtol=0.06)
