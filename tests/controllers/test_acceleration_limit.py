"""The acceleration limit as inequalities of an inverse-kinematics problem."""

from __future__ import annotations

import mink
import numpy as np
import pytest

from ctr_env.controllers.acceleration_limit import AccelerationLimit
from ctr_env.controllers.joint_limits import JointLimiter

DT = 1.0 / 30.0


def test_inequalities_are_the_reachable_velocities_times_dt(panda, rng):
    limiter = JointLimiter.of(panda)
    limit = AccelerationLimit(limiter)
    q, v = panda.home + 0.1, rng.uniform(-0.5, 0.5, panda.n)
    limit.set_previous_velocities(v)
    G, h = limit.compute_qp_inequalities(mink.Configuration(panda.model, q), DT)
    low, high = limiter.reachable(q, v, DT)
    for velocities, allowed in ((low, True), (high, True), (low - 1e-6, False), (high + 1e-6, False)):
        assert bool((G @ (velocities * DT) <= h + 1e-12).all()) == allowed


def test_far_from_the_stops_it_is_the_plain_acceleration_limit(panda):
    limit = AccelerationLimit(JointLimiter.of(panda))
    _, h = limit.compute_qp_inequalities(mink.Configuration(panda.model, panda.home), DT)
    np.testing.assert_allclose(h, np.tile(panda.acceleration_limits, 2) * DT**2)


def test_it_contains_the_position_limit_of_mink(kinematics, rng):
    """No displacement that it allows reaches beyond a stop, from anywhere and at any possible speed."""
    limit = AccelerationLimit(JointLimiter.of(kinematics))
    stops = mink.ConfigurationLimit(kinematics.model, gain=1.0)
    for _ in range(50):
        q = rng.uniform(kinematics.lower, kinematics.upper)
        low, high = limit.limiter.bounds(q, np.zeros(kinematics.n), DT)
        limit.set_previous_velocities(rng.uniform(low, high))
        q = q + limit.previous_velocities * DT
        configuration = mink.Configuration(kinematics.model, q)
        tight, loose = (c.compute_qp_inequalities(configuration, DT) for c in (limit, stops))
        assert (tight.h <= loose.h + 1e-12).all()
        np.testing.assert_array_equal(tight.G, loose.G)


def test_previous_velocities_are_copied(panda):
    limit = AccelerationLimit(JointLimiter.of(panda))
    velocities = np.zeros(panda.n)
    limit.set_previous_velocities(velocities)
    velocities[:] = 1.0
    assert limit.previous_velocities.max() == pytest.approx(0.0)
