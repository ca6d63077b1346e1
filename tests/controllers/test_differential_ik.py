"""Inverse kinematics: twists achieved where possible, limits kept always."""

from __future__ import annotations

import copy

import numpy as np
import pytest
from scipy.spatial.transform import Rotation

from ctr_env.controllers import DifferentialIK, JointLimiter
from ctr_env.controllers.goal_motion import extrapolate
from ctr_env.geometry import transform

DT = 1.0 / 30.0
STRAIGHT = np.array([0.0, -0.3, 0.0, 0.0, 0.0, 0.0, 0.0])
"""Elbow and wrist of a Baxter in line: two directions are lost."""


def small_twist(rng: np.random.Generator, size: float = 0.02) -> np.ndarray:
    twist = rng.normal(size=6)
    return size * twist / np.linalg.norm(twist)


def assert_within_limits(limiter: JointLimiter, q: np.ndarray, new: np.ndarray, old: np.ndarray) -> None:
    assert np.isfinite(new).all()
    assert (np.abs(new) <= limiter.velocity).all()
    assert (np.abs(new - old) <= limiter.acceleration * DT * (1.0 + 1e-12)).all()
    assert (q + new * DT >= np.minimum(limiter.lower, q) - 1e-12).all()
    assert (q + new * DT <= np.maximum(limiter.upper, q) + 1e-12).all()


def test_achieved_twist_is_the_commanded_one(kinematics, rng):
    ik = DifferentialIK(kinematics, DT)
    for _ in range(50):
        q = kinematics.home + rng.uniform(-0.3, 0.3, kinematics.n)
        twist = small_twist(rng)
        low, high = ik.limiter.bounds(q, np.zeros(kinematics.n), DT)
        velocities = ik.solve(q, twist, np.zeros(kinematics.n))
        assert (velocities > low).all()
        assert (velocities < high).all()
        np.testing.assert_allclose(kinematics.jacobian(q) @ velocities, twist, atol=2e-4 * 0.02)


def test_twists_are_in_base_axes_wherever_the_base_stands_in_the_model(panda, rng):
    """The twist is turned from base to model axes: the same model with another base frame."""
    turned = copy.copy(panda)
    turned.model_T_base = transform((1.0, 2.0, 3.0), Rotation.from_euler("xyz", (0.3, -0.7, 1.1)))
    twist = small_twist(rng)
    velocities = DifferentialIK(turned, DT).solve(panda.home, twist, np.zeros(7))
    R = turned.model_T_base.rotation
    expected = np.concatenate([R.apply(twist[:3]), R.apply(twist[3:])])
    np.testing.assert_allclose(panda.jacobian(panda.home) @ velocities, expected, atol=1e-5)


@pytest.mark.parametrize("start", ["anywhere", "stops", "straight"])
def test_random_twists_keep_every_limit(kinematics, rng, start):
    ik, limiter = DifferentialIK(kinematics, DT), JointLimiter.of(kinematics)
    twist = np.zeros(6)
    for _ in range(12):
        q = {
            "anywhere": rng.uniform(kinematics.lower, kinematics.upper),
            "stops": np.where(rng.random(kinematics.n) < 0.5, kinematics.lower, kinematics.upper),
            "straight": np.clip(STRAIGHT, kinematics.lower, kinematics.upper),
        }[start]
        old = np.zeros(kinematics.n)
        for _ in range(60):
            if rng.random() < 0.2:
                twist = rng.normal(size=6) * 10.0 ** rng.uniform(-2.0, 1.5)
            new = ik.solve(q, twist, old)
            assert_within_limits(limiter, q, new, old)
            q, old = q + new * DT, new


def test_measurements_beyond_the_stops_are_coped_with(kinematics, rng):
    """Biased and noisy encoders of an arm that is driven along its stops."""
    ik, limiter = DifferentialIK(kinematics, DT), JointLimiter.of(kinematics)
    bias = rng.normal(0.0, 0.02, kinematics.n)
    q = np.where(rng.random(kinematics.n) < 0.5, kinematics.lower, kinematics.upper)
    old = np.zeros(kinematics.n)
    for k in range(300):
        twist = rng.normal(size=6) if k % 10 == 0 else twist
        new = ik.solve(q + bias + rng.normal(0.0, 0.005, kinematics.n), twist, old)
        assert np.isfinite(new).all()
        assert (np.abs(new) <= limiter.velocity).all()
        assert (np.abs(new - old) <= limiter.acceleration * DT * (1.0 + 1e-12)).all()
        q, old = q + new * DT, new


