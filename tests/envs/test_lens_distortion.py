"""Lens distortion of drawn images: where each point of the pinhole image comes to lie."""

from dataclasses import replace

import cv2
import numpy as np

from ctr_env.envs.lens_distortion import LensDistortion
from ctr_env.geometry import PinholeCamera, undistort_pixels
from ctr_env.scenes.rendering.radial_lens import RadialLens

CAMERA = PinholeCamera.from_fov(1.1, 320, 240, (0.52, 0.47))


def dots(pixels):
    """An image with a blurred dot at each continuous pixel, four times as fine as a pixel."""
    image = np.zeros((240, 320), np.uint8)
    for u, v in pixels:
        centre = round((u - 0.5) * 16), round((v - 0.5) * 16)
        cv2.circle(image, centre, 4 * 16, 255, -1, cv2.LINE_AA, 4)
    return np.repeat(image[..., None], 3, axis=2)


def centre_near(image, pixel):
    u, v = np.round(pixel).astype(int)
    window = image[v - 9 : v + 9, u - 9 : u + 9, 0].astype(float)
    rows, columns = np.mgrid[v - 9 : v + 9, u - 9 : u + 9] + 0.5
    return np.array([(window * columns).sum(), (window * rows).sum()]) / window.sum()


def test_a_point_lies_where_a_camera_with_that_lens_projects_it():
    points = np.array([[-0.45, -0.3, 1.0], [0.4, 0.3, 1.0], [0.1, -0.25, 1.0], [0.0, 0.0, 1.0]])
    image = dots(CAMERA.project(points))
    for k1 in (-0.2, 0.15):
        lens = replace(CAMERA, distortion=(k1, 0.0, 0.0, 0.0))
        warped = LensDistortion().distort(image, CAMERA, {"lens.k1": np.array(k1)})
        for pixel in lens.project(points):
            np.testing.assert_allclose(centre_near(warped, pixel), pixel, atol=0.25)


def test_the_map_is_the_inverse_of_opencvs_model():
    """Of a pixel of the lens's image, the map gives where the pinhole camera sees the same ray."""
    for k1 in (-0.3, 0.1):
        columns, rows = RadialLens(CAMERA, k1, CAMERA).maps
        v, u = np.mgrid[5:240:23, 5:320:31]
        expected = undistort_pixels(np.stack([u, v], axis=-1) + 0.5, replace(CAMERA, distortion=(k1, 0.0, 0.0, 0.0)))
        found, seen = np.stack([columns[v, u], rows[v, u]], axis=-1) + 0.5, np.isfinite(expected)
        assert seen.mean() > 0.95  # beyond a fold in a corner, the lens has no ray
        np.testing.assert_allclose(found[seen], expected[seen], atol=1e-3)


def test_a_lens_without_distortion_returns_the_image_itself():
    image = dots([(100, 100)])
    assert LensDistortion().distort(image, CAMERA, {"lens.k1": np.array(0.0)}) is image


def test_the_map_follows_the_camera():
    image, lens = dots([(60, 60), (250, 200)]), LensDistortion()
    other = replace(CAMERA, cx=100.0)
    draws = {"lens.k1": np.array(-0.3)}
    lens.distort(image, CAMERA, draws)
    np.testing.assert_array_equal(lens.distort(image, other, draws), LensDistortion().distort(image, other, draws))


def test_the_environment_draws_it_and_the_camera_model_lacks_it(make):
    plain, warped = (make(obs_mode="image", width=160, height=120, randomization={"lens.k1": k1}) for k1 in (0.0, -0.3))
    first, second = (env.reset(seed=1)[0]["image"].astype(int) for env in (plain, warped))
    assert np.abs(first - second).mean() > 1.0
    assert warped.unwrapped.snapshot.camera == plain.unwrapped.snapshot.camera
