import pickle
import subprocess
import sys

import gymnasium as gym
import numpy as np
import pytest

from ctr_env.datasets.frame import Frame
from ctr_env.envs import ServoEnv
from ctr_env.envs.success import POSITION_TOLERANCE_M, SuccessMonitor
from ctr_env.estimators import PoseEstimate, PoseEstimator
from ctr_env.geometry import pose_error, transform, vector_to_pose
from ctr_env.scenes.robots.catalogue import get_robot

ROBOTS = ("Panda", "Baxter")


def make(name="PandaServo", **kwargs):
    return gym.make(f"ctr_env/{name}-v0", disable_env_checker=True, **kwargs)


def run(env, steps, action=None):
    action = np.zeros(env.action_space.shape, np.float32) if action is None else action
    for _ in range(steps):
        *_, info = env.step(action)
    return info


@pytest.mark.parametrize("robot", ROBOTS)
def test_a_perfect_estimate_brings_the_gripper_to_the_goal(robot):
    env = make(f"{robot}Servo")
    for seed in range(3):
        env.reset(seed=seed)
        info = run(env, 180)
        assert info["is_success"]
        assert info["true_position_error_m"] < 1e-3
        assert info["true_rotation_error_rad"] < 1e-3


@pytest.mark.parametrize("robot", ROBOTS)
@pytest.mark.parametrize("moving", ["goal", "camera", "both"])
def test_moving_goals_and_cameras_are_followed(robot, moving):
    env = make(f"{robot}Track", moving=moving)
    env.reset(seed=1)
    first = env.unwrapped.snapshot
    run(env, 120)
    errors = [run(env, 1)["true_position_error_m"] for _ in range(60)]
    assert np.median(errors) < 5e-3
    now = env.unwrapped.snapshot
    goal_moved = pose_error(first.base_T_goal, now.base_T_goal)[0] > 5e-3
    camera_moved = pose_error(first.camera_T_base, now.camera_T_base)[0] > 5e-3
    assert (goal_moved, camera_moved) == (moving != "camera", moving != "goal")


class Biased(PoseEstimator):
    """The truth, shifted by a constant in the camera frame."""

    needs_image = False

    needs_truth = True

    def __init__(self, shift):
        self.shift = np.asarray(shift)

    def observe_truth(self, truth):
        self.truth = truth

    def estimate(self, frame: Frame) -> PoseEstimate:
        assert self.truth.time_s == frame.time_s
        pose = self.truth.camera_T_base
        return PoseEstimate(transform(pose.translation + self.shift, pose.rotation), np.eye(6), True, frame.time_s)


def test_a_biased_pose_stays_as_error_that_the_loop_does_not_see():
    """Endpoint-open-loop servoing: the apparent error vanishes, the true one is the bias."""
    env = make(estimator=Biased([0.02, 0.0, 0.01]))
    env.reset(seed=0)
    info = run(env, 200)
    bias = np.hypot(0.02, 0.01)
    assert info["apparent_position_error_m"] < 1e-4
    np.testing.assert_allclose(info["estimate_position_error_m"], bias, rtol=1e-6)
    np.testing.assert_allclose(info["true_position_error_m"], bias, rtol=1e-2)
    assert not info["is_success"]


def test_an_encoder_bias_stays_as_error_too():
    env = make(randomization={"preset": "none", "sensors.joint_bias": 0.01})
    _, info = env.reset(seed=0)
    env_joints = env.unwrapped
    np.testing.assert_allclose(env_joints.snapshot.joint_positions - env_joints.scene.joint_positions, 0.01, atol=1e-12)
    info = run(env, 200)
    assert info["apparent_position_error_m"] < 1e-4
    assert info["true_position_error_m"] > 2e-3


def test_the_goal_is_known_in_the_camera_frame():
    env = make(obs_mode="state+estimate")
    obs, info = env.reset(seed=3)
    now = env.unwrapped.snapshot
    true_camera_T_base = vector_to_pose(obs["camera_pose"])
    assert max(pose_error(true_camera_T_base.inv() * vector_to_pose(obs["goal"]), now.base_T_goal)) < 1e-5
    np.testing.assert_allclose(true_camera_T_base.as_matrix(), info["camera_T_base"], atol=1e-5)
    np.testing.assert_allclose(
        obs["goal_error"][:3], now.base_T_goal.translation - now.base_T_ee.translation, atol=1e-6
    )
    assert obs["estimate_valid"] == 1
    assert obs["estimate_age"] == 0


def test_late_estimates_say_how_old_they_are():
    env = make(estimator="noisy", estimator_config={"latency_s": 0.1})
    obs, info = env.reset(seed=0)
    assert not info["estimate_valid"]
    assert info["estimate_reason"] == "latency"
    for _ in range(10):
        obs, *_, info = env.step(np.zeros(6, np.float32))
    np.testing.assert_allclose(obs["estimate_age"], 0.1, atol=1e-6)
    assert info["estimate_known"]


