"""CtRNet's Baxter set in the layout in which its authors publish it."""

import pickle
import re

import imageio.v3 as iio
import numpy as np
import pytest

from ctr_env.datasets.ctrnet_baxter import CtRNetBaxterFolder
from ctr_env.datasets.dream_reader import DreamFolder
from ctr_env.datasets.folders import open_folder
from ctr_env.datasets.synthetic.sampler import FrameSampler
from ctr_env.errors import ConfigurationError
from ctr_env.evaluation.pose.runner import run_pose_study
from ctr_env.evaluation.pose.study import PoseStudy
from ctr_env.runs.seeds import frame_seed
from ctr_env.scenes.robots.kinematics import RobotKinematics

BAXTER = RobotKinematics("baxter")
CAMERA_YAML = """image_width: 320
image_height: 240
camera_matrix: {{rows: 3, cols: 3, data: [{fx}, 0, {cx}, 0, {fy}, {cy}, 0, 0, 1]}}
distortion_coefficients: {{rows: 1, cols: 5, data: [0, 0, 0, 0, 0]}}
"""


def dh(alpha, a, d, theta):
    """A link of the published chain (Craig's convention)."""
    c, s, ca, sa = np.cos(theta), np.sin(theta), np.cos(alpha), np.sin(alpha)
    return np.array([[c, -s, 0, a], [s * ca, c * ca, -sa, -d * sa], [s * sa, c * sa, ca, d * ca], [0, 0, 0, 1]])


def published_end_effector(q):
    """End-effector position by the authors' kinematic chain, in the frame of the first link (metres)."""
    pi = np.pi / 2
    lengths = (0.0, 0.0, 0.36435, 0.0, 0.37429, 0.0, 0.0)
    links = ((0.0, 0.0), (-pi, 0.069), (pi, 0.0), (-pi, 0.069), (pi, 0.0), (-pi, 0.01), (pi, 0.0))
    T = dh(0.0, 0.0, 0.27035, 0.0)
    for i, ((alpha, a), d) in enumerate(zip(links, lengths, strict=True)):
        T = T @ dh(alpha, a, d, q[i] + (pi if i == 1 else 0.0))
    return (T @ [0.0, 0.0, 0.3683, 1.0])[:3]


def end_effector(q):
    """The same position in the base frame."""
    base_T_arm = BAXTER.base_T_link(np.zeros(7), "left_upper_shoulder")
    return base_T_arm.apply(published_end_effector(q))


@pytest.fixture(scope="module")
def drawn():
    """Two frames of one camera; the set has several images of each."""
    sampler = FrameSampler("baxter", 320, 240, "none", fixed_camera=0)
    frames = [sampler.sample(frame_seed("validation", 3, i)) for i in range(2)]
    sampler.close()
    return frames


@pytest.fixture
def folder(drawn, tmp_path):
    inner = tmp_path / "set" / "baxter-real-dataset"
    truth = {}
    for i, frame in enumerate(drawn):
        (inner / f"pose_{i}").mkdir(parents=True)
        for j in range(2):
            iio.imwrite(inner / f"pose_{i}" / f"{j}.png", frame.image)
        place = frame.camera_T_base.apply(end_effector(frame.joint_positions))
        pixel = frame.camera.project(place) - 0.5
        truth[f"pose_{i}"] = {
            "joints": frame.joint_positions.tolist(), "ee_2d": pixel.tolist(), "ee_3d": place.tolist()
        }  # fmt: skip
    (inner / "ground_truth_data").write_bytes(pickle.dumps(truth))
    c = drawn[0].camera
    (inner / "camera.yaml").write_text(CAMERA_YAML.format(fx=c.fx, fy=c.fy, cx=c.cx - 0.5, cy=c.cy - 0.5))
    return tmp_path / "set"


def test_the_marked_point_is_the_published_end_effector():
    rng = np.random.default_rng(0)
    for _ in range(20):
        q = rng.uniform(BAXTER.lower, BAXTER.upper)
        ours = BAXTER.points(q, ["left_wrist"], [(0.0, 0.0, 0.25233)])[0]
        np.testing.assert_allclose(ours, end_effector(q), atol=1e-3)


