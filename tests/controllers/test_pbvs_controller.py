"""The whole controller in closed loop with a kinematic arm."""

from __future__ import annotations

import itertools

import mink
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.spatial.transform import RigidTransform, Rotation

from ctr_env.controllers import JointLimiter, PBVSController, ServoCommand, ServoGoal, ServoState
from ctr_env.geometry import moved, pose_error, transform
from ctr_env.scenes.robots.kinematics import RobotKinematics

DT = 1.0 / 30.0


class Arm:
    """A kinematic arm: it moves exactly as commanded, and every command is checked against its limits."""

    def __init__(self, kinematics: RobotKinematics, q: np.ndarray | None = None, period: float = DT) -> None:
        self.kinematics, self.period = kinematics, period
        self.limiter = JointLimiter.of(kinematics)
        self.q = kinematics.home.copy() if q is None else q
        self.v = np.zeros(kinematics.n)
        self.time_s = 0.0

    @property
    def state(self) -> ServoState:
        return ServoState(self.q.copy(), self.time_s)

    @property
    def pose(self) -> RigidTransform:
        return self.kinematics.base_T_ee(self.q)

    def apply(self, command: ServoCommand) -> ServoCommand:
        new = command.joint_velocities
        assert np.isfinite(new).all()
        assert np.isfinite(command.twist).all()
        assert (np.abs(new) <= self.limiter.velocity).all()
        assert (np.abs(new - self.v) <= self.limiter.acceleration * self.period * (1.0 + 1e-12)).all()
        self.q = self.q + new * self.period
        assert (self.q >= self.limiter.lower - 1e-12).all()
        assert (self.q <= self.limiter.upper + 1e-12).all()
        self.v = new
        self.time_s += self.period
        return command

    def servo(self, controller: PBVSController, goal: RigidTransform, steps: int) -> list[tuple[float, float]]:
        errors = []
        for _ in range(steps):
            self.apply(controller.command(ServoGoal(goal, self.time_s), self.state))
            errors.append(pose_error(self.pose, goal))
        return errors


def reachable_goal(kinematics: RobotKinematics, start: RigidTransform, rng: np.random.Generator) -> RigidTransform:
    """A goal 0.1 to 0.4 m and up to 60 degrees away."""
    while True:
        goal = kinematics.base_T_ee(kinematics.home + rng.uniform(-0.6, 0.6, kinematics.n))
        distance, angle = pose_error(start, goal)
        if 0.1 < distance < 0.4 and angle < np.pi / 3.0:
            return goal


@pytest.mark.parametrize("feature", ["cartesian", "image"])
def test_random_goals_are_reached_without_bias_in_time(kinematics, rng, feature):
    """Settled (5 mm, 1 degree) within 2.5 s and converging on."""
    controller = PBVSController(kinematics, {"feature": feature}, DT)
    for _ in range(8):
        arm = Arm(kinematics, kinematics.home + rng.uniform(-0.25, 0.25, kinematics.n))
        controller.reset()
        goal = reachable_goal(kinematics, arm.pose, rng)
        errors = arm.servo(controller, goal, 130)
        late = errors[int(2.5 / DT) :]
        assert all(distance < 5e-3 and angle < np.radians(1.0) for distance, angle in late)
        assert errors[-1][0] < 1e-4
        assert errors[-1][1] < 1e-4


def test_neither_home_task_nor_damping_bias_the_pose_in_the_end(kinematics, rng):
    arm = Arm(kinematics)
    goal = reachable_goal(kinematics, arm.pose, rng)
    distance, angle = arm.servo(PBVSController(kinematics, dt=DT), goal, 300)[-1]
    assert distance < 1e-6
    assert angle < 1e-6


def test_the_gripper_moves_straight_to_its_goal(kinematics, rng):
    arm = Arm(kinematics)
    controller = PBVSController(kinematics, {"max_linear_speed": 0.1, "max_angular_speed": 0.3}, DT)
    start = arm.pose
    goal = moved(start, np.array([0.05, 0.08, 0.1, 0.2, 0.1, 0.3]), 1.0)
    along = (goal.translation - start.translation) / np.linalg.norm(goal.translation - start.translation)
    for _ in range(100):
        arm.servo(controller, goal, 1)
        offset = arm.pose.translation - start.translation
        assert np.linalg.norm(offset - (offset @ along) * along) < 2e-3


