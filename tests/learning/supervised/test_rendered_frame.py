import numpy as np
import pytest

from ctr_env.geometry import PinholeCamera
from ctr_env.learning.supervised.rendered_frame import RenderedFrame, random_sensor

CAMERA = PinholeCamera(200.0, 210.0, 70.0, 55.0, 160, 120, (-0.2, 0.03, 0.0, 0.0))


@pytest.fixture(scope="module")
def frame():
    """White where the robot is; points in and beside the image."""
    points = np.column_stack([np.random.default_rng(0).uniform(-0.4, 0.4, (20, 2)), np.full(20, 0.8)])
    mask = np.zeros((120, 160), np.uint8)
    mask[30:100, 40:130] = 255
    return RenderedFrame(np.repeat(mask[..., None], 3, axis=2), mask, points, CAMERA, 1)


def test_a_window_shows_the_same_points_at_the_same_places(frame):
    part = frame.window(25, 12, 81, 64)
    assert part.image.shape == (64, 81, 3)
    assert (part.camera.width, part.camera.height, part.quarter_turns) == (81, 64, 1)
    np.testing.assert_allclose(
        part.camera.project(part.points) + np.array([25, 12]), frame.camera.project(frame.points)
    )
    np.testing.assert_array_equal(part.image[..., 0], frame.mask[12:76, 25:106])


def test_sensors_are_of_many_shapes_and_show_enough_of_the_robot(frame):
    shapes = []
    for seed in range(60):
        part = random_sensor(frame, np.random.default_rng(seed))
        height, width = part.mask.shape
        assert part.image.shape == (height, width, 3)
        assert (part.camera.width, part.camera.height) == (width, height)
        assert np.count_nonzero(part.mask) >= 0.2 * np.count_nonzero(frame.mask)
        shapes.append(width / height)
    assert min(shapes) < 0.65
    assert max(shapes) > 1.6
    assert len(set(shapes)) > 30


def test_a_frame_without_robot_stays_whole():
    empty = RenderedFrame(np.zeros((40, 50, 3), np.uint8), np.zeros((40, 50), np.uint8), np.ones((2, 3)), CAMERA)
    assert random_sensor(empty, np.random.default_rng(0)) is empty
