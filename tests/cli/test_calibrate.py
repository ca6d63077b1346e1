import json

import cv2
import numpy as np
import pytest

from ctr_env.cli import main
from ctr_env.datasets.synthetic.sampler import FrameSampler
from ctr_env.errors import TrainingError
from ctr_env.estimators.ctrnet.weights import read_header
from ctr_env.runs.seeds import frame_seed
from ctr_env.scenes.robots.catalogue import get_robot

LENS = (-0.2, 0.05, 0.001, -0.001, 0.0)


def through_lens(image, camera):
    """The image of a camera with this lens."""
    K = camera.opencv_matrix
    x, y = np.meshgrid(np.arange(camera.width), np.arange(camera.height))
    pixels = np.stack([x, y], -1).reshape(-1, 1, 2).astype(float)
    straight = cv2.undistortPoints(pixels, K, np.array(LENS), P=K).reshape(*x.shape, 2).astype(np.float32)
    return cv2.remap(image, straight[..., 0], straight[..., 1], cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE)


def record(folder, robot, camera, seed, count=5):
    """Images, a table of joint angles and a camera file of one camera; its true pose."""
    (folder / "images").mkdir()
    sampler = FrameSampler(robot, 320, 240, "none", fixed_camera=camera)
    frames = [sampler.sample(frame_seed("validation", seed, i)) for i in range(count)]
    sampler.close()
    lines = [",".join(["image", *get_robot(robot).arm_joints])]
    for i, frame in enumerate(frames):
        cv2.imwrite(str(folder / "images" / f"{i}.png"), through_lens(frame.image, frame.camera)[..., ::-1])
        lines.append(",".join([f"{i}.png", *(str(q) for q in frame.joint_positions)]))
    (folder / "joints.csv").write_text("\n".join(lines) + "\n")
    c = frames[0].camera
    matrix = c.opencv_matrix.ravel().tolist()
    (folder / "camera.yaml").write_text(
        f"image_width: {c.width}\nimage_height: {c.height}\ncamera_matrix: {{rows: 3, cols: 3, data: {matrix}}}\n"
        f"distortion_coefficients: {{rows: 1, cols: 5, data: {list(LENS)}}}\n"
    )
    return frames[0].camera_T_base


def where(folder):
    """Options that name a recording."""
    files = (("images", "images"), ("joints", "joints.csv"), ("camera", "camera.yaml"))
    return [word for option, file in files for word in (f"--{option}", str(folder / file))]


@pytest.fixture(scope="module")
def recording(tmp_path_factory):
    folder = tmp_path_factory.mktemp("recording")
    return folder, record(folder, "panda", 7, 52)


def test_a_recording_gives_the_pose_of_its_camera(recording, tmp_path, capsys):
    folder, truth = recording
    out = tmp_path / "out"
    assert main(["calibrate", *where(folder), "--out", str(out)]) == 0
    shown = capsys.readouterr().out
    assert "base in the camera" in shown and "±" in shown
    data = json.loads((out / "calibration.json").read_text())
    assert data["schema"] == "ctr_env/calibrate@2"
    assert data["conventions"] == {"rows": "by name"} and data["uncertainty"] == "measured"
    assert data["skipped"] == [] and data["config"]["robot"] == "panda" and data["config"]["refine"] is False
    assert np.linalg.norm(np.array(data["camera_T_base"])[:3, 3] - truth.translation) < 0.015
    assert data["camera"]["distortion"] == list(LENS) and data["camera"]["pixel_centre"] == 0.5
    assert (out / "calibration.yaml").is_file() and (out / "overlays.png").stat().st_size > 10_000


@pytest.fixture(scope="module")
def right_arm(tmp_path_factory):
    folder = tmp_path_factory.mktemp("right_arm")
    return folder, record(folder, "baxter_right", 3, 53, count=3)


