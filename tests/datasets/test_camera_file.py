import json

import cv2
import numpy as np
import pytest

from ctr_env.datasets.camera_file import read_camera_file

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


def opencv(file):
    storage = cv2.FileStorage(str(file), cv2.FILE_STORAGE_WRITE)
    storage.write("image_width", 640)
    storage.write("image_height", 480)
    storage.write("camera_matrix", K)
    storage.write("distortion_coefficients", np.array([D]))
    storage.release()


def test_all_spell_the_same_camera(tmp_path):
    opencv(tmp_path / "opencv.yaml")
    (tmp_path / "ros.yaml").write_text(ROS)
    opencv(tmp_path / "opencv.json")
    point = np.array([0.2, -0.1, 1.3])
    expected, _ = cv2.projectPoints(point[None], np.zeros(3), np.zeros(3), K, np.array(D))
    for name in ("opencv.yaml", "ros.yaml", "opencv.json"):
        camera = read_camera_file(tmp_path / name)
        assert (camera.width, camera.height, camera.distortion) == (640, 480, D)
        np.testing.assert_allclose(camera.project(point), expected.ravel() + 0.5, atol=1e-6)


def test_a_message_without_distortion(tmp_path):
    (tmp_path / "info.yaml").write_text(MESSAGE.format(k=json.dumps(K.ravel().tolist())))
    camera = read_camera_file(tmp_path / "info.yaml")
    assert camera.distortion == () and camera.cx == 318.75


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("just text", "no camera in it"),
        ("a: [", "not YAML"),
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
def test_what_is_wrong_is_named(tmp_path, text, message):
    (tmp_path / "camera.yaml").write_text(text)
    with pytest.raises(ValueError, match=message):
        read_camera_file(tmp_path / "camera.yaml")


def test_a_message_as_it_is_echoed(tmp_path):
    """What ``rostopic echo`` writes ends with a line that begins another document."""
    text = MESSAGE.format(k=json.dumps(K.ravel().tolist()))
    (tmp_path / "echo.yaml").write_text(text.rstrip() + "\n---\n")
    (tmp_path / "info.yaml").write_text(text)
    assert read_camera_file(tmp_path / "echo.yaml") == read_camera_file(tmp_path / "info.yaml")


def test_a_message_of_a_part_of_the_sensor(tmp_path):
    """A point lies in the published image where it lies in that part, whose pixels were averaged two by two."""
    text = MESSAGE.format(k=json.dumps(K.ravel().tolist()))
    for name, pixels, left, top, width, height in (("whole", 0, 0, 0, 0, 0), ("part", 2, 100, 60, 401, 300)):
        region = f"roi: {{x_offset: {left}, y_offset: {top}, height: {height}, width: {width}, do_rectify: false}}\n"
        (tmp_path / f"{name}.yaml").write_text(text + f"binning_x: {pixels}\nbinning_y: {pixels}\n{region}")
    whole, camera = read_camera_file(tmp_path / "whole.yaml"), read_camera_file(tmp_path / "part.yaml")
    assert (whole.width, whole.height, camera.width, camera.height) == (640, 480, 200, 150)
    point = np.array([0.1, -0.05, 1.2])
    np.testing.assert_allclose(camera.project(point), (whole.project(point) - (100, 60)) / 2)
