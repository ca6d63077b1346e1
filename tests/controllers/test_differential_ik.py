"""Inverse kinematics: twists achieved where possible, limits kept always."""

from __future__ import annotations

import copy

import mink
import numpy as np
import pytest
from scipy.spatial.transform import Rotation

from ctr_env.controllers import DifferentialIK, JointLimiter
from ctr_env.geometry import moved, transform
from ctr_env.scenes.robots.kinematics import RobotKinematics

DT = 1.0 / 30.0
STRAIGHT = np.array([0.0, -0.3, 0.0, 0.0, 0.0, 0.0, 0.0])
"""Elbow and wrist in line; the offset of a Baxter's elbow leaves a little of every direction."""
SINGULAR = np.array([0.5367, -1.7133, -1.5334, 2.6161, -1.2586, 1.5587, 0.3406])
"""Where a Baxter's arm loses a direction for good."""


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


@pytest.mark.parametrize("start", ["anywhere", "stops", "straight", "singular"])
def test_random_twists_keep_every_limit(kinematics, rng, start):
    ik, limiter = DifferentialIK(kinematics, DT), JointLimiter.of(kinematics)
    twist = np.zeros(6)
    for _ in range(12):
        q = {
            "anywhere": rng.uniform(kinematics.lower, kinematics.upper),
            "stops": np.where(rng.random(kinematics.n) < 0.5, kinematics.lower, kinematics.upper),
            "straight": np.clip(STRAIGHT, kinematics.lower, kinematics.upper),
            "singular": np.clip(SINGULAR, kinematics.lower, kinematics.upper),
        }[start]
        old = np.zeros(kinematics.n)
        for _ in range(60):
            if rng.random() < 0.2:
                twist = rng.normal(size=6) * 10.0 ** rng.uniform(-2.0, 1.5)
            new = ik.solve(q, twist, old)
            assert_within_limits(limiter, q, new, old)
            q, old = q + new * DT, new


def test_limits_hold_with_measurements_beyond_the_stops(kinematics, rng):
    """Biased and noisy encoders of an arm that is driven along its stops."""
    ik, limiter = DifferentialIK(kinematics, DT), JointLimiter.of(kinematics)
    bias = rng.normal(0.0, 0.02, kinematics.n)
    q = np.where(rng.random(kinematics.n) < 0.5, kinematics.lower, kinematics.upper)
    old, twist = np.zeros(kinematics.n), np.zeros(6)
    for k in range(300):
        if k % 10 == 0:
            twist = rng.normal(size=6)
        new = ik.solve(q + bias + rng.normal(0.0, 0.005, kinematics.n), twist, old)
        assert np.isfinite(new).all()
        assert (np.abs(new) <= limiter.velocity).all()
        assert (np.abs(new - old) <= limiter.acceleration * DT * (1.0 + 1e-12)).all()
        q, old = q + new * DT, new


def test_velocities_are_those_of_minks_own_program(kinematics, rng):
    """mink's tasks and limits, with the reachable velocities as a limit, give the same velocities."""
    ik, limiter = DifferentialIK(kinematics, DT, home_rate=0.5, home_cost=3e-4), JointLimiter.of(kinematics)
    frame = kinematics.robot.end_effector
    task = mink.FrameTask(frame, "body", 1e3, 300.0)
    home = mink.PostureTask(kinematics.model, 0.3, gain=0.5 * DT)
    home.set_target(kinematics.home)

    class Reachable(mink.Limit):
        def compute_qp_inequalities(self, configuration, dt):
            low, high = limiter.slowed(limiter.reachable(configuration.q, v, dt))
            eye = np.eye(kinematics.n)
            return mink.Constraint(G=np.vstack([eye, -eye]), h=np.concatenate([high, -low]) * dt)

    q, v = kinematics.home + rng.uniform(-0.2, 0.2, kinematics.n), np.zeros(kinematics.n)
    for _ in range(20):
        twist = small_twist(rng, rng.choice([0.02, 0.5]))
        configuration = mink.Configuration(kinematics.model, q)
        pose = configuration.get_transform_frame_to_world(frame, "body")
        R = pose.rotation().as_matrix().T @ kinematics.model_T_base.rotation.as_matrix()
        task.set_target(pose @ mink.SE3.exp(np.concatenate([R @ twist[:3], R @ twist[3:]]) * DT))
        expected = mink.solve_ik(configuration, [task, home], DT, "daqp", damping=0.0, limits=[Reachable()])
        new = ik.solve(q, twist, v)
        np.testing.assert_allclose(new, expected, atol=1e-6)
        q, v = q + new * DT, new


def test_the_damping_does_not_depend_on_the_configurations_before(kinematics, rng):
    """Along a path into a singular configuration, one solver and new ones agree exactly."""
    ik, v = DifferentialIK(kinematics, DT), np.zeros(kinematics.n)
    end = np.clip(SINGULAR, kinematics.lower, kinematics.upper)
    for share in np.linspace(0.0, 1.0, 80):
        q, twist = kinematics.home + share * (end - kinematics.home), small_twist(rng)
        np.testing.assert_array_equal(ik.solve(q, twist, v), DifferentialIK(kinematics, DT).solve(q, twist, v))


