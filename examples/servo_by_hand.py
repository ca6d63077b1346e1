"""Servo by hand: pose estimate, PBVS and the simulated arm, without the environment's own controller."""

import gymnasium as gym
import numpy as np

import ctr_env  # noqa: F401 - registers the environments
from ctr_env.controllers import PBVSController, ServoGoal, ServoState
from ctr_env.geometry import vector_to_pose

env = gym.make("ctr_env/PandaServo-v0", action_mode="joint_velocity", estimator="noisy")
kinematics = env.unwrapped.kinematics
controller = PBVSController(kinematics, {"feature": "cartesian"}, dt=1 / 30)

obs, info = env.reset(seed=0)
for step in range(150):
    state = ServoState(obs["joint_positions"].astype(float), time_s=step / 30)
    goal = None  # without a valid estimate the controller coasts, then holds
    if obs["estimate_valid"][0]:
        camera_T_base = vector_to_pose(obs["estimate_pose"])
        base_T_goal = camera_T_base.inv() * vector_to_pose(obs["goal"])
        goal = ServoGoal(base_T_goal, state.time_s - float(obs["estimate_age"][0]))
    command = controller.command(goal, state)
    obs, reward, terminated, truncated, info = env.step(
        (command.joint_velocities / kinematics.velocity_limits).astype(np.float32)
    )
print(f"gripper to goal: {1e3 * info['true_position_error_m']:.1f} mm after {step / 30:.1f} s")
env.close()
