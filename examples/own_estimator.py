"""Plug in a pose estimator of your own: here one that averages another's estimates over a static camera."""

import argparse

import gymnasium as gym
import numpy as np
from scipy.spatial.transform import RigidTransform

import ctr_env  # noqa: F401 - registers the environments
from ctr_env.datasets.frame import Frame
from ctr_env.estimators import GroundTruth, PoseEstimate, PoseEstimator, make_estimator
from ctr_env.evaluation.servo.metrics import episode_metrics
from ctr_env.evaluation.servo.trace import run_episode
from ctr_env.scenes.robots.kinematics import RobotKinematics


class Averaging(PoseEstimator):
    """Mean of all valid estimates since the reset: right for a camera that does not move."""

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
        self.inner.observe_truth(truth)  # only estimators that imitate errors need it, such as "noisy"

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

for label, wrap in (("as it is", lambda inner: inner), ("averaged", Averaging)):
    noisy = make_estimator("noisy", {"white_position_m": 0.01}, RobotKinematics("panda"))
    env = gym.make("ctr_env/PandaServo-v0", estimator=wrap(noisy))
    results = [episode_metrics(run_episode(env, seed)) for seed in range(episodes)]
    errors = [1e3 * result["true_position_error_m"] for result in results]
    print(f"{label}: median true error {np.median(errors):.2f} mm over {episodes} episodes")
    env.close()
