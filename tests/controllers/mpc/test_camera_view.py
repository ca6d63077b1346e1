"""Half-spaces against the camera's own projection."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.spatial.transform import Rotation

from ctr_env.controllers.mpc.camera_view import view_half_spaces
from ctr_env.geometry import PinholeCamera, transform

POSE = transform([0.1, -0.2, 1.3], Rotation.from_rotvec([1.2, -1.0, 0.4]))
CAMERA = PinholeCamera(310.0, 300.0, 150.0, 130.0, 320, 240)


def points_in_base(rng: np.random.Generator, count: int = 2000) -> np.ndarray:
    depth = rng.uniform(0.11, 3.0, count)
    points = np.stack([*(rng.uniform(-1.0, 1.0, (2, count)) * depth), depth], axis=1)
    return POSE.inv().apply(points)


@pytest.mark.parametrize("margin", [0.0, 0.1])
def test_inside_means_projected_into_the_image_with_a_margin(rng, margin):
    points = points_in_base(rng)
    pixels = CAMERA.project(POSE.apply(points))
    size = np.array([CAMERA.width, CAMERA.height])
    expected = np.all((pixels >= margin * size) & (pixels <= (1.0 - margin) * size), axis=1)
    inside = np.all(view_half_spaces(CAMERA, POSE, margin).depths(points) >= 0.0, axis=1)
    assert 100 < expected.sum() < 1900
    np.testing.assert_array_equal(inside, expected)


def test_depths_are_distances_and_what_is_behind_the_camera_is_outside(rng):
    view = view_half_spaces(CAMERA, POSE, 0.0)
    np.testing.assert_allclose(np.linalg.norm(view.normals, axis=1), 1.0)
    behind = POSE.inv().apply([0.0, 0.0, -1.0])
    assert view.depths(behind)[4] == pytest.approx(-1.1)


@pytest.mark.parametrize(
    ("distortion", "model"), [((-0.3, 0.1, 0.001, -0.002), "opencv"), ((0.1, -0.02, 0.0, 0.0), "equidistant")]
)
def test_what_is_inside_is_in_a_distorted_image_too(rng, distortion, model):
    camera = PinholeCamera(310.0, 300.0, 150.0, 130.0, 320, 240, distortion, model)
    points = points_in_base(rng)
    inside = np.all(view_half_spaces(camera, POSE, 0.02).depths(points) >= 0.0, axis=1)
    assert inside.sum() > 100
    assert camera.contains(camera.project(POSE.apply(points[inside]))).all()


def test_it_is_widened_just_so_far_that_it_includes_a_point():
    view = view_half_spaces(CAMERA, POSE, 0.1)
    beyond = POSE.inv().apply([0.9, 0.0, 1.0])  # right of the image
    wider = view.including(beyond)
    assert wider.depths(beyond)[1] == pytest.approx(0.0, abs=1e-12)
    np.testing.assert_array_equal(wider.offsets != view.offsets, [False, True, False, False, False])
    within = POSE.inv().apply([0.0, 0.0, 1.0])
    np.testing.assert_array_equal(view.including(within).offsets, view.offsets)


def test_a_displaced_view_is_that_of_displaced_points(rng):
    view, shift = view_half_spaces(CAMERA, POSE, 0.1), np.array([0.01, -0.02, 0.03])
    points = points_in_base(rng, 10)
    np.testing.assert_allclose(view.displaced(shift).depths(points), view.depths(points + shift), atol=1e-12)
