"""The environment itself: arguments, timing, processes, and what a step passes on."""

import hashlib
import inspect
import pickle
import subprocess
import sys
from dataclasses import fields

import gymnasium as gym
import numpy as np
import pytest

from ctr_env.datasets.frame import Frame
from ctr_env.envs import ServoConfig, ServoEnv
from ctr_env.errors import ConfigurationError
from ctr_env.estimators import PoseEstimate, PoseEstimator
from ctr_env.scenes.robots.catalogue import get_robot

SMALL = {"width": 64, "height": 48}


def test_the_arguments_are_the_fields_of_the_configuration():
    arguments = inspect.signature(ServoEnv).parameters
    defaults = {field.name: field.default for field in fields(ServoConfig)}
    assert {name: argument.default for name, argument in arguments.items() if name != "render_mode"} == defaults


def test_every_argument_survives_json():
    given = {
        "robot": "baxter",
        "task": "track",
        "moving": "both",
        "obs_mode": "state+estimate",
        "action_mode": "ee_twist",
        "estimator": "noisy",
        "estimator_config": {"latency_s": 0.1},
        "controller": "pbvs",
        "controller_config": {"coast_s": 1.0},
        "randomization": {"preset": "mild", "camera.fov": {"uniform": [0.8, 0.9]}},
        "renderer": "classic",
        "width": 64,
        "height": 48,
        "max_linear_velocity": 0.2,
        "max_angular_velocity": 0.9,
    }
    assert set(given) == {field.name for field in fields(ServoConfig)}
    env = gym.make("ctr_env/PandaServo-v0", **given)
    again = gym.make(gym.envs.registration.EnvSpec.from_json(env.spec.to_json()))
    assert again.unwrapped.config == env.unwrapped.config == ServoConfig(**given)


def test_an_unknown_render_mode_is_rejected():
    with pytest.raises(ConfigurationError, match="valid names: rgb_array, depth_array"):
        ServoEnv(render_mode="human")


def test_other_robots_are_given_by_description(run):
    env = ServoEnv(robot=get_robot("baxter_right"))
    env.reset(seed=0)
    assert run(env, 130)["is_success"]


def test_steps_last_a_thirtieth_of_a_second(make, run):
    env = make()
    env.reset(seed=0)
    start = env.unwrapped.scene.time
    assert run(env, 30)["time_s"] == 1.0
    assert env.unwrapped.scene.time - start == pytest.approx(1.0, abs=1e-9)


def test_a_step_needs_an_episode(make):
    env = make().unwrapped
    with pytest.raises(gym.error.ResetNeeded):
        env.step(np.zeros(6))
    with pytest.raises(gym.error.ResetNeeded):
        env.image()


class Blind(PoseEstimator):
    """Never finds anything."""

    needs_image = False

    def estimate(self, frame: Frame) -> PoseEstimate:
        return PoseEstimate.invalid("nothing_in_view", frame.time_s)


def test_without_an_estimate_the_arm_stands_still_and_the_reasons_are_named(make, run):
    env = make(estimator=Blind())
    env.reset(seed=0)
    before = env.unwrapped.scene.joint_positions
    info = run(env, 30)
    np.testing.assert_allclose(env.unwrapped.scene.joint_positions, before, atol=1e-4)
    assert (info["controller_mode"], info["controller_reason"]) == ("hold", "no_goal")
    assert (info["estimate_valid"], info["estimate_reason"]) == (False, "nothing_in_view")
    assert not info["estimate_known"]


def test_a_goal_that_cannot_be_reached_is_named_and_the_arm_comes_to_rest(make, run):
    """The estimator displaces the base by 0.6 m, so that the goal appears beyond the arm."""

    class Displaced(Blind):
        needs_truth = True

        def observe_truth(self, truth):
            self.truth = truth

        def estimate(self, frame):
            pose = self.truth.camera_T_base
            shifted = pose.from_components(pose.translation + pose.rotation.apply([-0.6, 0.0, 0.0]), pose.rotation)
            return PoseEstimate(shifted, np.eye(6), True, frame.time_s)

    env = make(estimator=Displaced())
    env.reset(seed=0)
    info = run(env, 200)
    assert (info["controller_mode"], info["controller_reason"]) == ("stall", "out_of_reach")
    assert np.abs(env.unwrapped.snapshot.joint_velocities).max() < 0.02


def test_environments_pickle_and_close_twice():
    env = ServoEnv(obs_mode="image", **SMALL)
    copy = pickle.loads(pickle.dumps(env))
    images = [e.reset(seed=4)[0]["image"] for e in (env, copy)]
    np.testing.assert_array_equal(*images)
    for e in (env, copy):
        e.close()
        e.close()
    np.testing.assert_array_equal(env.reset(seed=4)[0]["image"], images[0])  # a closed one opens again
    env.close()


def digest() -> str:
    """Everything that an episode shows, as one number."""
    env = gym.make(
        "ctr_env/BaxterServo-v0", obs_mode="image+estimate", randomization="strong", estimator="noisy", **SMALL
    )
    total = hashlib.sha256()
    obs, info = env.reset(seed=7)
    for _ in range(10):
        for value in (obs, info["draws"]):
            for name in sorted(value):
                total.update(np.ascontiguousarray(value[name]).tobytes())
        obs, reward, *_, info = env.step(np.zeros(6, np.float32))
        total.update(np.float64(reward).tobytes())
    env.close()
    return total.hexdigest()


def test_same_seed_same_bits_in_every_process():
    code = "\n".join(
        [
            "import gymnasium as gym, hashlib, numpy as np",
            "import ctr_env",
            f"SMALL = {SMALL}",
            inspect.getsource(digest),
            "print(digest())",
        ]
    )
    found = subprocess.run([sys.executable, "-P", "-c", code], capture_output=True, text=True, check=True).stdout
    assert found.strip() == digest()


def test_goals_contain_the_estimate_that_they_were_made_with(make, monkeypatch):
    env = make(estimator="noisy").unwrapped
    env.reset(seed=3)
    goals = []
    monkeypatch.setattr(env._actions, "command", lambda action, goal, state: goals.append(goal) or env._command)
    estimate = env.snapshot.estimate
    env.step(np.zeros(6))
    assert estimate.valid
    goal = goals[0]
    assert goal.camera == env.snapshot.camera
    assert goal.camera_T_base is estimate.camera_T_base
    np.testing.assert_array_equal(goal.covariance, estimate.covariance)
    camera_T_goal = goal.camera_T_base * goal.base_T_goal
    np.testing.assert_allclose(camera_T_goal.as_matrix(), env.snapshot.camera_T_goal.as_matrix(), atol=1e-12)
