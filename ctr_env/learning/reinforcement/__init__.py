"""Reinforcement learning with Stable-Baselines3 (extra ``rl``), and policies that run without it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from .policy import Policy

if TYPE_CHECKING:
    from .asymmetric_policies import AsymmetricActorCriticPolicy, AsymmetricSACPolicy

__all__ = ["AsymmetricActorCriticPolicy", "AsymmetricSACPolicy", "Policy"]


def __getattr__(name: str) -> Any:
    """A class that needs Stable-Baselines3, which is imported on first use."""
    if name not in __all__:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    from . import asymmetric_policies

    return getattr(asymmetric_policies, name)
