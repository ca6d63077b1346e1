"""The law against closed-form answers: decay, stability, with a smooth start, speed limits and feed-forward."""

from __future__ import annotations

from collections import deque

import numpy as np
import pytest
from scipy.spatial.transform import RigidTransform, Rotation

from ctr_env.controllers import AdaptiveGain, CartesianFeature, PoseLaw, make_feature
from ctr_env.controllers.goal_motion import rigid_twist
from ctr_env.controllers.twist_shaping import TwistShaping
from ctr_env.geometry import moved, pose_error, transform

DT = 1.0 / 30.0
START = transform((0.5, -0.1, 0.4), Rotation.from_euler("xyz", (3.0, 0.1, -0.4)))
GOAL = transform((0.35, 0.15, 0.3), Rotation.from_euler("xyz", (2.6, -0.2, 0.3)))


def constant(gain: float) -> PoseLaw:
    return PoseLaw(CartesianFeature(), AdaptiveGain.constant(gain))


def run(law: PoseLaw, steps: int, shaping: TwistShaping | None = None) -> list[RigidTransform]:
    poses, shaping = [START], shaping or TwistShaping(0.0)
    for k in range(steps):
        poses.append(moved(poses[-1], shaping.shape(law.decay(poses[-1], GOAL), k * DT), DT))
    return poses


def test_constant_gain_makes_a_geometric_decay():
    gain = 3.0
    initial = pose_error(START, GOAL)
    for k, pose in enumerate(run(constant(gain), 90)):
        expected = np.multiply((1.0 - gain * DT) ** k, initial)
        np.testing.assert_allclose(pose_error(pose, GOAL), expected, atol=1e-9)


@pytest.mark.parametrize(("delay", "limit"), [(0, 2.0), (1, 1.0), (2, 0.618), (3, 0.445)])
def test_late_goals_are_stable_up_to_the_theoretical_gain(delay, limit):
    """A law that acts on the error of ``delay`` steps ago: stable below the bound, unstable above it."""
    assert limit == pytest.approx(2.0 * np.sin(np.pi / (2.0 * (2 * delay + 1))), abs=5e-4)
    for factor, stable in ((0.97, True), (1.03, False)):
        law = constant(factor * limit / DT)
        ee, seen = transform(START.translation), deque([transform(START.translation)] * (delay + 1))
        goal = transform(GOAL.translation)
        for _ in range(600):
            seen.popleft()
            seen.append(ee)
            ee = moved(ee, law.decay(seen[0], goal), DT)
        ratio = pose_error(ee, goal)[0] / pose_error(START, GOAL)[0]
        assert ratio < 0.1 if stable else ratio > 10.0


@pytest.mark.parametrize(("delay", "limit"), [(0, 1.0), (1, 0.25), (2, 4.0 / 27.0)])
def test_late_goals_do_not_overshoot_below_the_theoretical_gain(delay, limit):
    for factor, overshoots in ((0.99, False), (1.2, True)):
        law = constant(factor * limit / DT)
        x, seen = [1.0], deque([1.0] * (delay + 1))
        for _ in range(200):
            seen.popleft()
            seen.append(x[-1])
            x.append(x[-1] + DT * law.decay(transform((seen[0], 0.0, 0.0)), transform())[0])
        assert (min(x) < -1e-9) == overshoots


def test_a_start_beyond_the_speed_limits_is_smooth_too():
    twist, shaping = constant(20.0).decay(START, GOAL), TwistShaping(4.0, 0.5, 1.5)
    np.testing.assert_allclose(shaping.shape(twist, 0.0), 0.0, atol=1e-15)
    slow = shaping.shape(twist, 0.01)
    assert np.linalg.norm(slow[:3]) < 0.05 * 0.5


@pytest.mark.parametrize("name", ["cartesian", "image"])
def test_speed_limits_keep_direction_and_reach_the_goal(name):
    feature, shaping = make_feature(name), TwistShaping(0.0, 0.1, 0.3)
    law = PoseLaw(feature, AdaptiveGain(4.0, 1.5, 30.0))
    twist, free = shaping.shape(law.decay(START, GOAL), 0.0), law.decay(START, GOAL)
    assert max(np.linalg.norm(twist[:3]) / 0.1, np.linalg.norm(twist[3:]) / 0.3) == pytest.approx(1.0)
    np.testing.assert_allclose(twist / np.linalg.norm(twist), free / np.linalg.norm(free), atol=1e-12)
    distance, angle = pose_error(run(law, 300, TwistShaping(0.0, 0.1, 0.3))[-1], GOAL)
    assert distance < 1e-6
    assert angle < 1e-6


def test_the_cartesian_path_stays_straight_with_every_option_on():
    law = PoseLaw(CartesianFeature(), AdaptiveGain(4.0, 1.5, 30.0))
    along = GOAL.translation - START.translation
    along = along / np.linalg.norm(along)
    for pose in run(law, 150, TwistShaping(4.0, 0.1, 0.3)):
        offset = pose.translation - START.translation
        np.testing.assert_allclose(offset - (offset @ along) * along, 0.0, atol=1e-12)


def test_the_gain_is_bounded_where_the_period_demands_it():
    ee, goal = transform(), transform([0.1, 0.0, 0.0])
    np.testing.assert_allclose(constant(4.0).decay(ee, goal)[0], 0.4)
    np.testing.assert_allclose(constant(4.0).decay(ee, goal, max_gain=2.0)[0], 0.2)


def follow(goal_twist: np.ndarray, fed: bool) -> tuple[float, float]:
    """Position and rotation error after following a goal of constant twist with a gain of 2 1/s."""
    law, ee, goal = constant(2.0), transform(), transform()
    for _ in range(600):
        twist = law.decay(ee, goal)
        if fed:
            twist = twist + rigid_twist(goal_twist, goal.translation, ee.translation)
        ee, goal = moved(ee, twist, DT), moved(goal, goal_twist, DT)
    return pose_error(ee, goal)


def test_without_feed_forward_the_end_effector_trails_by_speed_over_gain():
    linear = np.array([0.05, -0.02, 0.03, 0.0, 0.0, 0.0])
    distance, _ = follow(linear, fed=False)
    assert distance == pytest.approx(np.linalg.norm(linear) / 2.0, rel=1e-9)
    angular = np.array([0.0, 0.0, 0.0, 0.0, 0.0, 0.4])
    _, angle = follow(angular, fed=False)
    assert angle == pytest.approx(0.4 / 2.0, rel=1e-9)


def test_feed_forward_removes_the_lag():
    distance, angle = follow(np.array([0.05, -0.02, 0.03, 0.1, 0.2, -0.1]), fed=True)
    assert distance < 1e-9
    assert angle < 1e-9