def test_it_starts_smoothly_and_says_that_it_servos(panda):
    arm, controller = Arm(panda), PBVSController(panda, dt=DT)
    goal = beside(arm.pose, 0.0, 0.2, 0.1)
    first = arm.apply(controller.command(ServoGoal(goal, 0.0), arm.state))
    assert (first.mode, first.reason) == ("servo", "")
    np.testing.assert_allclose(first.twist, 0.0, atol=1e-12)
    second = arm.apply(controller.command(ServoGoal(goal, arm.time_s), arm.state))
    assert 0.0 < np.linalg.norm(second.twist[:3]) < 0.1


def beside(pose: RigidTransform, *offset: float) -> RigidTransform:
    """The pose, its origin moved by three metres in base axes."""
    return transform(pose.translation + np.array(offset), pose.rotation)


def moving_arm(kinematics: RobotKinematics, config: dict[str, object]) -> tuple[Arm, PBVSController, RigidTransform]:
    """An arm half a second on its way to a goal."""
    arm, controller = Arm(kinematics), PBVSController(kinematics, config, DT)
    goal = beside(arm.pose, 0.0, 0.25, 0.1)
    arm.servo(controller, goal, 15)
    assert np.linalg.norm(arm.v) > 0.1
    return arm, controller, goal


def test_without_a_goal_it_brakes_and_stands_still(panda):
    arm, controller, _ = moving_arm(panda, {"coast_s": 0.0})
    for _ in range(20):
        command = arm.apply(controller.command(None, arm.state))
        assert (command.mode, command.reason) == ("hold", "no_goal")
        np.testing.assert_array_equal(command.twist, np.zeros(6))
    np.testing.assert_array_equal(arm.v, np.zeros(panda.n))


def test_it_coasts_to_the_last_good_goal(panda):
    arm, controller, goal = moving_arm(panda, {"coast_s": 10.0})
    for _ in range(120):
        command = arm.apply(controller.command(None, arm.state))
        assert (command.mode, command.reason) == ("coast", "no_goal")
    assert pose_error(arm.pose, goal)[0] < 1e-3


def test_coasting_changes_nothing_of_a_static_goal(panda):
    """Servoing and coasting on the same goal command the same velocities."""
    (arm, a, goal), (other, b, _) = (moving_arm(panda, {"coast_s": 10.0}) for _ in range(2))
    for _ in range(10):
        servo = arm.apply(a.command(ServoGoal(goal, arm.time_s), arm.state))
        coast = other.apply(b.command(None, other.state))
        np.testing.assert_allclose(coast.joint_velocities, servo.joint_velocities, atol=1e-12)


def test_coasting_ends_in_a_hold_that_names_the_stale_goal(panda):
    arm, controller, goal = moving_arm(panda, {"coast_s": 0.2, "max_age_s": 0.3})
    old = ServoGoal(goal, arm.time_s)
    modes = []
    for _ in range(30):
        command = arm.apply(controller.command(old, arm.state))
        modes.append((command.mode, command.reason))
    assert modes[:10] == [("servo", "")] * 10
    assert modes[10:16] == [("coast", "stale_goal")] * 6
    assert modes[16:] == [("hold", "stale_goal")] * 14


def test_it_restarts_smoothly_after_a_hold(panda):
    arm, controller, goal = moving_arm(panda, {"coast_s": 0.0})
    for _ in range(20):
        arm.apply(controller.command(None, arm.state))
    restart = arm.apply(controller.command(ServoGoal(goal, arm.time_s), arm.state))
    assert restart.mode == "servo"
    np.testing.assert_allclose(restart.twist, 0.0, atol=1e-12)


def test_it_restarts_from_the_twist_that_is_left_after_a_short_hold(panda):
    arm, controller, goal = moving_arm(panda, {"coast_s": 0.0})
    arm.apply(controller.command(None, arm.state))
    left = panda.jacobian(arm.q) @ arm.v
    assert np.linalg.norm(left) > 0.01
    restart = arm.apply(controller.command(ServoGoal(goal, arm.time_s), arm.state))
    np.testing.assert_allclose(restart.twist, left, atol=1e-12)


def test_it_holds_when_the_inverse_kinematics_fail(panda, monkeypatch):
    arm, controller, goal = moving_arm(panda, {})

    def fail(*args: object, **kwargs: object) -> None:
        raise mink.NoSolutionFound("daqp")

    with monkeypatch.context() as patch:
        patch.setattr(mink, "solve_ik", fail)
        before = np.linalg.norm(arm.v)
        command = arm.apply(controller.command(ServoGoal(goal, arm.time_s), arm.state))
        assert (command.mode, command.reason) == ("hold", "no_ik_solution")
        assert np.linalg.norm(arm.v) < before
    assert arm.apply(controller.command(ServoGoal(goal, arm.time_s), arm.state)).mode == "servo"


