import cv2
import numpy as np
import pytest

from ctr_env.estimators.ctrnet.points import link_points, paper_keypoints, spread_points
from ctr_env.scenes.robots.kinematics import RobotKinematics

NOT_MOVED_BY_THE_ARM = {
    "panda": {"panda_leftfinger", "panda_rightfinger"},
    "baxter": {"head", "screen", "right_upper_shoulder", "right_wrist", "l_gripper_l_finger", "r_gripper_r_finger"},
}


@pytest.fixture(scope="module")
def spread(scene):
    return spread_points(scene.robot)


def test_the_published_keypoints_come_first(scene, spread):
    published = paper_keypoints(scene.robot)
    assert spread[: len(published)] == published
    assert len(spread) > 2 * len(published)
    assert len(set(spread)) == len(spread)
    rng, k = np.random.default_rng(0), scene.kinematics
    q = rng.uniform(k.lower, k.upper)
    np.testing.assert_allclose(link_points(k, q, published), k.keypoints(q), atol=1e-12)


def test_spread_points_lie_on_the_robot(scene, renderer, spread, random_view):
    rng = np.random.default_rng(1)
    checked = 0
    for _ in range(6):
        random_view(scene, rng)
        mask = scene.robot_mask(renderer.segmentation(scene.data)).astype(np.uint8)
        near = cv2.dilate(mask, cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (5, 5)))
        points = link_points(scene.kinematics, scene.joint_positions, spread)
        pixels = scene.camera.project(scene.camera_T_base.apply(points))
        columns, rows = pixels[scene.camera.contains(pixels)].astype(int).T
        assert np.all(near[rows, columns] == 1)
        checked += len(rows)
    assert checked > 60


def test_they_stand_wider_than_the_links_origins(scene, spread):
    """The least extent of the cloud is what a pose's depth and tilt hang on."""
    k = scene.kinematics

    def thickness(points):
        cloud = link_points(k, k.home, points)
        return np.linalg.svd(cloud - cloud.mean(axis=0), compute_uv=False)[-1]

    assert thickness(spread) > 2.0 * thickness(paper_keypoints(scene.robot))


def test_only_links_that_the_arms_joints_place_are_used(scene, spread):
    links = {point.link for point in spread}
    assert not links & NOT_MOVED_BY_THE_ARM[scene.robot.name]
    places = link_points(scene.kinematics, scene.kinematics.home, spread)
    scene.restore()
    other = np.random.default_rng(2)
    for joint in range(scene.model.njnt):
        name = scene.model.joint(joint).name
        if name and name not in scene.robot.arm_joints and scene.model.joint(joint).type[0] in (2, 3):
            scene.data.joint(name).qpos[0] += other.uniform(0.005, 0.02)
    scene.place_arm(scene.kinematics.home)
    for point, place in zip(spread, places, strict=True):
        body = scene.data.body(point.link)
        world = body.xpos + body.xmat.reshape(3, 3) @ point[1:]
        np.testing.assert_allclose(scene.world_T_base.apply(place), world, atol=1e-9)
    scene.restore()


def test_points_are_those_of_the_robot_by_name():
    assert spread_points("panda")[:7] == paper_keypoints(RobotKinematics("panda").robot)
