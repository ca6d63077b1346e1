import json

import cv2
import numpy as np
import pytest

from ctr_env.datasets.camera_file import read_camera_file
from ctr_env.errors import DataError, MissingFileError

K = np.array([[610.5, 0.0, 318.25], [0.0, 612.0, 241.75], [0.0, 0.0, 1.0]])
D = (0.1, -0.05, 0.001, 0.002, 0.01)

ROS = """image_width: 640
image_height: 480
camera_name: left
camera_matrix: {rows: 3, cols: 3, data: [610.5, 0, 318.25, 0, 612.0, 241.75, 0, 0, 1]}
distortion_model: plumb_bob
distortion_coefficients: {rows: 1, cols: 5, data: [0.1, -0.05, 0.001, 0.002, 0.01]}
"""
MESSAGE = "height: 480\nwidth: 640\ndistortion_model: plumb_bob\nd: [0.0, 0.0, 0.0, 0.0, 0.0]\nk: {k}\n"


def opencv(file, **more):
    storage = cv2.FileStorage(str(file), cv2.FILE_STORAGE_WRITE)
    storage.write("image_width", 640)
    storage.write("image_height", 480)
    for name, value in more.items():
        storage.write(name, value)
    storage.write("camera_matrix", K)
    if "distortion_coefficients" not in more:
        storage.write("distortion_coefficients", np.array([D]))
    storage.release()
    return file


def test_yaml_json_and_xml_hold_the_same_camera(tmp_path):
    names = ["opencv.yaml", "opencv.json", "opencv.xml"]
    for name in names:
        opencv(tmp_path / name)
    (tmp_path / "ros.yaml").write_text(ROS)
    point = np.array([0.2, -0.1, 1.3])
    expected, _ = cv2.projectPoints(point[None], np.zeros(3), np.zeros(3), K, np.array(D))
    for name in [*names, "ros.yaml"]:
        camera = read_camera_file(tmp_path / name)
        assert (camera.width, camera.height, camera.distortion) == (640, 480, D)
        np.testing.assert_allclose(camera.project(point), expected.ravel() + 0.5, atol=1e-6)


@pytest.mark.parametrize("suffix", ["yaml", "xml"])
def test_opencvs_sample_marks_the_fisheye_model(tmp_path, suffix):
    """Its four coefficients are not k1 k2 p1 p2."""
    coefficients = np.array([[-0.0155], [0.0143], [-0.0121], [0.0021]])
    file = opencv(tmp_path / f"out_camera_data.{suffix}", fisheye_model=1, distortion_coefficients=coefficients)
    points = np.array([[0.3, 0.0, 1.0], [0.7, 0.2, 1.0], [1.2, 0.5, 1.0]])
    expected, _ = cv2.fisheye.projectPoints(points[:, None], np.zeros(3), np.zeros(3), K, coefficients)
    camera = read_camera_file(file)
    assert camera.lens_model == "equidistant"
    np.testing.assert_allclose(camera.project(points), expected[:, 0] + 0.5, atol=1e-6)
    plain = opencv(tmp_path / f"plain.{suffix}", fisheye_model=0)
    assert (read_camera_file(plain).lens_model, read_camera_file(plain).distortion) == ("opencv", D)


def test_a_message_without_distortion(tmp_path):
    (tmp_path / "info.yaml").write_text(MESSAGE.format(k=json.dumps(K.ravel().tolist())))
    camera = read_camera_file(tmp_path / "info.yaml")
    assert camera.distortion == () and camera.cx == 318.75


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("just text", "no camera in it"),
        ("a: [", "not YAML, JSON or XML"),
        ("<opencv_storage>", "not YAML, JSON or XML"),
        ("image_width: 3", "no camera_matrix"),
        (ROS.replace("image_height", "tall"), "no image_height"),
        (ROS.replace("plumb_bob", "bent"), "unknown distortion model 'bent'; valid names: none"),
        (ROS.replace("610.5, 0,", "610.5, 3,"), "skew"),
        (
            ROS.replace("610.5, 0, 318.25, 0, 612.0, 241.75, 0, 0, 1", "610.5, 0, 0, 0, 612, 0, 318, 241, 1"),
            "row by row",
        ),
        (ROS.replace("0.1, -0.05, 0.001, 0.002, 0.01", "0.1, -0.05, 0.001"), "0, 4, 5, 8, 12, 14 finite numbers"),
        (ROS.replace("0.1, -0.05", ".nan, -0.05"), "finite numbers"),
        (ROS + "roi: [0, 0, 10, 10]\n", "roi must have x_offset"),
        (ROS + "roi: {x_offset: 600, y_offset: 0, width: 640, height: 480}\n", "beyond the 640x480 pixels"),
        ("!!python/object:os.system {}", "not YAML"),
    ],
)
def test_errors_name_the_file_and_the_cause(tmp_path, text, message):
    (tmp_path / "camera.yaml").write_text(text)
    with pytest.raises(DataError, match=message) as raised:
        read_camera_file(tmp_path / "camera.yaml")
    assert "camera.yaml" in str(raised.value)


def test_a_missing_file_is_named(tmp_path):
    with pytest.raises(MissingFileError, match="no such camera file: .*nowhere.yaml"):
        read_camera_file(tmp_path / "nowhere.yaml")


def test_a_message_as_rostopic_echoes_it_ends_with_the_start_of_another_document(tmp_path):
    text = MESSAGE.format(k=json.dumps(K.ravel().tolist()))
    (tmp_path / "echo.yaml").write_text(text.rstrip() + "\n---\n")
    (tmp_path / "info.yaml").write_text(text)
    assert read_camera_file(tmp_path / "echo.yaml") == read_camera_file(tmp_path / "info.yaml")
