"""Features against finite differences and against the theory of their closed loops."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.spatial.transform import RigidTransform, Rotation

from ctr_env.controllers import CartesianFeature, ImageFeature, PoseFeature, make_feature
from ctr_env.controllers.features import theta_u_jacobian
from ctr_env.geometry import moved, transform

VIEWS = [
    transform((0.0, 0.0, -0.15)),
    transform((0.05, -0.03, -0.2), Rotation.from_euler("xyz", (0.2, -0.1, 0.4))),
]
"""Poses of a camera on the gripper."""
FEATURES = [CartesianFeature(), ImageFeature()]
seeds = st.integers(0, 2**32 - 1)


def random_pose(rng: np.random.Generator, max_angle: float = 2.5) -> RigidTransform:
    axis = rng.normal(size=3)
    angle = rng.uniform(0.0, max_angle)
    return transform(rng.uniform(-0.5, 0.5, 3), Rotation.from_rotvec(angle * axis / np.linalg.norm(axis)))


def decay(feature: PoseFeature, ee: RigidTransform, goal: RigidTransform) -> np.ndarray:
    """``(6,)`` twist of gain 1/s."""
    return feature.decay(feature.error(ee, goal), ee, goal)


def start_and_goal(seed: int) -> tuple[RigidTransform, RigidTransform]:
    rng = np.random.default_rng(seed)
    goal = random_pose(rng)
    return goal * random_pose(rng), goal


@pytest.mark.parametrize("feature", FEATURES)
@given(seed=seeds)
@settings(max_examples=25, deadline=None)
def test_closed_form_twist_makes_the_error_decay(feature, seed):
    ee, goal = start_and_goal(seed)
    twist, h = decay(feature, ee, goal), 1e-6
    ahead, behind = (feature.error(moved(ee, twist, step), goal) for step in (h, -h))
    np.testing.assert_allclose((ahead - behind) / (2.0 * h), -feature.error(ee, goal), atol=1e-7)


@pytest.mark.parametrize("feature", FEATURES)
def test_error_and_twist_vanish_at_the_goal(feature, rng):
    goal = random_pose(rng)
    np.testing.assert_allclose(feature.error(goal, goal), 0.0, atol=1e-15)
    np.testing.assert_allclose(decay(feature, goal, goal), 0.0, atol=1e-15)


def test_theta_u_jacobian_keeps_the_rotation_vector_itself(rng):
    for theta_u in rng.uniform(-1.5, 1.5, (20, 3)):
        np.testing.assert_allclose(theta_u_jacobian(theta_u) @ theta_u, theta_u, atol=1e-14)
    np.testing.assert_array_equal(theta_u_jacobian(np.zeros(3)), np.eye(3))


def simulate(feature, ee, goal, gain, dt, steps) -> list[RigidTransform]:
    poses = [ee]
    for _ in range(steps):
        poses.append(moved(poses[-1], gain * decay(feature, poses[-1], goal), dt))
    return poses


def test_cartesian_error_shrinks_by_the_same_factor_every_step(rng):
    ee, goal = start_and_goal(3)
    feature, gain, dt = CartesianFeature(), 3.0, 1.0 / 30.0
    initial = feature.error(ee, goal)
    for k, pose in enumerate(simulate(feature, ee, goal, gain, dt, 60)):
        np.testing.assert_allclose(feature.error(pose, goal), (1.0 - gain * dt) ** k * initial, atol=1e-12)


@pytest.mark.parametrize("feature", FEATURES)
def test_error_decays_exponentially_in_continuous_time(feature):
    """The distance to e0 exp(-gain t) is that of one Euler step, and so halves with it."""
    ee, goal = start_and_goal(3)
    gain, duration = 2.0, 1.0
    expected = np.exp(-gain * duration) * feature.error(ee, goal)
    errors = []
    for steps in (500, 1000):
        last = simulate(feature, ee, goal, gain, duration / steps, steps)[-1]
        errors.append(np.linalg.norm(feature.error(last, goal) - expected))
    assert errors[1] < 2e-3
    assert errors[1] == pytest.approx(errors[0] / 2.0, rel=0.02)


@pytest.mark.parametrize("seed", range(5))
def test_cartesian_path_is_straight_and_turns_about_one_axis(seed):
    ee, goal = start_and_goal(seed)
    poses = simulate(CartesianFeature(), ee, goal, 3.0, 1.0 / 30.0, 120)
    along = goal.translation - ee.translation
    along = along / np.linalg.norm(along)
    axis = (goal.rotation * ee.rotation.inv()).as_rotvec()
    axis = axis / np.linalg.norm(axis)
    for pose in poses:
        offset = pose.translation - ee.translation
        np.testing.assert_allclose(offset - (offset @ along) * along, 0.0, atol=1e-12)
        turned = (pose.rotation * ee.rotation.inv()).as_rotvec()
        np.testing.assert_allclose(turned - (turned @ axis) * axis, 0.0, atol=1e-12)


@pytest.mark.parametrize("seed", range(2))
def test_image_path_of_the_goal_is_straight_in_every_view_from_the_gripper(seed):
    """Straight in space and hence in the image, where the path of the other feature is curved."""
    rng = np.random.default_rng(seed)
    goal = random_pose(rng)
    axis = rng.normal(size=3)
    rotation = Rotation.from_rotvec(0.5 * axis / np.linalg.norm(axis))
    ee = goal * transform(rng.uniform(-0.05, 0.05, 3) - (0.0, 0.0, 0.2), rotation)
    image_poses = simulate(ImageFeature(), ee, goal, 2.0, 1e-3, 3000)[::30]
    cartesian_poses = simulate(CartesianFeature(), ee, goal, 2.0, 1e-2, 300)
    for ee_T_view in VIEWS:
        straight, curved = (view_path(p, goal, ee_T_view) for p in (image_poses, cartesian_poses))
        assert (straight[:, 2] > 0.0).all()
        assert deviation_from_chord(straight) < 1e-4
        bend, other_bend = (deviation_from_chord(path[:, :2] / path[:, 2:]) for path in (straight, curved))
        assert bend < 1e-3
        assert other_bend > 10.0 * bend
        np.testing.assert_allclose(straight[-1], ee_T_view.inv().translation, atol=2e-3)


def view_path(poses: list[RigidTransform], goal: RigidTransform, ee_T_view: RigidTransform) -> np.ndarray:
    """Where the goal's origin is in the view frame."""
    return np.array([(pose * ee_T_view).inv().apply(goal.translation) for pose in poses])


def deviation_from_chord(points: np.ndarray) -> float:
    chord = points[-1] - points[0]
    chord = chord / np.linalg.norm(chord)
    offsets = points - points[0]
    return float(np.linalg.norm(offsets - np.outer(offsets @ chord, chord), axis=1).max())


def test_features_are_made_by_name():
    assert isinstance(make_feature("cartesian"), CartesianFeature)
    assert isinstance(make_feature("image"), ImageFeature)


def test_an_unknown_feature_is_rejected_with_the_valid_names():
    with pytest.raises(ValueError, match="unknown feature 'polar'; valid names: cartesian, image"):
        make_feature("polar")
