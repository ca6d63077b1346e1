import mujoco
import numpy as np
import pytest

from ctr_env.geometry import PinholeCamera, inverse_matrix, look_at
from ctr_env.scenes.world.arm_points import ArmPoints
from ctr_env.scenes.world.config import SceneConfig
from ctr_env.scenes.world.field_of_view import FieldOfView
from ctr_env.scenes.world.scene import Scene


@pytest.fixture(scope="module")
def scene():
    return Scene(SceneConfig("panda", 64, 48))


@pytest.fixture(scope="module")
def points(scene):
    return ArmPoints(
        scene.model, [int(g) for g in np.flatnonzero(scene.robot_geoms) if scene.model.geom_dataid[g] >= 0]
    )


def test_the_points_are_vertices_of_their_meshes(scene, points):
    assert 200 < len(points.local) < 900
    for geom, point in list(zip(points.geoms, points.local, strict=True))[::25]:
        mesh = scene.model.geom_dataid[geom]
        start = scene.model.mesh_vertadr[mesh]
        vertices = scene.model.mesh_vert[start : start + scene.model.mesh_vertnum[mesh]]
        assert np.abs(vertices - point).max(axis=1).min() < 1e-7


@pytest.mark.parametrize("eye", [(2.0, 0.5, 1.0), (0.6, 0.4, 1.2), (-1.0, 1.0, 0.8), (0.1, 0.02, 1.1)])
@pytest.mark.parametrize("offset", [(0.5, 0.5), (0.2, 0.9), (1.5, 0.5)])
def test_the_share_is_that_of_the_points_that_project_into_the_image(scene, points, eye, offset):
    camera = PinholeCamera.from_fov(0.8, 64, 48, offset)
    pose = look_at(eye, (0.2, 0.0, 1.0))
    rotations = scene.data.geom_xmat[points.geoms].reshape(-1, 3, 3)
    world = scene.data.geom_xpos[points.geoms] + (rotations @ points.local[..., None])[..., 0]
    expected = camera.contains(camera.project(pose.inv().apply(world))).mean()
    assert points.share_in_view(scene.data, FieldOfView(camera, inverse_matrix(pose.as_matrix()))) == pytest.approx(
        expected
    )


def test_points_move_with_the_arm(scene, points):
    camera, pose = PinholeCamera.from_fov(0.5, 64, 48), look_at((1.5, 0.0, 1.4), (0.3, 0.0, 1.4))
    before = points.share_in_view(scene.data, FieldOfView(camera, inverse_matrix(pose.as_matrix())))
    scene.data.qpos[:] = 0.0
    mujoco.mj_kinematics(scene.model, scene.data)
    assert points.share_in_view(scene.data, FieldOfView(camera, inverse_matrix(pose.as_matrix()))) != before
