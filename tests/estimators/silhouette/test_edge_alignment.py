"""Poses that are a few pixels off come back to the robot that an image shows."""

import cv2
import numpy as np
import pytest
from numpy.testing import assert_array_equal
from scipy.spatial.transform import Rotation

from ctr_env.estimators.silhouette import edge_alignment
from ctr_env.estimators.silhouette.edge_alignment import align_edges
from ctr_env.estimators.silhouette.image_view import ImageView, RobotImage
from ctr_env.geometry import matrix_twist, transform

KNOWN = np.diag([0.006**2] * 3 + [0.01**2] * 3)
DISTORTION = (0.15, -0.1, 0.002, -0.003)


def image_of(case, rng, contrast=1.0, mask=None):
    """The robot in shades of grey before a coarse texture, with noise."""
    shade = 130.0 + contrast * 90.0 * rng.uniform(-1.0, 1.0, (6, 8, 3)).repeat(64, 0).repeat(64, 1)
    share = (case.mask if mask is None else mask)[..., None]
    image = share * (130.0 + contrast * np.array([60.0, 60.0, 70.0])) + (1.0 - share) * np.clip(shade, 0, 150)
    return np.clip(image + rng.normal(0.0, 4.0, image.shape), 0, 255).astype(np.uint8)


def robot_image(case, image, unit=1.0):
    return RobotImage(case.joint_positions, case.vertices, ImageView(image, case.camera, unit))


def found(case, image, start, unit=1.0, covariance=KNOWN):
    return align_edges(case.kinematics, case.surface, [robot_image(case, image, unit)], start, covariance)


@pytest.mark.parametrize("distortion", [(), DISTORTION])
@pytest.mark.parametrize("robot", ["panda", "baxter"])
def test_poses_come_back(robot_case, robot, distortion):
    rng, before, after, squares = np.random.default_rng(1), [], [], []
    for _ in range(8):
        case = robot_case(robot, rng, distortion)
        start = case.wrong(rng, 0.003, 0.003)
        result = found(case, image_of(case, rng), start)
        before.append(case.error(start))
        after.append(case.error(result.camera_T_base))
        twist = matrix_twist(result.camera_T_base.as_matrix(), case.pose.as_matrix())
        squares.append(twist @ np.linalg.solve(result.covariance, twist))
        assert np.trace(result.covariance) < np.trace(KNOWN)
    assert np.median(before) > 0.004
    assert np.median(after) < 0.0015
    assert np.mean(squares) < 12.0  # six are expected of exact covariances


def test_a_larger_image_with_longer_units_gives_the_same_pose(robot_case):
    rng = np.random.default_rng(2)
    case = robot_case("panda", rng)
    image, start = image_of(case, rng), case.wrong(rng, 0.002, 0.002)
    large = image.repeat(4, axis=0).repeat(4, axis=1)
    one = found(case, image, start)
    case.camera = case.camera.resized(4 * case.camera.width, 4 * case.camera.height)
    four = found(case, large, start, unit=4.0)
    away = matrix_twist(one.camera_T_base.as_matrix(), four.camera_T_base.as_matrix())
    assert np.abs(away[:3]).max() < 0.001
    assert np.abs(away[3:]).max() < 0.0025  # about an axis that the view hardly determines
    assert away @ np.linalg.solve(one.covariance, away) < 1.0  # six are expected of independent noise
    np.testing.assert_allclose(np.diag(four.covariance), np.diag(one.covariance), rtol=0.5)


def test_without_edges_there_is_no_pose(robot_case):
    rng = np.random.default_rng(3)
    case = robot_case("panda", rng)
    assert found(case, image_of(case, rng, contrast=0.0), case.pose) is None


def test_a_robot_behind_the_camera_has_no_pose(robot_case):
    rng = np.random.default_rng(3)
    case = robot_case("panda", rng)
    behind = transform(-case.pose.translation, Rotation.identity())
    assert found(case, image_of(case, rng), behind) is None


def test_results_repeat(robot_case):
    rng = np.random.default_rng(4)
    case = robot_case("panda", rng)
    image, start = image_of(case, rng), case.wrong(rng, 0.002, 0.002)
    one, two = found(case, image, start), found(case, image, start)
    assert_array_equal(one.camera_T_base.as_matrix(), two.camera_T_base.as_matrix())
    assert_array_equal(one.covariance, two.covariance)


def test_one_camera_over_many_images_is_found_better_than_in_each(robot_case):
    rng = np.random.default_rng(5)
    first = robot_case("panda", rng)
    cases = [first, *(robot_case("panda", rng, pose=first.pose) for _ in range(4))]
    start = first.wrong(rng, 0.002, 0.002)
    images = [robot_image(case, image_of(case, rng)) for case in cases]
    together = align_edges(first.kinematics, first.surface, images, start, KNOWN)
    alone = [align_edges(first.kinematics, first.surface, [image], start, KNOWN) for image in images]
    assert first.error(together.camera_T_base) < np.median([first.error(each.camera_T_base) for each in alone])
    assert np.trace(together.covariance) < min(np.trace(each.covariance) for each in alone)


def test_joint_offsets_move_the_pose_as_the_sensitivity_says(robot_case):
    """An arm that stands otherwise than its encoders say is seen at another pose."""
    rng = np.random.default_rng(6)
    case = robot_case("panda", rng)
    image, surface, kinematics = image_of(case, rng), case.surface, case.kinematics
    exact = found(case, image, case.pose, covariance=100.0 * KNOWN)
    for joint in range(4):
        offset = 0.006 * np.eye(kinematics.n)[joint]
        measured = case.joint_positions - offset
        seen = RobotImage(measured, surface.posed(kinematics, measured), ImageView(image, case.camera))
        other = align_edges(kinematics, surface, [seen], case.pose, 100.0 * KNOWN)
        error = matrix_twist(other.camera_T_base.as_matrix(), exact.camera_T_base.as_matrix())
        expected = other.joint_sensitivity @ offset
        assert np.linalg.norm(error - expected) < 0.5 * np.linalg.norm(expected)


def test_poses_are_not_much_nearer_where_all_edges_lie_outside_the_robot(robot_case, monkeypatch):
    """Edges displaced by 0.3 pixels make the robot look larger; only the displacement that is solved for tells."""
    rng, nearer = np.random.default_rng(7), []
    for _ in range(6):
        case = robot_case("panda", rng)
        level = (
            cv2.GaussianBlur(case.mask.astype(np.float32), (0, 0), 1.0) - 0.382
        )  # of a straight edge, 0.3 px outside
        image = image_of(case, rng, mask=np.clip(2.5 * level + 0.5, 0.0, 1.0))
        poses = []
        for displacement_std in (1e-3, 0.2):
            monkeypatch.setattr(edge_alignment, "_DISPLACEMENT_STD", displacement_std)
            poses.append(found(case, image, case.pose, covariance=4.0 * KNOWN))
        away = [matrix_twist(case.pose.as_matrix(), each.camera_T_base.as_matrix()) for each in poses]
        middle = case.pose.apply(case.vertices.mean(axis=0))
        arm, ray = middle - case.pose.translation, middle / np.linalg.norm(middle)
        nearer.append([-ray @ (twist[:3] + np.cross(twist[3:], arm)) for twist in away])
        assert np.trace(poses[1].covariance) > np.trace(poses[0].covariance)
    ignored, solved = np.median(nearer, axis=0)
    assert ignored > 0.0015 and abs(solved) < 0.6 * ignored
