"""Joint limits in closed form: never violated, never contradictory, never needlessly tight."""

from __future__ import annotations

import mink
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from ctr_env.controllers import JointLimiter
from ctr_env.controllers.joint_limits import fastest_approach

DT = 1.0 / 30.0
LIMITER = JointLimiter(
    lower=np.array([-1.0, -0.5, -np.inf]),
    upper=np.array([1.0, 0.02, np.inf]),
    velocity=np.array([2.0, 1.5, 4.0]),
    acceleration=np.array([8.0, 3.0, 12.0]),
)


def stopping_distance(velocity: float, acceleration: float, dt: float) -> float:
    distance = 0.0
    while velocity > 0.0:
        distance += velocity * dt
        velocity -= acceleration * dt
    return distance


@given(distance=st.floats(1e-6, 10.0), acceleration=st.floats(0.5, 50.0), dt=st.sampled_from([1e-3, 1 / 30, 0.1]))
def test_the_fastest_approach_stops_exactly_at_the_stop(distance, acceleration, dt):
    u = float(fastest_approach([distance], [acceleration], dt)[0])
    assert stopping_distance(u, acceleration, dt) == pytest.approx(distance, rel=1e-9)


def test_there_is_no_approach_at_or_beyond_a_stop():
    np.testing.assert_array_equal(fastest_approach([0.0, -0.3], [5.0, 5.0], DT), [0.0, 0.0])


@given(seed=st.integers(0, 2**32 - 1))
def test_random_demands_keep_every_limit(seed):
    """Starts anywhere within the stops, at the stops too; demands switch between extremes and noise."""
    rng = np.random.default_rng(seed)
    low, high = np.maximum(LIMITER.lower, -3.0), np.minimum(LIMITER.upper, 3.0)
    q, v = rng.choice([low, high, rng.uniform(low, high)]), np.zeros(3)
    demand = np.zeros(3)
    for _ in range(120):
        if rng.random() < 0.2:
            demand = rng.normal(size=3) * 10.0 ** rng.uniform(-2.0, 3.0)
        new = LIMITER.clamp(demand, q, v, DT)
        assert (np.abs(new) <= LIMITER.velocity).all()
        assert (np.abs(new - v) <= LIMITER.acceleration * DT * (1.0 + 1e-12)).all()
        q, v = q + new * DT, new
        assert (q >= LIMITER.lower - 1e-12).all()
        assert (q <= LIMITER.upper + 1e-12).all()


@given(position=st.floats(-3.0, 3.0), velocity=st.floats(-1.0, 1.0), demand=st.floats(-1e6, 1e6) | st.just(0.0))
def test_bounds_are_never_empty_and_allow_to_brake(position, velocity, demand):
    """Whatever the measured position says, beyond the stops too."""
    v = velocity * LIMITER.velocity
    low, high = LIMITER.bounds(np.full(3, position), v, DT)
    brake = LIMITER.brake(v, DT)
    assert (low <= brake + 1e-12).all()
    assert (brake <= high + 1e-12).all()
    assert np.isfinite(LIMITER.clamp(np.full(3, demand), np.full(3, position), v, DT)).all()


def test_a_joint_beyond_its_stop_may_come_back_but_not_go_on():
    limiter = JointLimiter([0.0], [1.0], [2.0], [60.0])
    np.testing.assert_allclose(limiter.clamp([5.0], [1.1], [0.0], DT), 0.0)
    np.testing.assert_allclose(limiter.clamp([-5.0], [1.1], [0.0], DT), -2.0)


def test_a_joint_that_was_measured_beyond_its_stop_at_speed_brakes_as_hard_as_it_may():
    limiter = JointLimiter([0.0], [1.0], [2.0], [6.0])
    np.testing.assert_allclose(limiter.clamp([2.0], [1.1], [2.0], DT), 2.0 - 6.0 * DT)


