import numpy as np
import pytest

from ctr_env.estimators.silhouette.contour import Lens, find_contour, silhouette
from ctr_env.scenes.robots.surfaces import robot_surface


def lens_of(camera):
    return Lens(camera.fx, camera.fy, camera.cx, camera.cy)


def test_the_surface_covers_what_the_renderer_draws(scene, renderer, random_view):
    """Same mesh, same camera: MuJoCo's segmentation and ours; what stands before the robot is not ours to know."""
    surface, shares, rng = robot_surface(scene.robot), [], np.random.default_rng(0)
    for _ in range(8):
        random_view(scene, rng)
        pose, camera = scene.camera_T_base, scene.camera
        points = pose.apply(surface.posed(scene.kinematics, scene.joint_positions))
        if points[:, 2].min() < 0.05:
            continue
        vertices = surface.posed(scene.kinematics, scene.joint_positions)
        size = (camera.width, camera.height)
        ours = silhouette(surface, vertices, pose, lens_of(camera), size)
        seen = renderer.segmentation(scene.data)
        theirs = scene.robot_mask(seen)
        known = theirs | (seen < 0) | (renderer.depth(scene.data) > points[:, 2].max())
        shares.append((ours & theirs).sum() / ((ours | theirs) & known).sum())
    assert len(shares) >= 4 and min(shares) > 0.99


def test_samples_lie_on_the_border_and_look_outwards(scene, random_view):
    surface, rng = robot_surface(scene.robot, 5000), np.random.default_rng(1)
    for _ in range(5):
        random_view(scene, rng)
        pose, camera = scene.camera_T_base, scene.camera
        vertices = surface.posed(scene.kinematics, scene.joint_positions)
        R, t = pose.rotation.as_matrix(), pose.translation
        lens, size = lens_of(camera), (camera.width, camera.height)
        contour = find_contour(surface, vertices, (R, t), lens, size)
        covered = silhouette(surface, vertices, pose, lens, size)
        places = lens.project(contour.points @ R.T + t)
        np.testing.assert_allclose(np.linalg.norm(contour.normals, axis=1), 1.0, atol=1e-6)
        border = places + contour.margins[:, None] * contour.normals
        agree = []
        for side, expected in ((-1.0, True), (1.0, False)):
            columns, rows = np.floor(border + side * contour.normals).astype(int).T
            there = (columns >= 0) & (rows >= 0) & (columns < size[0]) & (rows < size[1])
            agree.append(np.mean(covered[rows[there], columns[there]] == expected))
        assert min(agree) > 0.95
        assert contour.lengths.sum() > 50


@pytest.mark.parametrize("distance", [-1.0, 0.02])
def test_nothing_in_front_of_the_camera_has_no_contour(scene, distance):
    surface = robot_surface(scene.robot, 5000)
    vertices = surface.posed(scene.kinematics, scene.kinematics.home)
    centred = vertices - vertices.max(axis=0)
    found = find_contour(surface, centred, (np.eye(3), np.array([0, 0, distance])), Lens(200, 200, 64, 48), (128, 96))
    assert len(found.points) == len(found.lengths) == 0
