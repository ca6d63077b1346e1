"""The law against closed-form answers: decay, stability, smooth start, speed limits, feed-forward."""

from __future__ import annotations

from collections import deque

import numpy as np
import pytest
from scipy.spatial.transform import RigidTransform, Rotation

from ctr_env.controllers import AdaptiveGain, CartesianFeature, PBVSLaw, make_feature
from ctr_env.geometry import moved, pose_error, transform

DT = 1.0 / 30.0
START = transform((0.5, -0.1, 0.4), Rotation.from_euler("xyz", (3.0, 0.1, -0.4)))
GOAL = transform((0.35, 0.15, 0.3), Rotation.from_euler("xyz", (2.6, -0.2, 0.3)))


def run(law: PBVSLaw, steps: int, dt: float = DT, ee: RigidTransform = START) -> list[RigidTransform]:
    poses = [ee]
    for k in range(steps):
        poses.append(moved(poses[-1], law.twist(poses[-1], GOAL, k * dt), dt))
    return poses


def test_constant_gain_makes_a_geometric_decay():
    gain = 3.0
    law = PBVSLaw(gain=AdaptiveGain.constant(gain), continuity_rate=0.0)
    initial = pose_error(START, GOAL)
    for k, pose in enumerate(run(law, 90)):
        expected = np.multiply((1.0 - gain * DT) ** k, initial)
        np.testing.assert_allclose(pose_error(pose, GOAL), expected, atol=1e-9)


@pytest.mark.parametrize(("delay", "limit"), [(0, 2.0), (1, 1.0), (2, 0.618), (3, 0.445)])
def test_late_goals_are_stable_up_to_the_theoretical_gain(delay, limit):
    """A law that acts on the error of ``delay`` steps ago: stable below the bound, unstable above it."""
    assert limit == pytest.approx(2.0 * np.sin(np.pi / (2.0 * (2 * delay + 1))), abs=5e-4)
    for factor, stable in ((0.97, True), (1.03, False)):
        law = PBVSLaw(gain=AdaptiveGain.constant(factor * limit / DT), continuity_rate=0.0)
        ee, seen = transform(START.translation), deque([transform(START.translation)] * (delay + 1))
        goal = transform(GOAL.translation)
        for k in range(600):
            seen.popleft()
            seen.append(ee)
            ee = moved(ee, law.twist(seen[0], goal, k * DT), DT)
        ratio = pose_error(ee, goal)[0] / pose_error(START, GOAL)[0]
        assert ratio < 0.1 if stable else ratio > 10.0


@pytest.mark.parametrize(("delay", "limit"), [(0, 1.0), (1, 0.25), (2, 4.0 / 27.0)])
def test_late_goals_do_not_overshoot_below_the_theoretical_gain(delay, limit):
    for factor, overshoots in ((0.99, False), (1.2, True)):
        law = PBVSLaw(gain=AdaptiveGain.constant(factor * limit / DT), continuity_rate=0.0)
        x, seen = [1.0], deque([1.0] * (delay + 1))
        for k in range(200):
            seen.popleft()
            seen.append(x[-1])
            x.append(x[-1] + DT * law.twist(transform((seen[0], 0.0, 0.0)), transform(), k * DT)[0])
        assert (min(x) < -1e-9) == overshoots


def test_it_starts_from_rest_and_joins_the_classic_law_at_the_rate_mu():
    classic = PBVSLaw(continuity_rate=0.0)
    smooth = PBVSLaw(continuity_rate=4.0)
    c = classic.twist(START, GOAL, 5.0)
    np.testing.assert_allclose(smooth.twist(START, GOAL, 5.0), 0.0, atol=1e-15)
    for t in (0.1, 0.5, 2.0):
        expected = (1.0 - np.exp(-4.0 * t)) * c
        np.testing.assert_allclose(smooth.twist(START, GOAL, 5.0 + t), expected, atol=1e-14)


def test_a_restart_continues_from_the_twist_that_it_is_given():
    law = PBVSLaw(max_linear_speed=0.5, max_angular_speed=1.5)
    law.twist(START, GOAL, 0.0)
    now = np.array([0.1, -0.2, 0.05, 0.3, 0.0, -0.1])
    law.restart(now)
    np.testing.assert_allclose(law.twist(START, GOAL, 9.0), now, atol=1e-15)
    law.restart()
    np.testing.assert_allclose(law.twist(START, GOAL, 10.0), 0.0, atol=1e-15)


def test_a_start_beyond_the_speed_limits_is_smooth_too():
    law = PBVSLaw(gain=AdaptiveGain.constant(20.0), max_linear_speed=0.5, max_angular_speed=1.5)
    np.testing.assert_allclose(law.twist(START, GOAL, 0.0), 0.0, atol=1e-15)
    slow = law.twist(START, GOAL, 0.01)
    assert np.linalg.norm(slow[:3]) < 0.05 * 0.5