def test_a_demand_within_the_limits_is_granted():
    demand = np.array([0.1, -0.05, 0.2])
    np.testing.assert_array_equal(LIMITER.clamp(demand, np.array([0.0, -0.2, 0.0]), np.zeros(3), DT), demand)


def test_a_joint_reaches_its_stop():
    limiter = JointLimiter([-1.0], [1.0], [2.0], [6.0])
    q, v = np.zeros(1), np.zeros(1)
    for _ in range(60):
        v = limiter.clamp([9.0], q, v, DT)
        q = q + v * DT
    np.testing.assert_allclose(q, 1.0, atol=1e-12)
    np.testing.assert_allclose(v, 0.0, atol=1e-12)


def test_braking_takes_as_long_as_the_acceleration_limits_say():
    v = np.array([2.0, -1.5, 0.1])
    steps = 0
    while np.any(v != 0.0):
        slower = LIMITER.brake(v, DT)
        assert (np.abs(slower - v) <= LIMITER.acceleration * DT * (1.0 + 1e-12)).all()
        v, steps = slower, steps + 1
    assert steps == np.ceil(1.5 / (3.0 * DT) - 1e-9)


@given(seed=st.integers(0, 2**32 - 1))
def test_far_from_the_stops_only_acceleration_limits_what_is_reachable(seed):
    """With and without room to brake, the bounds are those of the fastest approaches to both stops."""
    rng = np.random.default_rng(seed)
    q, v = rng.uniform(-1.2, 1.2, 3) * rng.choice([0.1, 1.0]), rng.uniform(-1.0, 1.0, 3) * LIMITER.velocity
    low, high = LIMITER.reachable(q, v, DT)
    slowest, fastest = v - LIMITER.acceleration * DT, v + LIMITER.acceleration * DT
    down = -fastest_approach(q - LIMITER.lower, LIMITER.acceleration, DT)
    up = fastest_approach(LIMITER.upper - q, LIMITER.acceleration, DT)
    np.testing.assert_array_equal(low, np.clip(down, slowest, fastest))
    np.testing.assert_array_equal(high, np.clip(up, slowest, fastest))


def test_what_is_reachable_is_within_the_position_limit_of_mink(kinematics, rng):
    """No reachable velocity leads beyond a stop, from anywhere and at any possible speed."""
    limiter, stops = JointLimiter.of(kinematics), mink.ConfigurationLimit(kinematics.model, gain=1.0)
    for _ in range(50):
        q = rng.uniform(kinematics.lower, kinematics.upper)
        v = rng.uniform(*limiter.bounds(q, np.zeros(kinematics.n), DT))
        q = q + v * DT
        loose = stops.compute_qp_inequalities(mink.Configuration(kinematics.model, q), DT)
        for velocities in limiter.reachable(q, v, DT):
            assert (loose.G @ velocities * DT <= loose.h + 1e-12).all()


def test_limits_of_an_arm_keep_a_margin(kinematics):
    limiter = JointLimiter.of(kinematics, stop_margin=0.02)
    np.testing.assert_allclose(limiter.lower, kinematics.lower + 0.02)
    np.testing.assert_allclose(limiter.upper, kinematics.upper - 0.02)
    np.testing.assert_array_equal(limiter.velocity, kinematics.velocity_limits)
    np.testing.assert_array_equal(limiter.acceleration, kinematics.acceleration_limits)


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"upper": [1.0, -1.0, 1.0]}, "lower must be below upper"),
        ({"velocity": [1.0, 1.0]}, r"velocity must have the shape of lower, not \(2,\)"),
        ({"velocity": [1.0, 1.0, 0.0]}, "velocity must be positive"),
        ({"acceleration": [1.0, np.nan, 1.0]}, "acceleration must be positive"),
    ],
)
def test_impossible_limits_are_rejected(changes, message):
    values = {
        "lower": [-1.0, 0.0, -1.0],
        "upper": [1.0] * 3,
        "velocity": [1.0] * 3,
        "acceleration": [1.0] * 3,
    }
    with pytest.raises(ValueError, match=message):
        JointLimiter(**(values | changes))
