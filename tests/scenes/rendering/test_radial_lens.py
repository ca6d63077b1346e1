"""Images of distorting lenses: points lie where the camera model says, and nothing is missing at the borders."""

from __future__ import annotations

import cv2
import numpy as np
import pytest

from ctr_env.geometry import PinholeCamera, undistort_pixels
from ctr_env.scenes.rendering.radial_lens import RadialLens

CAMERA = PinholeCamera.from_fov(1.7, 320, 240, (0.47, 0.54))


@pytest.mark.parametrize("share", [-0.25, -0.05, 0.1])
def test_a_warped_point_lies_where_the_camera_projects_it(share):
    lens = RadialLens.by_corner(CAMERA, share)
    for point in ([0.5, 0.3, 1.0], [-0.7, 0.4, 1.1], [0.1, -0.5, 1.0]):
        image = np.zeros((240, 320), np.uint8)
        x, y = lens.source.project(np.array([point]))[0]
        cv2.circle(image, (round((x - 0.5) * 16), round((y - 0.5) * 16)), 4 * 16, 255, -1, cv2.LINE_AA, 4)
        seen = lens.warp(image).astype(float)
        rows, columns = np.indices(seen.shape)
        centre = np.array([(seen * columns).sum(), (seen * rows).sum()]) / seen.sum() + 0.5
        np.testing.assert_allclose(centre, lens.camera.project(np.array([point]))[0], atol=0.3)


@pytest.mark.parametrize("share", [-0.25, 0.1])
def test_the_share_is_that_of_the_farthest_corner_and_the_source_sees_all(share):
    lens = RadialLens.by_corner(CAMERA, share)
    corners = np.array([[0.0, 0.0], [320.0, 0.0], [320.0, 240.0], [0.0, 240.0]])
    straight = undistort_pixels(corners, lens.camera)
    middle = np.array([CAMERA.cx, CAMERA.cy])
    stretch = np.linalg.norm(corners - middle, axis=1) / np.linalg.norm(straight - middle, axis=1)
    assert stretch[np.argmax(np.abs(stretch - 1))] == pytest.approx(1 + share, abs=1e-6)
    inside = (straight - middle) * lens.source.fx / CAMERA.fx + middle
    assert (inside > -0.5).all()
    assert (inside < np.array([320.5, 240.5])).all()


def test_labels_are_not_mixed():
    labels = np.random.default_rng(0).choice(np.array([0, 7], np.uint8), (240, 320))
    assert set(np.unique(RadialLens.by_corner(CAMERA, -0.2).warp(labels, smooth=False))) == {0, 7}


def test_without_distortion_nothing_is_changed():
    image = np.zeros((240, 320, 3), np.uint8)
    lens = RadialLens.by_corner(CAMERA, 0.0)
    assert lens.camera is CAMERA
    assert lens.source is CAMERA
    assert lens.warp(image) is image