@pytest.mark.parametrize("name", ["cartesian", "image"])
def test_speed_limits_keep_direction_and_reach_the_goal(name):
    feature = make_feature(name)
    law = PBVSLaw(
        feature,
        AdaptiveGain(4.0, 1.5, 30.0),
        continuity_rate=0.0,
        max_linear_speed=0.1,
        max_angular_speed=0.3,
    )
    twist, free = law.twist(START, GOAL, 0.0), feature.twist(START, GOAL)
    assert max(np.linalg.norm(twist[:3]) / 0.1, np.linalg.norm(twist[3:]) / 0.3) == pytest.approx(1.0)
    np.testing.assert_allclose(twist / np.linalg.norm(twist), free / np.linalg.norm(free), atol=1e-12)
    distance, angle = pose_error(run(law, 300)[-1], GOAL)
    assert distance < 1e-6
    assert angle < 1e-6


def test_the_cartesian_path_stays_straight_with_every_option_on():
    law = PBVSLaw(gain=AdaptiveGain(4.0, 1.5, 30.0), max_linear_speed=0.1, max_angular_speed=0.3)
    along = GOAL.translation - START.translation
    along = along / np.linalg.norm(along)
    for pose in run(law, 150):
        offset = pose.translation - START.translation
        np.testing.assert_allclose(offset - (offset @ along) * along, 0.0, atol=1e-12)


def test_a_residual_is_added_before_the_speed_limits():
    law = PBVSLaw(continuity_rate=0.0, max_linear_speed=10.0, max_angular_speed=10.0)
    residual = np.array([0.1, 0.0, 0.0, 0.0, 0.2, 0.0])
    plain = law.twist(START, GOAL, 0.0)
    np.testing.assert_allclose(law.twist(START, GOAL, 0.0, residual_twist=residual), plain + residual)
    fast = law.twist(START, GOAL, 0.0, residual_twist=1e3 * residual)
    assert np.linalg.norm(fast[:3]) <= 10.0 + 1e-12
    assert np.linalg.norm(fast[3:]) <= 10.0 + 1e-12


GOAL_TWIST = np.array([0.05, -0.02, 0.03, 0.1, 0.2, -0.1])


def follow(law: PBVSLaw, goal_twist: np.ndarray, fed: np.ndarray | None, steps: int) -> tuple[float, float]:
    """Position and rotation error after following a goal of constant twist."""
    ee = goal = transform()
    for k in range(steps):
        twist = law.twist(ee, goal, k * DT, fed)
        ee, goal = moved(ee, twist, DT), moved(goal, goal_twist, DT)
    return pose_error(ee, goal)


def test_the_gain_is_bounded_where_the_period_demands_it():
    law = PBVSLaw(gain=AdaptiveGain.constant(4.0), continuity_rate=0.0)
    ee, goal = transform(), transform([0.1, 0.0, 0.0])
    np.testing.assert_allclose(law.twist(ee, goal, 0.0)[0], 0.4)
    np.testing.assert_allclose(law.twist(ee, goal, 0.0, max_gain=2.0)[0], 0.2)


def test_without_feed_forward_the_end_effector_trails_by_speed_over_gain():
    law = PBVSLaw(gain=AdaptiveGain.constant(2.0), continuity_rate=0.0)
    linear = np.array([0.05, -0.02, 0.03, 0.0, 0.0, 0.0])
    distance, _ = follow(law, linear, None, 500)
    assert distance == pytest.approx(np.linalg.norm(linear) / 2.0, rel=1e-9)
    angular = np.array([0.0, 0.0, 0.0, 0.0, 0.0, 0.4])
    _, angle = follow(law, angular, None, 500)
    assert angle == pytest.approx(0.4 / 2.0, rel=1e-9)


def test_feed_forward_removes_the_lag():
    law = PBVSLaw(gain=AdaptiveGain.constant(2.0))
    distance, angle = follow(law, GOAL_TWIST, GOAL_TWIST, 600)
    assert distance < 1e-9
    assert angle < 1e-9


def test_wrong_settings_are_rejected():
    with pytest.raises(ValueError, match=r"continuity_rate must be finite and not negative, not -1\.0"):
        PBVSLaw(continuity_rate=-1.0)
    with pytest.raises(ValueError, match=r"max_linear_speed must be positive, not 0\.0"):
        PBVSLaw(max_linear_speed=0.0)
    with pytest.raises(ValueError, match="max_angular_speed must be positive, not nan"):
        PBVSLaw(max_angular_speed=float("nan"))


def test_the_default_law_is_cartesian_with_unit_gain():
    law = PBVSLaw(continuity_rate=0.0)
    np.testing.assert_allclose(law.twist(START, GOAL, 0.0), CartesianFeature().twist(START, GOAL))
