"""A user-defined pose estimator: the mean of another estimator's estimates, for a fixed camera."""

import argparse

import gymnasium as gym
import numpy as np
from scipy.spatial.transform import RigidTransform

import ctr_env
from ctr_env import Frame, GroundTruth, PoseEstimate, PoseEstimator


class Averaging(PoseEstimator):
    """Mean of all valid estimates since the reset."""

    def __init__(self, inner: PoseEstimator) -> None:
        self.inner = inner
        self.needs_image = inner.needs_image
        self.needs_board = inner.needs_board
        self.needs_truth = inner.needs_truth
        self.image_size = inner.image_size

    def reset(self, rng: np.random.Generator) -> None:
        self.inner.reset(rng)
        self.poses: list[RigidTransform] = []

    def observe_truth(self, truth: GroundTruth) -> None:
        self.inner.observe_truth(truth)  # used by estimators that simulate errors, such as "noisy"

    def estimate(self, frame: Frame) -> PoseEstimate:
        newest = self.inner.estimate(frame)
        if not newest.valid:
            return newest
        self.poses.append(newest.camera_T_base)
        mean = RigidTransform.concatenate(self.poses).mean()
        return PoseEstimate(mean, newest.covariance / len(self.poses), True, newest.time_s)


parser = argparse.ArgumentParser(description=__doc__)
parser.add_argument("--episodes", type=int, default=5)
episodes = parser.parse_args().episodes

for label, wrap in (("single", lambda inner: inner), ("averaged", Averaging)):
    noisy = ctr_env.make_estimator("noisy", {"white_position_m": 0.01}, ctr_env.RobotKinematics("panda"))
    env = gym.make("ctr_env/PandaServo-v0", estimator=wrap(noisy))
    results = [ctr_env.episode_metrics(ctr_env.run_episode(env, seed)) for seed in range(episodes)]
    errors = [1e3 * result["true_position_error_m"] for result in results]
    print(f"{label}: median true error {np.median(errors):.2f} mm over {episodes} episodes")
    env.close()
