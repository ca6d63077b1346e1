"""Reinforcement learning with Stable-Baselines3; needs the extra ``rl``."""

from .asymmetric_policies import AsymmetricActorCriticPolicy, AsymmetricSACPolicy

__all__ = ["AsymmetricActorCriticPolicy", "AsymmetricSACPolicy"]
