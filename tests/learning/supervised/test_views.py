import numpy as np
import pytest

from ctr_env.geometry import PinholeCamera
from ctr_env.learning.supervised.views import draw_pass_input

CAMERA, SIZE = PinholeCamera.from_fov(1.0, 640, 480), (96, 72)


@pytest.fixture(scope="module")
def points():
    return np.random.default_rng(0).uniform(-0.3, 0.3, (12, 3)) + np.array([0.2, 0.0, 1.8])


def inputs(points, count=80):
    return [draw_pass_input(points, 6, CAMERA, SIZE, 0, np.random.default_rng(seed)) for seed in range(count)]


def test_passes_are_coarse_or_refined_with_a_prior_or_without(points):
    drawn = inputs(points)
    whole = np.array([each.crop.scale < 1.4 * 96 / 640 for each in drawn])
    with_prior = np.array([bool(each.prior.any()) for each in drawn])
    assert not np.any(whole & with_prior)
    assert 0.15 < whole.mean() < 0.45
    assert 0.45 < with_prior.mean() < 0.75
    assert np.any(~whole & ~with_prior)
    for each in drawn:
        assert each.crop.size == SIZE
        assert each.prior.shape == (72, 96, 3)


def test_most_of_the_robot_is_in_view_and_the_prior_is_near_it(points):
    pixels = CAMERA.project(points)
    for each in inputs(points, 40):
        places = each.crop.forward(pixels)
        inside = np.all((places > 0) & (places < SIZE), axis=1)
        assert inside.mean() > 0.5
        if each.prior.any():
            rows, columns = np.nonzero(each.prior.any(axis=2))
            prior = np.array([columns.mean(), rows.mean()])
            assert np.linalg.norm(prior - places.mean(axis=0)) < 0.4 * SIZE[0]


def test_a_robot_partly_behind_the_camera_is_no_mistake():
    points = np.random.default_rng(1).uniform(-0.6, 0.6, (12, 3)) + np.array([0.0, 0.0, 0.2])
    for each in inputs(points, 30):
        assert np.isfinite(each.crop.matrix).all()