def test_frames_have_images_joint_angles_and_end_effector_positions(folder, drawn):
    frames = open_folder(folder, BAXTER)
    assert isinstance(frames, CtRNetBaxterFolder)
    assert frames.names == ["pose_0/0", "pose_0/1", "pose_1/0", "pose_1/1"]
    found = frames.read("pose_1/0")
    np.testing.assert_array_equal(found.image, drawn[1].image)
    np.testing.assert_allclose(found.joint_positions, drawn[1].joint_positions)
    assert found.camera.fx == pytest.approx(drawn[1].camera.fx) and found.camera.cx == pytest.approx(drawn[1].camera.cx)
    there = drawn[1].camera.project(found.marked.location)
    np.testing.assert_allclose(found.marked.pixel, there, atol=1e-6)
    assert found.camera_T_base is None
    np.testing.assert_array_equal(frames.read_unlabelled("pose_1/0").image, drawn[1].image)


def test_without_a_camera_file_the_camera_is_the_published_one(folder):
    (folder / "baxter-real-dataset" / "camera.yaml").unlink()
    camera = open_folder(folder / "baxter-real-dataset", BAXTER).read_unlabelled("pose_0/0").camera
    assert camera.fx == pytest.approx(960.41357421875 * 320 / 2048)
    assert (camera.width, camera.height) == (320, 240)


def test_estimates_are_evaluated_at_the_end_effector(folder, tmp_path):
    study = PoseStudy(robot="baxter", data=str(folder), estimator="ctrnet")
    result = run_pose_study(study, tmp_path / "out")
    assert result["frames"] == 4 and not result["skipped"]
    frame, summary = result["per_frame"][0], result["summary"]
    assert len(frame["keypoint_errors_m"]) == 1 and frame["rotation_error_rad"] is None
    assert frame["add_m"] == pytest.approx(frame["keypoint_errors_m"][0])
    assert summary["pck2d"]["50"] == 1.0 and summary["add_below_100mm"] == 1.0
    assert summary["add_auc_400mm"] > 85.0
    assert summary["nees"]["n"] == 0 and (tmp_path / "out" / "sheet.png").is_file()


def test_damaged_frames_are_rejected_and_the_others_evaluated(folder, tmp_path):
    inner = folder / "baxter-real-dataset"
    (inner / "pose_0" / "1.png").write_bytes(b"no image")
    truth = pickle.loads((inner / "ground_truth_data").read_bytes())
    truth["pose_1"]["joints"] = truth["pose_1"]["joints"][:6]
    (inner / "ground_truth_data").write_bytes(pickle.dumps(truth))
    result = run_pose_study(PoseStudy(robot="baxter", data=str(folder), estimator="ctrnet"), tmp_path / "out")
    assert result["frames"] == 1
    assert [item["file"] for item in result["skipped"]] == ["pose_0/1.png", "ground_truth_data", "ground_truth_data"]
    assert "joints of pose_1 must be 7 finite numbers" in result["skipped"][1]["reason"]


def test_errors_of_the_whole_set_are_named(folder, tmp_path):
    with pytest.raises(ValueError, match="the robot must be baxter, not panda"):
        open_folder(folder, RobotKinematics("panda"))
    (folder / "baxter-real-dataset" / "ground_truth_data").write_bytes(pickle.dumps(np.zeros(3)))
    with pytest.raises(ValueError, match=re.escape("ground_truth_data: not a pickle of plain values: it needs numpy")):
        open_folder(folder, BAXTER)
    with pytest.raises(FileNotFoundError, match="no frames"):
        open_folder(tmp_path, BAXTER)


def test_other_folders_are_read_in_dreams_layout(write_folder, tmp_path):
    assert isinstance(open_folder(write_folder(tmp_path, "baxter", 1), BAXTER), DreamFolder)


def test_options_of_dream_folders_are_rejected(folder):
    assert open_folder(folder, BAXTER).conventions == {"units": "m", "pixel_centres": "integer"}
    with pytest.raises(ConfigurationError, match="is CtRNet's Baxter set: units and pixel_centres"):
        open_folder(folder, BAXTER, units="cm")
