import cv2
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from ctr_env.errors import ConfigurationError
from ctr_env.geometry import PinholeCamera

cameras = st.builds(
    lambda fov, w, h, u, v: PinholeCamera.from_fov(np.radians(fov), w, h, (u, v)),
    st.floats(30, 100), st.integers(16, 1280), st.integers(16, 960), st.floats(0.2, 0.8), st.floats(0.2, 0.8),
)  # fmt: skip


def test_optical_axis_hits_the_principal_point():
    camera = PinholeCamera(300.0, 310.0, 161.5, 118.0, 320, 240)
    np.testing.assert_allclose(camera.project([0.0, 0.0, 2.0]), [161.5, 118.0])


def test_centred_camera_sees_its_corner_at_half_the_field_of_view():
    camera = PinholeCamera.from_fov(np.radians(90), 640, 480)
    np.testing.assert_allclose(camera.project([1.0, 0.75, 1.0]), [640.0, 480.0])
    np.testing.assert_allclose(camera.fov[0], np.radians(90))


@given(cameras, st.integers(0, 2**32 - 1))
def test_agrees_with_opencv_half_a_pixel_off(camera, seed):
    rng = np.random.default_rng(seed)
    points = rng.uniform([-1, -1, 0.5], [1, 1, 3], (20, 3))
    theirs, _ = cv2.projectPoints(points, np.zeros(3), np.zeros(3), camera.opencv_matrix, None)
    np.testing.assert_allclose(camera.project(points), theirs[:, 0] + 0.5, atol=1e-6)


def test_distortion_is_opencvs():
    camera = PinholeCamera(300, 300, 160, 120, 320, 240, distortion=(-0.3, 0.1, 0.001, -0.002, 0.01))
    points = np.array([[0.3, -0.2, 1.0], [0.0, 0.0, 1.0], [-0.4, 0.3, 1.2]])
    theirs, _ = cv2.projectPoints(points, np.zeros(3), np.zeros(3), camera.opencv_matrix, np.array(camera.distortion))
    np.testing.assert_allclose(camera.project(points), theirs[:, 0] + 0.5, atol=1e-9)


@given(cameras, st.integers(16, 2000), st.integers(16, 2000))
def test_resizing_scales_projections(camera, width, height):
    point = np.array([0.1, -0.2, 1.3])
    scale = np.array([width / camera.width, height / camera.height])
    np.testing.assert_allclose(camera.resized(width, height).project(point), camera.project(point) * scale, rtol=1e-9)


def test_points_behind_the_camera_have_no_image():
    camera = PinholeCamera.from_fov(1.0, 320, 240)
    pixels = camera.project([[0, 0, -1.0], [0, 0, 0.0], [0, 0, 1.0]])
    assert np.isnan(pixels[:2]).all()
    assert camera.contains(pixels).tolist() == [False, False, True]


def test_left_and_top_edges_belong_to_the_image_and_the_others_do_not():
    camera = PinholeCamera.from_fov(1.0, 320, 240)
    assert camera.contains([[0.0, 0.0], [319.999, 239.999], [320.0, 10.0], [-0.001, 0.0]]).tolist() == [
        True, True, False, False,
    ]  # fmt: skip


@pytest.mark.parametrize("field, value", [("fx", 0.0), ("fy", -1.0), ("width", 0), ("cx", float("nan"))])
def test_invalid_intrinsics_are_rejected_by_name(field, value):
    values = {"fx": 300.0, "fy": 300.0, "cx": 160.0, "cy": 120.0, "width": 320, "height": 240, field: value}
    with pytest.raises(ValueError, match=field):
        PinholeCamera(**values)
    with pytest.raises(ValueError, match="fov_x"):
        PinholeCamera.from_fov(np.pi, 320, 240)


@pytest.mark.parametrize("distortion", [(0.1,), (0.1, 0.0, 0.0), (0.0,) * 6, (float("nan"), 0.0, 0.0, 0.0)])
def test_numbers_of_coefficients_that_opencv_does_not_have_are_rejected(distortion):
    with pytest.raises(
        ValueError, match=r"distortion must be 0, 4, 5, 8, 12, 14 finite numbers for an opencv lens, not \("
    ):
        PinholeCamera(300.0, 300.0, 160.0, 120.0, 320, 240, distortion)


def test_unknown_lens_models_and_wrong_numbers_of_coefficients_are_rejected_by_name():
    with pytest.raises(ConfigurationError, match="unknown PinholeCamera.lens_model 'omni'; valid names: opencv, equi"):
        PinholeCamera(300.0, 300.0, 160.0, 120.0, 320, 240, lens_model="omni")
    with pytest.raises(ConfigurationError, match=r"must be 4 finite numbers for an equidistant lens, not \(\)"):
        PinholeCamera(300.0, 300.0, 160.0, 120.0, 320, 240, lens_model="equidistant")


@pytest.mark.parametrize("count", [4, 5, 8, 12, 14])
def test_the_mirrored_camera_sees_mirrored_points_in_the_mirrored_image(count):
    rng = np.random.default_rng(count)
    camera = PinholeCamera(286.0, 290.0, 310.0, 236.0, 640, 480, tuple(rng.uniform(-0.05, 0.05, count).tolist()))
    points = rng.uniform([-0.5, -0.4, 1.0], [0.5, 0.4, 2.0], (10, 3))
    expected = camera.project(points) * (-1, 1) + (640, 0)
    np.testing.assert_allclose(camera.mirrored().project(points * (-1, 1, 1)), expected, atol=1e-9)


def test_an_equidistant_camera_is_mirrored_without_a_change_of_its_coefficients():
    camera = PinholeCamera(286.0, 290.0, 310.0, 236.0, 640, 480, (0.1, 0.0, 0.0, 0.02), "equidistant")
    point = np.array([0.4, -0.2, 1.0])
    expected = camera.project(point) * (-1, 1) + (640, 0)
    np.testing.assert_allclose(camera.mirrored().project(point * (-1, 1, 1)), expected, atol=1e-9)