class Blind(PoseEstimator):
    """Never finds anything."""

    needs_image = False

    def estimate(self, frame: Frame) -> PoseEstimate:
        return PoseEstimate.invalid("blindfolded", frame.time_s)


class FromNowhere(PoseEstimator):
    """Claims to have seen a frame that there never was."""

    needs_image = False
    needs_truth = True

    def observe_truth(self, truth):
        self.truth = truth

    def estimate(self, frame: Frame) -> PoseEstimate:
        return PoseEstimate(self.truth.camera_T_base, np.eye(6), True, frame.time_s - 1.0)


def test_estimates_must_name_the_frame_that_they_were_made_from():
    with pytest.raises(ValueError, match=r"PoseEstimate\.time_s must be the time of one of the last"):
        make(estimator=FromNowhere()).reset(seed=0)


def test_without_an_estimate_the_arm_stands_still_and_says_why():
    env = make(estimator=Blind())
    env.reset(seed=0)
    before = env.unwrapped.scene.joint_positions
    info = run(env, 30)
    np.testing.assert_allclose(env.unwrapped.scene.joint_positions, before, atol=1e-4)
    assert (info["controller_mode"], info["controller_reason"]) == ("hold", "no_goal")
    assert (info["estimate_valid"], info["estimate_reason"]) == (False, "blindfolded")
    assert not info["estimate_known"]


def test_actions_move_what_they_say():
    env = make(action_mode="ee_twist")
    env.reset(seed=0)
    before = env.unwrapped.snapshot.base_T_ee
    run(env, 30, np.array([0, 0, 0.4, 0, 0, 0], np.float32))  # up at 0.1 m/s for a second
    moved = env.unwrapped.snapshot.base_T_ee.translation - before.translation
    np.testing.assert_allclose(moved, [0, 0, 0.1], atol=0.01)

    env = make(action_mode="joint_velocity")
    env.reset(seed=0)
    before = env.unwrapped.scene.joint_positions
    action = np.array([0.2, 0, 0, 0, 0, 0, -0.2], np.float32)
    run(env, 15, action)
    limits = env.unwrapped.kinematics.velocity_limits
    np.testing.assert_allclose(env.unwrapped.scene.joint_positions - before, action * limits * 0.5, atol=0.03)


def test_a_residual_twist_pushes_the_servo_off_its_goal():
    env = make()
    env.reset(seed=0)
    info = run(env, 200, np.array([0.2, 0, 0, 0, 0, 0], np.float32))
    # equilibrium of gain * error = residual: 0.05 m/s against about 4 /s
    assert 0.008 < info["true_position_error_m"] < 0.03


def test_steps_last_a_thirtieth_of_a_second():
    env = make()
    env.reset(seed=0)
    start = env.unwrapped.scene.time
    run(env, 30)
    assert env.unwrapped.scene.time - start == pytest.approx(1.0, abs=1e-9)


@pytest.mark.parametrize("preset", ["none", "strong"])
def test_recorded_episodes_replay_bit_for_bit(preset):
    settings = {"randomization": preset, "obs_mode": "image+estimate", "estimator": "noisy", "width": 64, "height": 48}
    env = make(**settings)
    obs, info = env.reset(seed=11)
    other, replayed = env.reset(seed=99, options={"draws": info["draws"], "seed": info["seed"]})
    for _ in range(3):
        assert all(np.array_equal(obs[name], other[name]) for name in obs)
        np.testing.assert_array_equal(info["camera_T_base"], replayed["camera_T_base"])
        assert info["frame_draws"] == replayed["frame_draws"]
        env = make(**settings)
        env.reset(seed=11)
        obs, *_, info = env.step(np.zeros(6, np.float32))
        env.reset(seed=99, options={"draws": info["draws"], "seed": info["seed"]})
        other, *_, replayed = env.step(np.zeros(6, np.float32))
    env.close()


def test_draws_replay_one_by_one_on_fresh_randomness():
    env = make(estimator="noisy")
    obs, info = env.reset(seed=11)
    kept = {name: info["draws"][name] for name in ("task.start", "task.goal")}
    other, replayed = env.reset(seed=99, options={"draws": kept})
    np.testing.assert_array_equal(obs["joint_positions"], other["joint_positions"])
    assert not np.array_equal(info["camera_T_base"], replayed["camera_T_base"])
    for options, message in (({"draw": {}}, "unknown reset option 'draw'"), ({"seed": -1}, "seed must be an int")):
        with pytest.raises(ValueError, match=message):
            env.reset(options=options)


def test_randomisation_does_not_change_the_task():
    """Paired comparisons: the same seed poses the same task whatever else is drawn."""
    obs = {}
    for preset in ("none", "strong"):
        env = make(randomization={"preset": preset, "camera.fov": 1.2, "camera.min_arm_in_view": 0.0})
        env.reset(seed=5)
        obs[preset] = env.unwrapped.snapshot
    assert max(pose_error(obs["none"].base_T_goal, obs["strong"].base_T_goal)) < 1e-9


