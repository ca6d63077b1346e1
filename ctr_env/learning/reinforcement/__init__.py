"""Reinforcement learning with Stable-Baselines3 (extra ``rl``), and policies that run without it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from .packaged import packaged_policies, packaged_policy
from .policy import Policy

if TYPE_CHECKING:
    from .asymmetric_policies import AsymmetricActorCriticPolicy, AsymmetricSACPolicy
    from .vector_adapter import StableVectorEnv

__all__ = [
    "AsymmetricActorCriticPolicy",
    "AsymmetricSACPolicy",
    "Policy",
    "StableVectorEnv",
    "packaged_policies",
    "packaged_policy",
]


def __getattr__(name: str) -> Any:
    """A class that needs Stable-Baselines3, which is imported on first use."""
    if name not in __all__:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    from . import asymmetric_policies, vector_adapter

    return getattr(vector_adapter if name == "StableVectorEnv" else asymmetric_policies, name)
