"""Recorded episodes: series that agree with each other."""

import gymnasium as gym
import numpy as np

from ctr_env.evaluation.servo.trace import Trace, run_episode


def test_a_trace_has_the_motion_of_joints_and_of_the_gripper_in_the_image(tmp_path):
    env = gym.make("ctr_env/PandaServo-v0", max_episode_steps=20, disable_env_checker=True)
    trace = run_episode(env, 0)
    env.close()
    assert trace["joint_positions"].shape == trace["joint_velocities"].shape == (21, 7)
    vectors = np.linalg.norm(trace["position_error_vector_m"], axis=1)
    np.testing.assert_allclose(vectors, trace["true_position_error_m"])
    angles = np.linalg.norm(trace["rotation_error_vector_rad"], axis=1)
    np.testing.assert_allclose(angles, trace["true_rotation_error_rad"], atol=1e-9)
    moved = np.diff(trace["joint_positions"], axis=0) * 30
    np.testing.assert_allclose(moved[5:], trace["commanded_velocities"][6:], atol=0.05)  # commands lead to the frames
    np.testing.assert_allclose((trace["gripper_view"] + 1) / 2 * (320, 240), trace["gripper_px"])
    trace.save(tmp_path / "t.npz")
    loaded = Trace.load(tmp_path / "t.npz")
    np.testing.assert_array_equal(loaded["commanded_velocities"], trace["commanded_velocities"])