def test_a_right_arm_is_calibrated_in_a_mirror(right_arm, tmp_path):
    folder, truth = right_arm
    assert main(["calibrate", "--robot", "baxter_right", *where(folder), "--out", str(tmp_path)]) == 0
    data = json.loads((tmp_path / "calibration.json").read_text())
    found = np.array(data["camera_T_base"])
    assert data["robot"] == "baxter_right"
    assert np.linalg.norm(found[:3, 3] - truth.translation) < 0.012
    assert np.allclose(found[:3, :3], truth.rotation.as_matrix(), atol=0.02)
    assert all(frame["valid"] and frame["outline_explained"] > 0.5 for frame in data["frames"])


@pytest.mark.slow
def test_the_network_of_a_right_arm_is_adapted_in_a_mirror(right_arm, tmp_path):
    folder, _ = right_arm
    weights = tmp_path / "adapted" / "weights.safetensors"
    short = ["--steps", "1", "--batch", "2", "--rounds", "1", "--replay-share", "0"]
    assert main(["adapt", "--robot", "baxter_right", *where(folder), *short, "--out", str(weights.parent)]) == 0
    assert read_header(weights).robot == "baxter"
    out = tmp_path / "out"
    given = ["--weights", str(weights), "--out", str(out)]
    assert main(["calibrate", "--robot", "baxter_right", *where(folder), *given]) == 0
    assert json.loads((out / "calibration.json").read_text())["robot"] == "baxter_right"


@pytest.mark.parametrize("adapt", [False, pytest.param(True, marks=pytest.mark.slow)])
def test_a_folder_is_calibrated_and_refined(adapt, write_frames, tmp_path, capsys):
    write_frames(tmp_path / "frames", 4, fixed_camera=7)
    (tmp_path / "frames" / "000002.rgb.jpg").write_bytes(b"no image")
    given = [
        "--data",
        str(tmp_path / "frames"),
        "--refine",
        *(["--adapt", "yes", "--minutes", "0.02"] if adapt else []),
    ]
    assert main(["calibrate", *given, "--out", str(tmp_path / "out")]) == 0
    shown, complaints = capsys.readouterr()
    assert "000002.rgb.jpg" in complaints
    data = json.loads((tmp_path / "out" / "calibration.json").read_text())
    assert [frame["name"] for frame in data["frames"]] == ["000000", "000001", "000003"]
    assert [rejected["file"] for rejected in data["skipped"]] == ["000002.rgb.jpg"]
    truth = json.loads((tmp_path / "frames" / "000000.json").read_text())["objects"][0]["location"]
    assert np.linalg.norm(np.array(data["camera_T_base"])[:3, 3] - truth) < 0.015
    assert ("agreement" in shown) == adapt
    weights = tmp_path / "out" / "adaptation" / "weights.safetensors"
    assert read_header(weights).robot == "panda" if adapt else not weights.exists()


def test_mistakes_end_with_one_line_and_no_results(recording, tmp_path, capsys):
    folder, _ = recording
    out = ["--out", str(tmp_path / "out")]
    assert main(["calibrate", "--images", str(folder / "images"), *out]) == 1
    assert "--images needs --joints" in capsys.readouterr().err
    assert main(["calibrate", "--data", str(folder), *out]) == 1
    assert "no frames" in capsys.readouterr().err
    with pytest.raises(SystemExit):  # one camera at a time
        main(["calibrate", "--data", str(folder), str(folder), *out])
    assert "Unrecognized options" in capsys.readouterr().err
    assert not (tmp_path / "out").exists()


def test_a_camera_by_its_number_takes_the_images_first(recording, tmp_path, monkeypatch):
    folder, _ = recording
    taken = []

    def take(index, joints, camera, kinematics, to, joint_names):
        taken.append((index, joints.name, camera.width, kinematics.robot.name, to))
        return folder / "images"

    monkeypatch.setattr("ctr_env.cli.images.capture", take)
    where = ["--images", "3", "--joints", str(folder / "joints.csv"), "--camera", str(folder / "camera.yaml")]
    assert main(["calibrate", *where, "--out", str(tmp_path / "out")]) == 0
    assert taken == [(3, "joints.csv", 320, "panda", tmp_path / "out" / "images")]