def test_damping_sets_in_near_singular_postures_only(baxter, rng):
    """A lost direction asks for little speed; directions that are not lost are still obeyed."""
    q = STRAIGHT
    U, s, _ = np.linalg.svd(baxter.jacobian(q))
    assert s[-1] < 1e-3
    free = JointLimiter(baxter.lower, baxter.upper, np.full(7, 100.0), np.full(7, 1e4))
    damped = DifferentialIK(baxter, DT, limiter=free)
    bare = DifferentialIK(baxter, DT, limiter=free, max_damping=1e-9)
    nearly = q + 1e-2
    lost = np.linalg.svd(baxter.jacobian(nearly))[0][:, -1]
    fast, slow = (np.linalg.norm(ik.solve(nearly, 0.1 * lost, np.zeros(7))) for ik in (bare, damped))
    assert fast > 2.0
    assert slow < 0.2 * fast
    kept = 0.1 * U[:, 0]
    np.testing.assert_allclose(baxter.jacobian(q) @ damped.solve(q, kept, np.zeros(7)), kept, atol=5e-4)


def test_damping_grows_as_the_arm_straightens(baxter):
    """The joint speed that the lost direction gets stays bounded all the way into the singularity."""
    free = JointLimiter(baxter.lower, baxter.upper, np.full(7, 100.0), np.full(7, 1e4))
    ik = DifferentialIK(baxter, DT, limiter=free)
    speeds = []
    for bend in np.geomspace(0.3, 1e-6, 30):
        q = STRAIGHT + bend
        lost = np.linalg.svd(baxter.jacobian(q))[0][:, -1]
        speeds.append(np.linalg.norm(ik.solve(q, 0.1 * lost, np.zeros(7))))
    assert max(speeds) < 20.0
    assert speeds[-1] < 0.1


def test_free_motion_approaches_the_home_posture_without_moving_the_end_effector(kinematics):
    """Self-motion only: the posture task has the null space to itself and nothing else."""
    ik = DifferentialIK(kinematics, DT, posture_rate=2.0)
    null = np.linalg.svd(kinematics.jacobian(kinematics.home))[2][-1]
    q, v = kinematics.home + 0.4 * null, np.zeros(kinematics.n)
    pose = kinematics.base_T_ee(q)
    before = np.linalg.norm(q - kinematics.home)
    for _ in range(60):
        error = pose.translation - kinematics.base_T_ee(q).translation
        turn = (pose.rotation * kinematics.base_T_ee(q).rotation.inv()).as_rotvec()
        v = ik.solve(q, 4.0 * np.concatenate([error, turn]), v)
        q = q + v * DT
    assert np.linalg.norm(q - kinematics.home) < 0.5 * before
    last = kinematics.base_T_ee(q)
    assert np.linalg.norm(last.translation - pose.translation) < 1e-3


def test_a_straight_line_is_followed(kinematics):
    """Thirty steps of one twist: the end effector is where the twist takes it, to second order in dt."""
    ik = DifferentialIK(kinematics, DT)
    twist = np.array([0.0, 0.05, 0.05, 0.0, 0.1, 0.0])
    q, v = kinematics.home, np.zeros(kinematics.n)
    start = kinematics.base_T_ee(q)
    for _ in range(30):
        v = ik.solve(q, twist, v)
        q = q + v * DT
    expected = extrapolate(start, twist, 30 * DT)
    offset = kinematics.base_T_ee(q).translation - expected.translation
    assert np.linalg.norm(offset) < 1e-3


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"dt": 0.0}, r"dt must be positive, not 0\.0"),
        ({"posture_cost": -1.0}, "posture_cost must be positive"),
        ({"max_damping": np.nan}, "max_damping must be positive"),
        ({"posture_rate": 31.0}, r"posture_rate must lie in \[0, 1 / dt\], not 31\.0"),
    ],
)
def test_wrong_settings_are_refused(panda, changes, message):
    with pytest.raises(ValueError, match=message):
        DifferentialIK(panda, **({"dt": DT} | changes))
