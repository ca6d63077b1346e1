import numpy as np
import pytest

from ctr_env.geometry import PinholeCamera
from ctr_env.learning.supervised.views import draw_look

CAMERA, SIZE = PinholeCamera.from_fov(1.0, 640, 480), (96, 72)


@pytest.fixture(scope="module")
def points():
    return np.random.default_rng(0).uniform(-0.3, 0.3, (12, 3)) + np.array([0.2, 0.0, 1.8])


def looks(points, count=80):
    return [draw_look(points, 6, CAMERA, SIZE, np.random.default_rng(seed)) for seed in range(count)]


def test_looks_are_of_the_whole_image_and_of_the_robot_guided_or_not(points):
    drawn = looks(points)
    whole = np.array([look.crop.scale < 1.4 * 96 / 640 for look in drawn])
    hinted = np.array([bool(look.prior.any()) for look in drawn])
    assert not np.any(whole & hinted)
    assert 0.15 < whole.mean() < 0.45
    assert 0.45 < hinted.mean() < 0.75
    assert np.any(~whole & ~hinted)
    for look in drawn:
        assert look.crop.size == SIZE
        assert look.prior.shape == (72, 96, 3)


def test_most_of_the_robot_is_in_view_and_the_hint_is_near_it(points):
    pixels = CAMERA.project(points)
    for look in looks(points, 40):
        places = look.crop.forward(pixels)
        inside = np.all((places > 0) & (places < SIZE), axis=1)
        assert inside.mean() > 0.5
        if look.prior.any():
            rows, columns = np.nonzero(look.prior.any(axis=2))
            prior = np.array([columns.mean(), rows.mean()])
            assert np.linalg.norm(prior - places.mean(axis=0)) < 0.4 * SIZE[0]


def test_a_robot_partly_behind_the_camera_is_no_mistake():
    points = np.random.default_rng(1).uniform(-0.6, 0.6, (12, 3)) + np.array([0.0, 0.0, 0.2])
    for look in looks(points, 30):
        assert np.isfinite(look.crop.matrix).all()
