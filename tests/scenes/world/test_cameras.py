"""The conventions of frames and pixels: projections agree with renderings."""

import numpy as np
import pytest
from scipy import ndimage

from ctr_env.geometry import PinholeCamera
from ctr_env.scenes.rendering.registry import make_renderer
from ctr_env.scenes.world.config import SceneConfig
from ctr_env.scenes.world.objects import CLUTTER
from ctr_env.scenes.world.scene import Scene

SEEDS = range(8)


def surface_points(scene):
    """World positions of every vertex of every visual mesh."""
    model, data = scene.model, scene.data
    for geom in np.flatnonzero(scene.robot_geoms):
        mesh = model.geom_dataid[geom]
        if mesh >= 0:
            start, count = model.mesh_vertadr[mesh], model.mesh_vertnum[mesh]
            vertices = model.mesh_vert[start : start + count]
            yield data.geom_xpos[geom] + vertices @ data.geom_xmat[geom].reshape(3, 3).T


@pytest.mark.parametrize("robot", ["panda", "baxter"])
def test_every_mesh_vertex_projects_into_the_rendered_mask(robot, random_view):
    """At an image size at which the smallest parts are more than a pixel wide."""
    scene = Scene(SceneConfig(robot, 1280, 960))
    renderer = make_renderer("classic", scene.model, scene.camera_id, 1280, 960)
    for seed in SEEDS:
        random_view(scene, np.random.default_rng(seed))
        scene.model.geom_rgba[~scene.robot_geoms, 3] = 0.0  # the floor hides feet and base plates
        mask = scene.robot_mask(renderer.segmentation(scene.data))
        assert 0.01 < mask.mean() < 0.95
        distance = ndimage.distance_transform_edt(~mask)  # pixels
        points = scene.world_T_camera.inv().apply(np.concatenate(list(surface_points(scene))))
        pixels = scene.camera.project(points)
        columns, rows = np.floor(pixels[scene.camera.contains(pixels)]).astype(int).T
        assert len(rows) > 500
        # a contour may miss its pixel's centre, and tips of thin triangles are not rasterised
        assert np.mean(distance[rows, columns] < 1.5) > 0.999
        assert distance[rows, columns].max() < 5.0
    renderer.close()


@pytest.mark.parametrize("seed", SEEDS)
def test_a_sphere_rendered_at_a_keypoint_appears_at_its_projection(scene, renderer, random_view, seed):
    rng = np.random.default_rng(100 + seed)
    random_view(scene, rng)
    ball = CLUTTER.format(4)  # an ellipsoid
    geom, body = scene.model.geom(ball).id, scene.model.body(ball).mocapid[0]
    scene.model.geom_rgba[:, 3] = 0.0
    scene.model.geom_rgba[geom, 3] = 1.0
    scene.model.geom_size[geom] = 0.012
    checked = 0
    for keypoint in scene.kinematics.keypoints(scene.joint_positions):
        point = scene.world_T_base.apply(keypoint)
        pixel = scene.camera.project(scene.world_T_camera.inv().apply(point))
        if not np.all((pixel > 8) & (pixel < (scene.camera.width - 8, scene.camera.height - 8))):
            continue
        scene.data.mocap_pos[body] = point
        scene.place_arm(scene.joint_positions)
        rows, columns = np.nonzero(renderer.segmentation(scene.data) == geom)
        found = np.array([columns.mean() + 0.5, rows.mean() + 0.5])
        assert np.linalg.norm(found - pixel) <= 0.5
        checked += 1
    scene.restore()
    assert checked >= 2


def test_depth_is_metric_distance_along_the_axis(scene, renderer, random_view):
    random_view(scene, np.random.default_rng(3))
    depth, segmentation = renderer.depth(scene.data), renderer.segmentation(scene.data)
    rows, columns = np.nonzero(segmentation == scene.model.geom("floor").id)
    c = scene.camera
    z = depth[rows, columns].astype(float)
    points = np.stack([(columns + 0.5 - c.cx) / c.fx * z, (rows + 0.5 - c.cy) / c.fy * z, z], axis=1)
    heights = scene.world_T_camera.apply(points)[:, 2]
    assert len(heights) > 100
    assert np.abs(heights).max() < 5e-3


@pytest.mark.parametrize("fov_deg", [30, 65, 100])
def test_field_of_view_and_aspect_are_as_set(scene, renderer, fov_deg):
    """A ball at the limit of the field of view is half visible."""
    scene.restore()
    camera = PinholeCamera.from_fov(np.radians(fov_deg), scene.config.width, scene.config.height)
    scene.place_camera(camera, scene.world_T_camera)
    ball = CLUTTER.format(4)
    geom, body = scene.model.geom(ball).id, scene.model.body(ball).mocapid[0]
    scene.model.geom_rgba[:, 3] = 0.0
    scene.model.geom_rgba[geom, 3] = 1.0
    scene.model.geom_size[geom] = 0.02
    sizes = []
    for x in (0.9, 1.0, 1.1):
        edge = np.array([x * np.tan(0.5 * np.radians(fov_deg)), 0.0, 1.0])
        scene.data.mocap_pos[body] = scene.world_T_camera.apply(edge)
        scene.place_arm(scene.joint_positions)
        sizes.append((renderer.segmentation(scene.data) == geom).sum())
    scene.restore()
    assert sizes[2] == 0
    assert 0.3 * sizes[0] < sizes[1] < 0.7 * sizes[0]