def unreachable(kinematics: RobotKinematics, offset: float) -> RigidTransform:
    """The home pose, moved forwards."""
    return beside(kinematics.base_T_ee(kinematics.home), offset, 0.0, 0.0)


@pytest.mark.parametrize("offset", [0.5, 1.5])
def test_an_arm_comes_to_rest_where_its_goal_is_out_of_reach(kinematics, offset):
    """Without damping the stretched arm oscillates between two configurations for ever."""
    arm, controller = Arm(kinematics), PBVSController(kinematics, dt=DT)
    goal = unreachable(kinematics, offset)
    errors = arm.servo(controller, goal, 300)
    before = arm.q.copy()
    for _ in range(60):
        command = arm.apply(controller.command(ServoGoal(goal, arm.time_s), arm.state))
        assert (command.mode, command.reason) == ("stall", "out_of_reach")
        assert np.abs(command.joint_velocities).max() < 1e-3
    assert np.abs(arm.q - before).max() < 1e-3
    assert errors[-1][0] <= min(error for error, _ in errors) + 5e-3  # as near as it ever was


def test_noise_of_an_unreachable_goal_moves_a_stalled_arm_no_more_than_the_noise(panda, rng):
    arm, controller, goal = Arm(panda), PBVSController(panda, dt=DT), unreachable(panda, 0.5)
    positions = []
    for _ in range(360):
        seen = moved(goal, np.repeat([0.005, 0.01], 3) * rng.normal(size=6))
        command = arm.apply(controller.command(ServoGoal(seen, arm.time_s), arm.state))
        positions.append(arm.q)
    assert command.mode == "stall"
    assert np.ptp(positions[-120:], axis=0).max() < 0.02


def test_a_stalled_arm_goes_on_to_a_reachable_goal(panda):
    arm, controller = Arm(panda), PBVSController(panda, dt=DT)
    arm.servo(controller, unreachable(panda, 0.5), 240)
    errors = arm.servo(controller, panda.base_T_ee(panda.home), 240)
    assert errors[-1][0] < 1e-3 and errors[-1][1] < 1e-3
    assert arm.apply(controller.command(ServoGoal(arm.pose, arm.time_s), arm.state)).mode == "servo"


def test_a_goal_behind_a_joint_stop_is_named(panda):
    """From here, joint 4 would have to pass its upper stop; another configuration reaches the goal."""
    start = panda.home.copy()
    start[3] = panda.upper[3] - 0.02
    arm, controller = Arm(panda, start), PBVSController(panda, dt=DT)
    goal = panda.base_T_ee(panda.home + np.array([0.3, 0.2, -0.2, 0.2, 0.1, 0.2, 0.1]))
    arm.servo(controller, goal, 300)
    command = arm.apply(controller.command(ServoGoal(goal, arm.time_s), arm.state))
    assert (command.mode, command.reason) == ("stall", "at_limit")
    np.testing.assert_allclose(command.joint_velocities, 0.0, atol=1e-3)


def test_a_twist_that_cannot_be_achieved_brings_the_arm_to_rest(panda):
    arm, controller = Arm(panda), PBVSController(panda, dt=DT)
    for _ in range(300):
        command = arm.apply(controller.twist_command([0.25, 0.0, 0.0, 0.0, 0.0, 0.0], arm.state))
    assert command.mode == "stall" and command.reason in ("singular", "at_limit")
    np.testing.assert_allclose(command.joint_velocities, 0.0, atol=1e-3)


def test_an_arm_that_does_not_move_as_commanded_is_not_progressing(panda):
    controller, goal = PBVSController(panda, dt=DT), beside(panda.base_T_ee(panda.home), 0.0, 0.2, 0.1)
    commands = [controller.command(ServoGoal(goal, k * DT), ServoState(panda.home, k * DT)) for k in range(60)]
    assert commands[30].mode == "servo"
    assert (commands[-1].mode, commands[-1].reason) == ("hold", "not_progressing")
    np.testing.assert_array_equal(commands[-1].joint_velocities, np.zeros(panda.n))


@pytest.mark.parametrize("rate", [15, 10, 5])
def test_joint_limits_hold_in_a_loop_that_is_slower_than_its_nominal_period(kinematics, rate):
    """Goals behind each stop in turn; the arm checks its limits at the true period."""
    for joint in range(kinematics.n):
        behind = kinematics.home.copy()
        behind[joint] = min(kinematics.upper[joint], np.pi) + 0.4
        arm, controller = Arm(kinematics, period=1.0 / rate), PBVSController(kinematics, dt=DT)
        arm.servo(controller, kinematics.base_T_ee(behind), 5 * rate)


