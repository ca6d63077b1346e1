from dataclasses import replace

import cv2
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from ctr_env.geometry import PinholeCamera, undistort_image, undistort_pixels

PLAIN = PinholeCamera(150.0, 155.0, 83.0, 58.5, 160, 120)
LENSES = [
    replace(PLAIN, distortion=(-0.25, 0.05, 0.001, -0.001)),
    replace(PLAIN, distortion=(-0.0155, 0.0143, -0.0121, 0.0021), lens_model="equidistant"),
]


@pytest.mark.parametrize("camera", LENSES, ids=lambda camera: camera.lens_model)
@given(seed=st.integers(0, 2**32 - 1))
def test_pixels_of_projected_points_become_those_of_a_camera_without_distortion(camera, seed):
    points = np.random.default_rng(seed).uniform([-0.4, -0.3, 0.9], [0.4, 0.3, 2.0], (20, 3))
    found = undistort_pixels(camera.project(points), camera)
    np.testing.assert_allclose(found, camera.undistorted.project(points), atol=1e-6)
    assert camera.undistorted == PLAIN


def test_pixels_of_a_camera_without_distortion_are_unchanged():
    pixels = np.array([[3.0, 4.0], [np.nan, 1.0]])
    np.testing.assert_array_equal(undistort_pixels(pixels, PLAIN), pixels)


@pytest.mark.parametrize("camera", LENSES, ids=lambda camera: camera.lens_model)
def test_images_and_pixels_are_undistorted_alike(camera):
    """A blob that is drawn at a distorted pixel is found at the undistorted one, to a fraction of a pixel."""
    point = np.array([0.3, -0.2, 1.0])
    image = np.zeros((120, 160, 3), np.uint8)
    at = np.round((camera.project(point) - 0.5) * 16).astype(int)
    cv2.circle(image, tuple(at.tolist()), 3 << 4, (255, 255, 255), -1, cv2.LINE_AA, 4)
    weight = undistort_image(image, camera)[..., 0].astype(float)
    y, x = np.mgrid[:120, :160] + 0.5
    centre = np.array([(x * weight).sum(), (y * weight).sum()]) / weight.sum()
    np.testing.assert_allclose(centre, PLAIN.project(point), atol=0.2)
    assert np.linalg.norm(PLAIN.project(point) - camera.project(point)) > 0.9


def test_the_image_of_a_camera_without_distortion_is_returned_itself():
    image = np.zeros((120, 160, 3), np.uint8)
    assert undistort_image(image, PLAIN) is image
