"""The gripper by the points near it."""

import numpy as np
import pytest

from ctr_env.estimators.ctrnet import gripper
from ctr_env.estimators.ctrnet.points import LinkPoint, link_points, paper_keypoints, points_at_the_gripper
from ctr_env.geometry import PinholeCamera, moved, pose_error, pose_from_matrix, transform
from ctr_env.scenes.robots.kinematics import RobotKinematics

PANDA = RobotKinematics("panda")
CAMERA = PinholeCamera(500.0, 500.0, 320.0, 240.0, 640, 480)
LINKS = ("panda_link6", "panda_link7", "panda_hand")
POINTS = [LinkPoint(link, x, y, 0.02) for link in LINKS for x, y in ((0.05, 0.0), (-0.05, 0.03), (0.0, -0.06))]
IN_EE = PANDA.base_T_ee(PANDA.home).inv().apply(link_points(PANDA, PANDA.home, POINTS))
TRUE = transform((0.1, -0.05, 1.2))
WEIGHTS = np.full(len(POINTS), 4.0)


def gripper_pose(expected, *given):
    """The pose as an object."""
    found = gripper.gripper_pose(expected.as_matrix(), *given)
    return None if found is None else pose_from_matrix(found)


def test_points_of_the_last_links_stand_for_the_gripper():
    links = [point.link for point in paper_keypoints(PANDA.robot)]
    at = points_at_the_gripper(PANDA, paper_keypoints(PANDA.robot))
    assert [link for link, near in zip(links, at, strict=True) if near] == list(LINKS)


def test_what_is_wrong_across_the_line_of_sight_is_mended():
    wrong = moved(TRUE, [0.008, -0.006, 0.0, 0.0, 0.0, 0.01])
    found = gripper_pose(wrong, IN_EE, CAMERA.project(TRUE.apply(IN_EE)), WEIGHTS, CAMERA)
    assert pose_error(found, TRUE)[0] < 0.1 * pose_error(wrong, TRUE)[0]
    exact = gripper_pose(TRUE, IN_EE, CAMERA.project(TRUE.apply(IN_EE)), WEIGHTS, CAMERA)
    assert max(pose_error(exact, TRUE)) < 1e-7


def test_it_is_the_most_probable_pose():
    rng = np.random.default_rng(0)
    expected = moved(TRUE, 0.005 * rng.standard_normal(6))
    pixels = CAMERA.project(TRUE.apply(IN_EE)) + 0.5 * rng.standard_normal((len(POINTS), 2))
    found = gripper_pose(expected, IN_EE, pixels, WEIGHTS, CAMERA)

    def cost(pose):
        away = np.concatenate(
            [pose.translation - expected.translation, (pose.rotation * expected.rotation.inv()).as_rotvec()]
        )
        errors = CAMERA.project(pose.apply(IN_EE)) - pixels
        scale = np.repeat([0.010, 0.020], 3)
        return float(np.sum(WEIGHTS[:, None] * errors**2) + np.sum((away / scale) ** 2))

    step = 1e-4
    slopes = [(cost(moved(found, step * axis)) - cost(moved(found, -step * axis))) / (2 * step) for axis in np.eye(6)]
    curvature = 2.0 * 4.0 * len(POINTS) * (500.0 / 1.2) ** 2
    assert np.abs(slopes).max() < 1e-4 * curvature  # a tenth of a millimetre off would give a slope of that size


@pytest.mark.parametrize("seen", [0, 2])
def test_too_few_points_give_no_pose(seen):
    weights = np.where(np.arange(len(POINTS)) < seen, 4.0, 0.0)
    assert gripper_pose(TRUE, IN_EE, CAMERA.project(TRUE.apply(IN_EE)), weights, CAMERA) is None
