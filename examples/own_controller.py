"""A controller of your own: proportional twist, damped least-squares inverse of the Jacobian.

Run this file for a few episodes of it, or name it in a study: ``controller: "own_controller:ResolvedRate"``.
"""

import argparse

import gymnasium as gym
import numpy as np

import ctr_env
from ctr_env.controllers import Controller, JointLimiter, ServoCommand
from ctr_env.geometry import twist_between

FASTEST = np.repeat([0.3, 1.0], 3)  # m/s, rad/s
DAMPING = 1e-3


class ResolvedRate(Controller):
    """Joint velocities of a twist that is proportional to the pose error."""

    def __init__(self, kinematics, config, dt):
        self.kinematics, self.dt, self.gain = kinematics, dt, config.get("gain", 2.0)
        self.limiter = JointLimiter.of(kinematics)
        self.reset()

    def reset(self):
        self.velocities = np.zeros(self.kinematics.n)

    def command(self, goal, state, residual_twist=None):
        if goal is None:  # the newest estimate is not valid: come to rest
            self.velocities = self.limiter.brake(self.velocities, self.dt)
            return ServoCommand(self.velocities, np.zeros(6), "hold", "no_goal")
        error = twist_between(self.kinematics.base_T_ee(state.joint_positions), goal.base_T_goal)
        twist = self.gain * error + (0.0 if residual_twist is None else np.asarray(residual_twist))
        return self.twist_command(twist / max(1.0, np.max(np.abs(twist) / FASTEST)), state)

    def twist_command(self, twist, state):
        jacobian = self.kinematics.jacobian(state.joint_positions)
        velocities = jacobian.T @ np.linalg.solve(jacobian @ jacobian.T + DAMPING * np.eye(6), twist)
        return self.velocity_command(velocities, state)

    def velocity_command(self, joint_velocities, state):
        self.velocities = self.limiter.clamp(joint_velocities, state.joint_positions, self.velocities, self.dt)
        twist = self.kinematics.jacobian(state.joint_positions) @ self.velocities
        return ServoCommand(self.velocities, twist, "servo")


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--episodes", type=int, default=5)
    parser.add_argument("--gain", type=float, default=2.0)
    arguments = parser.parse_args()

    ctr_env.register_controller("resolved_rate", ResolvedRate)
    env = gym.make(
        "ctr_env/PandaServo-v0",
        estimator="noisy",
        controller="resolved_rate",
        controller_config={"gain": arguments.gain},
    )
    for seed in range(arguments.episodes):
        metrics = ctr_env.episode_metrics(ctr_env.run_episode(env, seed))
        settled = metrics["settling_time_s"]
        print(
            f"seed {seed}: true error {1e3 * metrics['true_position_error_m']:.2f} mm, "
            + ("not settled" if settled is None else f"settled after {settled:.1f} s")
        )
    env.close()