@pytest.mark.parametrize("rate", [15, 10, 5, 3])
def test_a_slow_loop_reaches_its_goal_without_oscillation(panda, rate):
    arm, controller = Arm(panda, period=1.0 / rate), PBVSController(panda, dt=DT)
    errors = arm.servo(controller, beside(arm.pose, 0.0, 0.2, 0.1), 6 * rate)
    assert errors[-1][0] < 1e-3
    assert all(later[0] < earlier[0] + 2e-3 for earlier, later in itertools.pairwise(errors))


def test_a_loop_slower_than_the_age_limit_holds_and_says_so(panda):
    arm, controller = Arm(panda, period=0.6), PBVSController(panda, dt=DT)
    goal = beside(arm.pose, 0.0, 0.2, 0.1)
    arm.apply(controller.command(ServoGoal(goal, arm.time_s), arm.state))
    for ask in (
        lambda: controller.command(ServoGoal(goal, arm.time_s), arm.state),
        lambda: controller.twist_command([0.1, 0.0, 0.0, 0.0, 0.0, 0.0], arm.state),
        lambda: controller.velocity_command(np.full(panda.n, 0.1), arm.state),
    ):
        command = arm.apply(ask())
        assert (command.mode, command.reason) == ("hold", "loop_too_slow")
        np.testing.assert_array_equal(command.joint_velocities, np.zeros(panda.n))


GOAL_TWIST = np.array([0.0, 0.04, 0.02, 0.0, 0.1, 0.0])


@pytest.mark.parametrize(
    ("feed_forward", "given", "latency", "largest"),
    [
        ("given", True, 0, 1e-4),
        ("given", True, 3, 1e-4),
        ("estimate", False, 0, 1e-3),
        ("estimate", False, 3, 1e-3),
        ("off", True, 0, None),
        ("given", False, 0, None),
    ],
)
def test_moving_goals_are_followed_without_lag_if_asked(panda, feed_forward, given, latency, largest):
    """Also when their images are late; without feed-forward the lag is speed over gain."""
    gain = 3.0
    config = {"feed_forward": feed_forward, "gain_at_zero": gain, "gain_at_infinity": gain}
    arm, controller = Arm(panda), PBVSController(panda, config, DT)
    start = arm.pose

    def goal_at(time_s: float) -> RigidTransform:
        return moved(start, GOAL_TWIST, time_s)

    for _ in range(120):
        seen = arm.time_s - latency * DT
        goal = ServoGoal(goal_at(seen), seen, GOAL_TWIST if given else None)
        arm.apply(controller.command(goal, arm.state))
    distance, _ = pose_error(arm.pose, goal_at(arm.time_s))
    if largest is None:
        assert distance == pytest.approx(np.linalg.norm(GOAL_TWIST[:3]) / gain, rel=0.02)
    else:
        assert distance < largest


def test_a_moving_goal_is_extrapolated_while_coasting(panda):
    arm, controller = Arm(panda), PBVSController(panda, {"coast_s": 10.0}, DT)
    start = arm.pose
    for k in range(120):
        now = moved(start, GOAL_TWIST, arm.time_s)
        command = controller.command(ServoGoal(now, arm.time_s, GOAL_TWIST) if k < 60 else None, arm.state)
        arm.apply(command)
    assert command.mode == "coast"
    assert pose_error(arm.pose, moved(start, GOAL_TWIST, arm.time_s))[0] < 1e-4


def test_a_residual_twist_is_added_to_the_law(panda):
    arm = Arm(panda)
    controller = PBVSController(panda, dt=DT)
    residual = np.array([0.05, 0.0, 0.02, 0.0, 0.1, 0.0])
    command = arm.apply(controller.command(ServoGoal(arm.pose, 0.0), arm.state, residual))
    np.testing.assert_allclose(command.twist, residual, atol=1e-12)
    held = arm.apply(PBVSController(panda, dt=DT).command(None, ServoState(arm.q, 0.0), residual))
    np.testing.assert_array_equal(held.twist, np.zeros(6))


def test_twist_commands_are_limited_and_achieved(kinematics, rng):
    arm, controller = Arm(kinematics), PBVSController(kinematics, dt=DT)
    command = arm.apply(controller.twist_command([9.0, 0.0, 0.0, 0.0, 0.0, 0.0], arm.state))
    np.testing.assert_allclose(command.twist, [0.5, 0.0, 0.0, 0.0, 0.0, 0.0])
    wanted = np.array([0.01, -0.02, 0.02, 0.05, 0.0, 0.05])
    for _ in range(20):
        J = kinematics.jacobian(arm.q)
        command = arm.apply(controller.twist_command(wanted, arm.state))
    assert (command.mode, command.reason) == ("servo", "")
    np.testing.assert_allclose(J @ command.joint_velocities, wanted, atol=1e-5)


