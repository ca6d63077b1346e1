"""Joint positions of poses: found, within the stops, near home, and the nearest where there are none."""

from __future__ import annotations

import numpy as np
import pytest

from ctr_env.controllers import JointLimiter
from ctr_env.controllers.position_ik import PositionIK
from ctr_env.geometry import pose_error, transform


def solver_of(kinematics) -> PositionIK:
    return PositionIK(kinematics, JointLimiter.of(kinematics, 0.01), 0.3)


def test_poses_of_nearby_configurations_are_found_within_the_stops(kinematics, rng):
    ik, limiter = solver_of(kinematics), JointLimiter.of(kinematics, 0.01)
    for _ in range(10):
        goal = kinematics.base_T_ee(
            np.clip(kinematics.home + rng.uniform(-0.6, 0.6, kinematics.n), limiter.lower, limiter.upper)
        )
        q, found = ik.solve(kinematics.home, goal, 50, 1e-6)
        assert found
        assert max(pose_error(kinematics.base_T_ee(q), goal)) < 1e-5
        assert (q >= limiter.lower).all()
        assert (q <= limiter.upper).all()


def test_the_null_space_goes_home(kinematics):
    """From a configuration turned about itself back to home, whose pose it has."""
    goal, q = kinematics.base_T_ee(kinematics.home), kinematics.home
    null = np.linalg.svd(kinematics.jacobian(q))[2][6]
    start = solver_of(kinematics).solve(q + 0.5 * null, goal, 50, 1e-6)[0]
    assert np.abs(start - q).max() > 0.2
    for _ in range(100):
        start = solver_of(kinematics).step(start, goal, home_share=0.1)
    np.testing.assert_allclose(start, kinematics.home, atol=1e-3)


@pytest.mark.parametrize("distance", [0.2, 1.0])
def test_beyond_the_arm_the_nearest_pose_is_approached(panda, distance):
    """The arm stretches towards the goal, and says that it does not reach it."""
    shoulder = np.array([0.0, 0.0, 0.333])
    pose = panda.base_T_ee(panda.home)
    direction = (pose.translation - shoulder) / np.linalg.norm(pose.translation - shoulder)
    goal = transform(shoulder + (1.0 + distance) * direction, pose.rotation)
    q, found = solver_of(panda).solve(panda.home, goal, 200, 1e-3)
    assert not found
    before, after = (np.linalg.norm(solver_of(panda).error(at, goal)) for at in (panda.home, q))
    assert after < before
    # no small step of the joints is better
    limiter = JointLimiter.of(panda, 0.01)
    for step in 0.02 * np.vstack([np.eye(panda.n), -np.eye(panda.n)]):
        other = np.clip(q + step, limiter.lower, limiter.upper)
        assert np.linalg.norm(solver_of(panda).error(other, goal)) > after - 1e-3