def unlimited(kinematics: RobotKinematics) -> JointLimiter:
    n = kinematics.n
    return JointLimiter(np.full(n, -np.inf), np.full(n, np.inf), np.full(n, 1e3), np.full(n, 1e6))


def test_joint_speeds_stay_bounded_towards_a_singular_configuration(baxter):
    """Undamped, the speed along a lost direction grows as 1 / (singular value)."""
    ik = DifferentialIK(baxter, DT, limiter=unlimited(baxter))
    bare = DifferentialIK(baxter, DT, limiter=unlimited(baxter), max_damping=1e-9)
    speeds, bare_speeds = [], []
    for bend in np.geomspace(0.1, 1e-4, 20):
        q = SINGULAR + bend
        lost = np.linalg.svd(baxter.jacobian(q))[0][:, -1]
        for solver, record in ((ik, speeds), (bare, bare_speeds)):
            record.append(float(np.linalg.norm(solver.solve(q, 0.1 * lost, np.zeros(baxter.n)))))
    assert max(bare_speeds) > 50.0
    assert max(speeds) < 5.0
    assert speeds[-1] < 0.5


def test_directions_that_are_not_lost_are_achieved_in_a_singular_configuration(baxter):
    J = baxter.jacobian(SINGULAR)
    U, s, _ = np.linalg.svd(J)
    assert s[-1] < 1e-4
    ik = DifferentialIK(baxter, DT, limiter=unlimited(baxter))
    for direction in U[:, :3].T:
        velocities = ik.solve(SINGULAR, 0.1 * direction, np.zeros(baxter.n))
        np.testing.assert_allclose(J @ velocities, 0.1 * direction, atol=0.02 * 0.1)


def test_free_motion_approaches_the_home_configuration_without_moving_the_end_effector(kinematics):
    """The home task acts in the null space only."""
    ik = DifferentialIK(kinematics, DT, home_rate=2.0)
    null = np.linalg.svd(kinematics.jacobian(kinematics.home))[2][-1]
    q, v = kinematics.home + 0.4 * null, np.zeros(kinematics.n)
    pose = kinematics.base_T_ee(q)
    before = np.linalg.norm(q - kinematics.home)
    for _ in range(60):
        error = pose.translation - kinematics.base_T_ee(q).translation
        rotation = (pose.rotation * kinematics.base_T_ee(q).rotation.inv()).as_rotvec()
        v = ik.solve(q, 4.0 * np.concatenate([error, rotation]), v)
        q = q + v * DT
    assert np.linalg.norm(q - kinematics.home) < 0.5 * before
    last = kinematics.base_T_ee(q)
    assert np.linalg.norm(last.translation - pose.translation) < 1e-3


def test_a_straight_line_is_followed(kinematics):
    """Thirty steps of one twist: the displacement is exact to second order in dt."""
    ik = DifferentialIK(kinematics, DT)
    twist = np.array([0.0, 0.05, 0.05, 0.0, 0.1, 0.0])
    q, v = kinematics.home, np.zeros(kinematics.n)
    start = kinematics.base_T_ee(q)
    for _ in range(30):
        v = ik.solve(q, twist, v)
        q = q + v * DT
    expected = moved(start, twist, 30 * DT)
    offset = kinematics.base_T_ee(q).translation - expected.translation
    assert np.linalg.norm(offset) < 1e-3


def test_a_longer_period_keeps_the_limits_over_that_period(kinematics, rng):
    """The stops are reached, and not passed, with velocities that act for a quarter of a second each."""
    period = 0.25
    ik, limiter = DifferentialIK(kinematics, DT), JointLimiter.of(kinematics)
    q, old = kinematics.home, np.zeros(kinematics.n)
    for _ in range(60):
        new = ik.solve(q, rng.normal(size=6), old, period=period)
        assert (np.abs(new) <= limiter.velocity).all()
        assert (np.abs(new - old) <= limiter.acceleration * period * (1.0 + 1e-12)).all()
        q, old = q + new * period, new
        assert (q >= limiter.lower - 1e-9).all()
        assert (q <= limiter.upper + 1e-9).all()


def test_additional_damping_slows_every_direction(panda, rng):
    ik, twist = DifferentialIK(panda, DT), small_twist(rng)
    speeds = [np.linalg.norm(ik.solve(panda.home, twist, np.zeros(7), damping=damping)) for damping in (0.0, 0.1, 1.0)]
    assert speeds[0] > speeds[1] > speeds[2] > 0.0


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"dt": 0.0}, r"dt must be positive, not 0\.0"),
        ({"home_cost": -1.0}, "home_cost must be positive"),
        ({"max_damping": np.nan}, "max_damping must be positive"),
        ({"home_rate": 31.0}, r"home_rate must lie in \[0, 1 / dt\], not 31\.0"),
    ],
)
def test_wrong_settings_are_rejected(panda, changes, message):
    with pytest.raises(ValueError, match=message):
        DifferentialIK(panda, **({"dt": DT} | changes))