def test_joint_velocity_commands_are_clamped(kinematics, rng):
    arm, controller = Arm(kinematics), PBVSController(kinematics, dt=DT)
    demand = np.zeros(kinematics.n)
    for k in range(150):
        if k % 10 == 0:
            demand = rng.normal(size=kinematics.n) * 10.0
        J = kinematics.jacobian(arm.q)
        command = arm.apply(controller.velocity_command(demand, arm.state))
        np.testing.assert_allclose(command.twist, J @ command.joint_velocities, atol=1e-12)


def test_a_small_joint_velocity_is_granted(panda):
    arm, controller = Arm(panda), PBVSController(panda, dt=DT)
    demand = np.full(panda.n, 0.1)
    np.testing.assert_array_equal(controller.velocity_command(demand, arm.state).joint_velocities, demand)


def test_kinds_of_command_may_be_mixed(panda, rng):
    arm, controller = Arm(panda), PBVSController(panda, dt=DT)
    goal = beside(arm.pose, 0.0, 0.2, 0.1)
    for _ in range(200):
        kind = rng.integers(4)
        if kind == 0:
            arm.apply(controller.command(ServoGoal(goal, arm.time_s), arm.state))
        elif kind == 1:
            arm.apply(controller.twist_command(rng.normal(size=6), arm.state))
        elif kind == 2:
            arm.apply(controller.velocity_command(rng.normal(size=panda.n), arm.state))
        else:
            arm.apply(controller.command(None, arm.state))


@given(seed=st.integers(0, 2**32 - 1), size=st.sampled_from([1e-6, 1.0, 1e3, 1e9]))
@settings(max_examples=15, deadline=None)
@pytest.mark.parametrize("feature", ["cartesian", "image"])
def test_garbage_in_still_gives_finite_commands_within_limits(baxter, seed, size, feature):
    rng = np.random.default_rng(seed)
    config = {"feature": feature, "feed_forward": "estimate"}
    arm, controller = Arm(baxter), PBVSController(baxter, config, DT)
    for _ in range(20):
        pose = transform(size * rng.normal(size=3), Rotation.random(rng=rng))
        twist = size * rng.normal(size=6) if rng.random() < 0.5 else None
        goal = ServoGoal(pose, arm.time_s - rng.uniform(-0.1, 0.8), twist) if rng.random() < 0.8 else None
        arm.apply(controller.command(goal, arm.state, size * rng.normal(size=6)))


@pytest.mark.parametrize("size", [1.0, 1e3, 1e9])
def test_garbage_joint_positions_still_give_finite_velocities(panda, rng, size):
    controller = PBVSController(panda, dt=DT)
    for k in range(30):
        state = ServoState(size * rng.normal(size=panda.n), k * DT)
        command = controller.command(ServoGoal(transform((0.4, 0.0, 0.4)), k * DT), state)
        assert np.isfinite(command.joint_velocities).all()
        assert (np.abs(command.joint_velocities) <= panda.velocity_limits).all()


def test_reset_forgets_speed_and_goal(panda):
    arm, controller, _ = moving_arm(panda, {"coast_s": 10.0})
    controller.reset()
    command = controller.command(None, arm.state)
    assert command.mode == "hold"
    np.testing.assert_array_equal(command.joint_velocities, np.zeros(panda.n))


def test_two_runs_give_equal_commands(panda):
    (arm, _, _), (other, _, _) = (moving_arm(panda, {}) for _ in range(2))
    np.testing.assert_array_equal(arm.q, other.q)


def test_an_unstable_gain_is_rejected(panda):
    with pytest.raises(ValueError, match=r"gain_at_zero=4\.0 is unstable at dt=0\.5 s; it must be below 4"):
        PBVSController(panda, dt=0.5)


def test_wrong_commands_are_rejected(panda):
    controller, state = PBVSController(panda, dt=DT), ServoState(panda.home, 0.0)
    with pytest.raises(ValueError, match="twist must be six finite numbers"):
        controller.twist_command(np.zeros(5), state)
    with pytest.raises(ValueError, match="residual_twist must be six finite numbers"):
        controller.command(ServoGoal(transform(), 0.0), state, np.full(6, np.nan))
    with pytest.raises(ValueError, match="panda takes 7 finite joint velocities"):
        controller.velocity_command(np.zeros(6), state)
    with pytest.raises(ValueError, match=r"panda takes joint positions of shape \(7,\), not \(6,\)"):
        controller.twist_command(np.zeros(6), ServoState(np.zeros(6), 0.0))
