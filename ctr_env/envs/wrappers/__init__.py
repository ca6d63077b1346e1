"""Wrappers of observations, where Gymnasium, estimators and randomisation have none."""

from .add_observation_noise import AddObservationNoise
from .hold_estimate import HoldEstimate

__all__ = ["AddObservationNoise", "HoldEstimate"]
