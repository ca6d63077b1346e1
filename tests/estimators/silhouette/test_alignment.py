"""Poses that are a little off come back to where the mask was drawn."""

import numpy as np
import pytest
from scipy.spatial.transform import Rotation

from ctr_env.estimators.silhouette import alignment
from ctr_env.estimators.silhouette.alignment import AlignmentProblem, Seen, align, align_each
from ctr_env.estimators.silhouette.contour import find_contour
from ctr_env.estimators.silhouette.contour_pull import Pull
from ctr_env.geometry import transform

UNSURE = np.diag([0.05**2] * 3 + [0.05**2] * 3)


@pytest.mark.parametrize("distortion", [(), (0.15, -0.1, 0.002, -0.003)])
@pytest.mark.parametrize("robot", ["panda", "baxter"])
def test_poses_come_back(robot_case, robot, distortion):
    rng, before, after = np.random.default_rng(0), [], []
    for _ in range(8):
        case = robot_case(robot, rng, distortion)
        start = case.wrong(rng)
        found = case.aligned(start)
        before.append(case.error(start))
        after.append(case.error(found.camera_T_base))
        assert found.contour_inlier_ratio > 0.7
    assert np.median(before) > 0.012
    assert np.median(after) < 0.002 and max(after) < 0.01


def test_something_before_the_robot_does_little_harm(robot_case):
    rng, after = np.random.default_rng(1), []
    for _ in range(8):
        case = robot_case("panda", rng)
        rows, columns = np.nonzero(case.mask > 0.5)
        place = rng.integers(len(rows))
        case.mask[max(rows[place] - 30, 0) : rows[place] + 30, max(columns[place] - 30, 0) : columns[place] + 30] = 0.0
        found = case.aligned(case.wrong(rng))
        after.append(case.error(found.camera_T_base))
    assert np.median(after) < 0.004


def test_a_wrong_pose_is_told_by_what_it_explains(robot_case):
    rng = np.random.default_rng(2)
    for _ in range(5):
        case = robot_case("panda", rng)
        far = transform(case.pose.translation, Rotation.from_rotvec([0.0, 1.2, 0.0]) * case.pose.rotation)
        assert case.aligned(far).contour_inlier_ratio < 0.5


def test_without_a_border_the_pose_stays(robot_case):
    case = robot_case("panda", np.random.default_rng(3))
    case.mask[:] = 0.0
    start = case.wrong(np.random.default_rng(4))
    found = case.aligned(start)
    np.testing.assert_allclose(found.camera_T_base.as_matrix(), start.as_matrix(), atol=1e-12)
    np.testing.assert_allclose(found.covariance, UNSURE, rtol=1e-9)
    assert found.contour_inlier_ratio == 0.0


def test_what_is_already_known_holds(robot_case):
    """A first pose that is sure of itself is not moved; a pose is more certain afterwards than before."""
    rng = np.random.default_rng(5)
    case = robot_case("panda", rng)
    start = case.wrong(rng)
    held = case.aligned(start, 1e-12 * np.eye(6))
    np.testing.assert_allclose(held.camera_T_base.as_matrix(), start.as_matrix(), atol=1e-6)
    found = case.aligned(start)
    assert np.linalg.eigvalsh(UNSURE - found.covariance).min() > 0.0


def test_normal_equations_that_are_not_finite_leave_the_pose_unchanged(robot_case, monkeypatch):
    """A contour sample in the plane of the camera's centre has an infinite projection."""
    case, rng = robot_case("panda", np.random.default_rng(8)), np.random.default_rng(9)
    nothing = np.full((6, 6), np.nan)
    monkeypatch.setattr(alignment, "pulls", lambda _: [Pull(nothing, nothing, nothing[0], 100.0, 50.0)])
    found = case.aligned(case.wrong(rng))
    np.testing.assert_allclose(found.covariance, UNSURE)


def test_one_camera_over_many_frames_is_found_better_than_in_each(robot_case):
    rng = np.random.default_rng(4)
    first = robot_case("panda", rng)
    cases = [first]
    for _ in range(7):
        cases.append(robot_case("panda", rng, pose=first.pose))
    for case in cases:  # masks that err, each in its own way
        case.mask = np.roll(case.mask, rng.integers(-3, 4, 2), axis=(0, 1))
    errors = []
    start = first.wrong(rng)
    together = align(first.surface, [Seen(case.vertices, case.view) for case in cases], start, UNSURE, rounds=4)
    for case in cases:
        alone = case.aligned(start)
        errors.append(first.error(alone.camera_T_base))
    assert first.error(together.camera_T_base) < 0.6 * np.median(errors)
    assert np.trace(together.covariance) < 0.5 * np.trace(alone.covariance)


def test_independent_poses_are_aligned_together_as_each_alone(robot_case):
    """Bit for bit, although they stop after different numbers of steps, and one of them at once."""
    rng, lens = np.random.default_rng(6), (0.15, -0.1, 0.002, -0.003)
    cases = [robot_case("panda", rng, distortion) for distortion in ((), lens, (), (), lens)]
    cases[2].mask[:] = 0.0
    starts = [
        case.wrong(rng, metres, metres) for case, metres in zip(cases, (0.0, 0.01, 0.01, 0.03, 0.001), strict=True)
    ]
    problems = [AlignmentProblem([Seen(c.vertices, c.view)], s, UNSURE) for c, s in zip(cases, starts, strict=True)]
    for case, start, found in zip(cases, starts, align_each(cases[0].surface, problems), strict=True):
        alone = case.aligned(start)
        np.testing.assert_array_equal(found.camera_T_base.as_matrix(), alone.camera_T_base.as_matrix())
        np.testing.assert_array_equal(found.covariance, alone.covariance)
        assert found.contour_inlier_ratio == alone.contour_inlier_ratio


@pytest.mark.parametrize(("metres", "contours"), [(0.0, 1), (0.03, 2)])
def test_a_contour_is_computed_again_only_where_the_pose_still_moves(robot_case, monkeypatch, metres, contours):
    case, made = robot_case("panda", np.random.default_rng(0)), []
    monkeypatch.setattr(alignment, "find_contour", lambda *a: made.append(1) or find_contour(*a))
    case.aligned(transform(np.add(case.pose.translation, [metres, 0.0, 0.0]), case.pose.rotation))
    assert len(made) == contours
