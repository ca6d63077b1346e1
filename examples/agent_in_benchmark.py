"""An agent of another package (Stable-Baselines3) takes part in the benchmark beside the packaged controllers.

The study names the adapter as ``agent_in_benchmark:Agent``; its module is found beside the study file. What an agent
needs is in ``controller_config``.
"""

import argparse
from pathlib import Path

import gymnasium as gym
import numpy as np
from gymnasium.wrappers import TransformObservation
from stable_baselines3 import PPO

from ctr_env.controllers import PBVSController
from ctr_env.evaluation.benchmark.comparison import compare
from ctr_env.evaluation.study.file import read_study
from ctr_env.evaluation.study.runner import run_study
from ctr_env.geometry import twist_between

SPEED = np.array([0.25] * 3 + [1.0] * 3)  # of a full action, m/s and rad/s, as ServoEnv has it
STUDY = """
study: agent_in_benchmark
seeds: {{first: 0, count: {episodes}}}
seconds: {seconds}
scenario: static
base: {{robot: panda, estimator: noisy, randomization: mild}}
systems:
  pbvs: {{controller: pbvs}}
  agent: {{controller: "agent_in_benchmark:Agent", controller_config: {{file: "{agent}"}}}}
"""


class Agent(PBVSController):
    """The adapter: the goal by the newest estimate in, the agent's twist out, within the arm's limits."""

    def __init__(self, kinematics, config, dt):
        super().__init__(kinematics, None, dt)
        self.agent = PPO.load(config["file"])  # unpickles: load agents of your own only

    def command(self, goal, state, residual_twist=None):
        if goal is None:
            return super().command(None, state)
        error = twist_between(self.kinematics.base_T_ee(state.joint_positions), goal.base_T_goal)
        action, _ = self.agent.predict(error.astype(np.float32), deterministic=True)
        return self.twist_command(action * SPEED, state)


def train(file: Path, steps: int) -> None:
    """Train an agent on the true error, which is all that it sees."""
    env = gym.make("ctr_env:ctr_env/PandaServo-v0", obs_mode="state", action_mode="ee_twist")
    env = TransformObservation(env, lambda obs: obs["goal_error"], env.observation_space["goal_error"])
    PPO("MlpPolicy", env, n_steps=min(960, steps), batch_size=240, gamma=0.95, seed=0, device="cpu").learn(steps).save(
        file
    )
    env.close()


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--steps", type=int, default=200_000, help="environment steps to train for")
    parser.add_argument("--episodes", type=int, default=20, help="seeds of the study")
    parser.add_argument("--seconds", type=float, default=6.0, help="length of an episode")
    parser.add_argument("--out", type=Path, default=Path("runs/agent_in_benchmark"), help="folder of agent and study")
    options = parser.parse_args()
    options.out.mkdir(parents=True, exist_ok=True)
    agent = (options.out / "agent.zip").resolve()
    train(agent, options.steps)
    text = STUDY.format(agent=agent, episodes=options.episodes, seconds=options.seconds)
    table = run_study(read_study(text, folder=Path(__file__).parent), options.out / "study")
    (found,) = compare(table.to_pylist(), "true_position_error_m", baseline="pbvs")
    print(f"agent {1e3 * found.mean:.1f} mm, pbvs {1e3 * found.baseline_mean:.1f} mm in {found.pairs} episodes")
    print(f"difference {1e3 * found.low:.1f} to {1e3 * found.high:.1f} mm (95 %), p = {found.p:.2g}")