def test_a_failed_adaptation_leaves_the_calibration(recording, tmp_path, capsys, monkeypatch):
    folder, truth = recording

    def fail(*_):
        raise TrainingError("none of 5 images can be learnt from")

    monkeypatch.setattr("ctr_env.cli.calibrate.reason_to_adapt", lambda found: "4 of 5 images hardly fit")
    monkeypatch.setattr("ctr_env.cli.calibrate.Calibrate._adapted", fail)
    assert main(["calibrate", *where(folder), "--out", str(tmp_path)]) == 0
    shown = capsys.readouterr().out
    assert "adapting the network to the images: 4 of 5 images hardly fit" in shown
    assert "the adaptation failed: none of 5 images can be learnt from" in shown
    data = json.loads((tmp_path / "calibration.json").read_text())
    assert data["adapted"] is False
    assert np.linalg.norm(np.array(data["camera_T_base"])[:3, 3] - truth.translation) < 0.015


def test_what_is_asked_for_is_estimated_and_said(recording, tmp_path, capsys):
    folder, _ = recording
    words = ["--estimate", "focal_length", "time_offset", "--adapt", "no", "--out", str(tmp_path / "out")]
    assert main(["calibrate", *where(folder), *words]) == 0
    shown = capsys.readouterr().out
    assert "estimated: the focal length is" in shown
    assert "not estimated, time offset: the images have no joint velocities" in shown
    assert "static_transform_publisher --x" in shown
    data = json.loads((tmp_path / "out" / "calibration.json").read_text())
    assert data["estimated"] == ["focal_length"]
    assert data["estimated_camera"]["fx"] == pytest.approx(data["camera"]["fx"], rel=0.03)  # which is right
    assert {each["name"] for each in data["set_up"]} >= {"joint_offsets", "distortion"}
    page = (tmp_path / "out" / "calibration.html").read_text()
    assert page.count('src="data:image/jpeg') == len(data["frames"])
    assert main(["calibrate", *where(folder), "--estimate", "zoom", "--out", str(tmp_path / "none")]) == 1
    assert "valid names: auto, joint_offsets" in capsys.readouterr().err
    assert not (tmp_path / "none").exists()


BOARD = "columns: 5\nrows: 4\nsquare_m: 0.04\nmarker_m: 0.031\ndictionary: DICT_4X4_50\n"


@pytest.mark.parametrize(
    ("text", "more", "message"),
    [
        (BOARD, ["--refine"], "--refine knows nothing of the board"),
        (BOARD, ["--robot", "baxter_right"], "--board is not possible with baxter_right"),
        (BOARD + "link: panda_link99\n", [], "no link 'panda_link99'"),
        (BOARD + "size: 1\n", [], "unknown field 'size'"),
    ],
)
def test_a_board_that_cannot_be_used_is_rejected_before_images_are_read(text, more, message, tmp_path, capsys):
    (tmp_path / "board.yaml").write_text(text)
    options = ["--board", str(tmp_path / "board.yaml"), "--out", str(tmp_path / "out"), *more]
    assert main(["calibrate", "--images", str(tmp_path / "none"), *options]) == 1
    assert message in capsys.readouterr().err
    assert not (tmp_path / "out").exists()


def test_a_board_that_is_not_in_the_images_is_said(recording, tmp_path, capsys):
    (tmp_path / "board.yaml").write_text(BOARD)
    options = ["--board", str(tmp_path / "board.yaml"), "--out", str(tmp_path / "out")]
    assert main(["calibrate", *where(recording[0]), *options]) == 1
    assert "the board is seen in 0 of 5 joint configurations" in capsys.readouterr().err
