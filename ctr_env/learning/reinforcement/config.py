"""Settings of a training by reinforcement learning."""

from __future__ import annotations

from dataclasses import dataclass

from ctr_env.runs.configuration import require_choice, require_integer, require_range

from .hyperparameters import ALGORITHMS

__all__ = ["ReinforcementConfig"]

_WHOLE = ("steps", "seed", "envs", "evaluate_every", "evaluation_episodes")


@dataclass(frozen=True, kw_only=True)
class ReinforcementConfig:
    """How a policy is trained; see :mod:`.hyperparameters` for the settings of the algorithms."""

    env: str = "ctr_env/PandaReach-v0"
    """Environment, by its Gymnasium id."""
    algo: str = "ppo"
    """Algorithm of Stable-Baselines3: ``ppo``, ``sac`` or ``tqc``."""
    hyperparameters: str | None = None
    """YAML file of hyperparameters by environment id, with ``default``; they take precedence over the packaged ones."""
    steps: int | None = None
    """Length of the training in steps, of all environments together (default: ``n_timesteps`` of the
    hyperparameters)."""
    seed: int = 0
    """Seed of initial weights, exploration and episodes."""
    envs: int | None = None
    """Number of environments that are stepped together (default: ``n_envs`` of the hyperparameters)."""
    difficulty: float = 1.0
    """Difficulty at the start; it rises linearly to 1, the whole task, over the first half of the training (``Reach``,
    ``Follow`` and ``Push``)."""
    evaluate_every: int = 10_000
    """Steps between evaluations; the policy of the best one is kept."""
    evaluation_episodes: int = 20
    """Number of episodes of each, of the split ``validation``."""
    save_minutes: float = 3.0
    """Minutes between checkpoints."""

    def __post_init__(self) -> None:
        """Check every value; whole numbers may be written as ``2e6``."""
        for name in _WHOLE:
            value = getattr(self, name)
            if isinstance(value, float) and value.is_integer():
                object.__setattr__(self, name, int(value))
            if value is not None:
                require_integer(f"ReinforcementConfig.{name}", getattr(self, name), 0)
        require_choice("algo", self.algo, ALGORITHMS)
        if self.steps is not None:
            require_range(self, 1, 10**9, "steps")
        require_range(self, 0, 99_999, "seed")
        if self.envs is not None:
            require_range(self, 1, 1024, "envs")
        require_range(self, 0.001, 1.0, "difficulty")
        require_range(self, 1, 10**9, "evaluate_every")
        require_range(self, 1, 10**6, "evaluation_episodes")
        require_range(self, 0.0, 10**6, "save_minutes")
