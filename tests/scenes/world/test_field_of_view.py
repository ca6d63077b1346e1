"""A field of view holds the points that project into the image."""

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from ctr_env.geometry import PinholeCamera, inverse_matrix, look_at
from ctr_env.scenes.world.field_of_view import FieldOfView


@given(seed=st.integers(0, 2**32 - 1))
def test_points_inside_all_planes_are_those_that_the_camera_contains(seed):
    rng = np.random.default_rng(seed)
    camera = PinholeCamera.from_fov(rng.uniform(0.3, 2.0), 64, 48, rng.uniform(0.0, 1.0, 2))
    pose = look_at(rng.uniform(-1, 1, 3), rng.uniform(1.5, 3, 3), rng.uniform(-3, 3))
    points = rng.uniform(-4, 4, (200, 3))
    depths = FieldOfView(camera, inverse_matrix(pose.as_matrix())).depths(points)
    seen = pose.inv().apply(points)
    np.testing.assert_allclose(depths[0], seen[:, 2], atol=1e-12)
    front = seen[:, 2] > 0.0
    inside = (depths > 0.0).all(axis=0)
    np.testing.assert_array_equal(inside[front], camera.contains(camera.project(seen[front])))
    assert not inside[~front].any()


def test_depths_are_distances_from_the_planes():
    camera = PinholeCamera.from_fov(np.pi / 2, 100, 100)
    view = FieldOfView(camera, np.eye(4))
    np.testing.assert_allclose(view.depths(np.array([[0.0, 0.0, 2.0]]))[1:, 0], np.sqrt(2.0))
    np.testing.assert_allclose(np.linalg.norm(view.normals, axis=1), 1.0)
