"""Pose estimation: images and joint angles in, ``camera_T_base`` with its uncertainty out."""

from .base import GroundTruth, PoseEstimate, PoseEstimator
from .ground_truth import GroundTruthEstimator
from .noisy import NoisyConfig, NoisyEstimator
from .registry import EstimatorEntry, estimator_entries, estimator_names, make_estimator, register_estimator

__all__ = [
    "EstimatorEntry",
    "GroundTruth",
    "GroundTruthEstimator",
    "NoisyConfig",
    "NoisyEstimator",
    "PoseEstimate",
    "PoseEstimator",
    "estimator_entries",
    "estimator_names",
    "make_estimator",
    "register_estimator",
]