@pytest.mark.parametrize("robot", ROBOTS)
def test_goals_are_in_view_and_reachable_distances_vary(robot):
    env = make(f"{robot}Servo")
    distances = []
    for seed in range(25):
        _, info = env.reset(seed=seed)
        now = env.unwrapped.snapshot
        assert now.camera.contains(now.camera.project(now.camera_T_goal.translation))
        assert info["arm_in_view"] >= 0.6
        distances.append(info["true_position_error_m"])
    assert np.std(distances) > 0.03
    assert 0.05 < np.median(distances) < 0.6


def test_cameras_that_cannot_see_are_reported_not_looped_for_ever():
    env = make(randomization={"camera.look_at": [0.0, 0.0, 50.0]})
    with pytest.raises(RuntimeError, match=r"camera\.\*"):
        env.reset(seed=0)


def test_environments_pickle_and_close_twice():
    env = make(obs_mode="image", width=64, height=48).unwrapped
    copy = pickle.loads(pickle.dumps(env))
    images = [e.reset(seed=4)[0]["image"] for e in (env, copy)]
    np.testing.assert_array_equal(*images)
    for e in (env, copy):
        e.close()
        e.close()
    np.testing.assert_array_equal(env.reset(seed=4)[0]["image"], images[0])  # a closed one opens again
    env.close()


CHILD = """
import gymnasium as gym, hashlib, numpy as np
import ctr_env
env = gym.make("ctr_env/BaxterServo-v0", obs_mode="image+estimate", randomization="strong", estimator="noisy",
               width=96, height=72)
digest = hashlib.sha256()
obs, info = env.reset(seed=7)
for _ in range(10):
    for value in (obs, info["draws"]):
        for name in sorted(value):
            digest.update(np.ascontiguousarray(value[name]).tobytes())
    obs, reward, *_, info = env.step(np.zeros(6, np.float32))
    digest.update(np.float64(reward).tobytes())
print(digest.hexdigest())
"""


def test_same_seed_same_bits_in_every_process():
    answers = {
        subprocess.run([sys.executable, "-P", "-c", CHILD], capture_output=True, text=True, check=True).stdout
        for _ in range(2)
    }
    assert len(answers) == 1


@pytest.mark.parametrize(
    "kwargs, message",
    [
        ({"obs_mode": "pixels"}, "unknown obs_mode part 'pixels'; valid names: state, estimate, image"),
        ({"obs_mode": "image+image"}, "twice"),
        ({"action_mode": "torque"}, "valid names: pbvs, ee_twist, joint_velocity"),
        ({"estimator": "magic"}, "valid names: charuco, ctrnet, ground_truth, noisy"),
        ({"estimator": "noisy", "estimator_config": {"latncy_s": 1}}, "latncy_s.*valid names: .*latency_s"),
        ({"controller_config": {"gian": 1}}, "gian.*valid names: .*gain_at_zero"),
        ({"randomization": "wild"}, "valid names: none, mild, strong"),
        ({"renderer": "povray"}, "valid names: classic"),
        ({"moving": "robot"}, "valid names: goal, camera, both"),
        ({"width": 3}, "width must be between 16 and 4096"),
        ({"robot": "pandas"}, "valid names: baxter, baxter_right, panda"),
        ({"render_mode": "human"}, "valid names: rgb_array, depth_array"),
    ],
)
def test_mistakes_are_named_with_what_would_be_right(kwargs, message):
    with pytest.raises(ValueError, match=message):
        ServoEnv(**kwargs)


def test_bad_actions_are_rejected():
    env = make().unwrapped
    with pytest.raises(gym.error.ResetNeeded):
        env.step(np.zeros(6))
    env.reset(seed=0)
    with pytest.raises(ValueError, match="finite"):
        env.step(np.full(6, np.nan))
    with pytest.raises(ValueError, match=r"\(6,\)"):
        env.step(np.zeros(7))


def test_other_robots_come_as_descriptions():
    env = ServoEnv(robot=get_robot("baxter_right"))
    env.reset(seed=0)
    for _ in range(150):
        *_, info = env.step(np.zeros(6, np.float32))
    assert info["is_success"]


def test_success_needs_half_a_second_within_tolerance():
    monitor = SuccessMonitor()
    close, far = POSITION_TOLERANCE_M * 0.9, POSITION_TOLERANCE_M * 1.1
    times = np.arange(0, 2, 1 / 30)
    verdicts = [monitor.update(t, far if 20 <= i < 25 else close, 0.0) for i, t in enumerate(times)]
    assert verdicts.index(True) == 15
    assert not any(verdicts[20:40])
    assert all(verdicts[40:])
    assert not SuccessMonitor().update(0.0, close, np.radians(1.1))
