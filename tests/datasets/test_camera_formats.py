import numpy as np
import pytest

from ctr_env.datasets.camera_formats import camera_from_mapping
from ctr_env.errors import DataError

K = [610.5, 0.0, 318.25, 0.0, 612.0, 241.75, 0.0, 0.0, 1.0]
D = [0.1, -0.05, 0.001, 0.002, 0.0]
INFO = {"width": 640, "height": 480, "distortion_model": "plumb_bob", "D": D, "K": K}
KALIBR = {
    "camera_model": "pinhole",
    "intrinsics": [610.5, 612.0, 318.25, 241.75],
    "distortion_model": "radtan",
    "distortion_coeffs": [0.1, -0.05, 0.001, 0.002],
    "resolution": [640, 480],
    "rostopic": "/camera/image_raw",
}
REALSENSE = {
    "width": 640,
    "height": 480,
    "fx": 610.5,
    "fy": 612.0,
    "ppx": 318.25,
    "ppy": 241.75,
    "model": 4,
    "coeffs": D,
}


def projection(fx, fy, cx, cy):
    return [fx, 0.0, cx, 0.0, 0.0, fy, cy, 0.0, 0.0, 0.0, 1.0, 0.0]


@pytest.mark.parametrize("data", [INFO, {"cam0": KALIBR}, KALIBR, REALSENSE])
def test_all_layouts_hold_the_same_camera(data):
    camera = camera_from_mapping(data)
    assert (camera.fx, camera.fy, camera.cx, camera.cy) == (610.5, 612.0, 318.75, 242.25)
    assert (camera.width, camera.height, camera.lens_model) == (640, 480, "opencv")
    assert camera.distortion[:4] == (0.1, -0.05, 0.001, 0.002) and not any(camera.distortion[4:])


def test_kalibrs_equidistant_model():
    data = KALIBR | {"distortion_model": "equidistant", "distortion_coeffs": [0.01, 0.002, 0.0, 0.0]}
    camera = camera_from_mapping({"cam0": data})
    assert (camera.lens_model, camera.distortion) == ("equidistant", (0.01, 0.002, 0.0, 0.0))


@pytest.mark.parametrize(
    ("data", "message"),
    [
        ({"cam0": KALIBR, "cam1": KALIBR}, r"2 cameras \(cam0, cam1\)"),
        (KALIBR | {"camera_model": "omni"}, "camera_model 'omni' is not supported"),
        (KALIBR | {"intrinsics": [1.0, 610.5, 612.0, 318.25, 241.75]}, r"intrinsics must be \[fx, fy, cx, cy\]"),
        ({name: value for name, value in REALSENSE.items() if name != "fy"}, "no fy"),
        ({name: value for name, value in KALIBR.items() if name != "resolution"}, "no resolution"),
    ],
)
def test_unusable_files_of_kalibr_and_librealsense_are_rejected_by_name(data, message):
    with pytest.raises(DataError, match=message):
        camera_from_mapping(data)


@pytest.mark.parametrize(
    ("matrix", "message"),
    [
        (np.zeros(9).tolist(), "the camera matrix is zero: the camera is not calibrated"),
        (np.eye(3).ravel().tolist(), "the camera matrix is the identity: the camera is not calibrated"),
        (K[:6], "has 6 numbers, not 9"),
    ],
)
def test_matrices_of_uncalibrated_cameras_are_rejected(matrix, message):
    with pytest.raises(DataError, match=message):
        camera_from_mapping(INFO | {"K": matrix})


def test_where_p_differs_from_k_the_kind_of_images_must_be_given():
    data = INFO | {"P": projection(550.0, 580.0, 320.0, 240.0)}
    with pytest.raises(DataError, match=r"raw or rectified\?.*fx = 610.5.*fx = 550.0.*--rectified"):
        camera_from_mapping(data)
    raw, rectified = camera_from_mapping(data, rectified=False), camera_from_mapping(data, rectified=True)
    assert raw == camera_from_mapping(INFO)
    assert (rectified.fx, rectified.fy, rectified.cx, rectified.cy) == (550.0, 580.0, 320.5, 240.5)
    assert rectified.distortion == ()


def test_where_p_is_k_or_unset_images_are_raw():
    for P in (projection(610.5, 612.0, 318.25, 241.75), [0.0] * 12):
        assert camera_from_mapping(INFO | {"P": P}) == camera_from_mapping(INFO)


@pytest.mark.parametrize("data", [INFO, KALIBR, REALSENSE, INFO | {"P": [0.0] * 12}])
def test_rectified_images_need_a_projection_matrix(data):
    with pytest.raises(DataError, match="need a projection matrix P"):
        camera_from_mapping(data, rectified=True)


@pytest.mark.parametrize("rectified", [None, True])
def test_a_message_of_a_part_of_the_sensor(rectified):
    """A point lies in the published image where it lies in that part, whose pixels were averaged two by two."""
    data = INFO | {"D": [], "P": projection(610.5, 612.0, 318.25, 241.75)}
    whole = camera_from_mapping(data | {"roi": {"x_offset": 0, "y_offset": 0, "width": 0, "height": 0}}, rectified)
    region = {"x_offset": 100, "y_offset": 60, "width": 401, "height": 300, "do_rectify": False}
    camera = camera_from_mapping(data | {"binning_x": 2, "binning_y": 2, "roi": region}, rectified)
    assert (whole.width, whole.height, camera.width, camera.height) == (640, 480, 200, 150)
    point = np.array([0.1, -0.05, 1.2])
    np.testing.assert_allclose(camera.project(point), (whole.project(point) - (100, 60)) / 2)
