"""Training of a policy with evaluations on episodes of the split ``validation``."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any

import gymnasium as gym

from ctr_env.evaluation.servo.policy_episodes import policy_episodes
from ctr_env.evaluation.servo.summary import summarise
from ctr_env.learning.reinforcement.policy import Policy
from ctr_env.runs.seeds import episode_seed

if TYPE_CHECKING:
    from ctr_env.learning.reinforcement.trainer import PolicyTrainer, Report

__all__ = ["policy_metrics", "train_policy"]

OnEvaluation = Callable[[int, dict[str, float]], None]
"""Called after every evaluation with the step and the metrics."""


def train_policy(
    trainer: PolicyTrainer,
    env: gym.Env[Any, Any],
    on_step: Report | None = None,
    on_evaluation: OnEvaluation | None = None,
) -> Policy:
    """Train to the end; the policy of the best evaluation.

    Args:
        trainer: The training; it resumes where it was interrupted.
        env: Environment of the evaluations, without observations for the critic alone.
        on_step: Called after every step.
        on_evaluation: Called after every evaluation.

    Raises:
        TrainingError: If the training diverges; the checkpoint before is kept.
        KeyboardInterrupt: If the user interrupts it, after a checkpoint.
    """
    config = trainer.config
    seeds = [episode_seed("validation", config.seed, number) for number in range(config.evaluation_episodes)]

    def evaluate(policy: Policy) -> dict[str, float]:
        found = policy_metrics(list(policy_episodes(env, policy.act, seeds)))
        if on_evaluation is not None:
            on_evaluation(trainer.step, found)
        return found

    return trainer.run(evaluate, _ignore if on_step is None else on_step)


def policy_metrics(episodes: Sequence[dict[str, Any]]) -> dict[str, float]:
    """Success rate and mean errors of episodes."""
    summary = summarise(episodes)
    return {
        "episodes": summary["episodes"],
        "success_rate": summary["success_rate"],
        "position_error_m": summary["true_position_error_m"]["mean"],
        "rotation_error_rad": summary["true_rotation_error_rad"]["mean"],
    }


def _ignore(step: int, progress: float, successes: float | None) -> None:
    """Report nothing."""
