"""What happens between the rollouts of a training: curriculum, evaluation, checkpoints."""

from __future__ import annotations

import time
from collections.abc import Callable

from stable_baselines3.common.callbacks import BaseCallback
from stable_baselines3.common.on_policy_algorithm import OnPolicyAlgorithm
from stable_baselines3.common.vec_env import VecEnv

__all__ = ["Checkpoints", "Curriculum", "Evaluations", "Reporting"]

_HALF = 0.5


class Curriculum(BaseCallback):
    """Raises the difficulty linearly to 1 over the first half of the training."""

    def __init__(self, start: float, steps: int) -> None:
        """Begin with a difficulty in a training of some steps."""
        super().__init__()
        self._start, self._steps, self._now = start, steps, 1.0

    def apply(self, envs: VecEnv, step: int) -> float:
        """Set the difficulty of a step; episodes that have begun keep theirs."""
        progress = min(step / (_HALF * self._steps), 1.0)
        difficulty = round(self._start + (1.0 - self._start) * progress, 3)
        if difficulty != self._now:
            self._now = difficulty
            envs.env_method("set_difficulty", difficulty)
        return difficulty

    def _on_rollout_start(self) -> None:
        self.logger.record("curriculum/difficulty", self.apply(self.training_env, self.model.num_timesteps))

    def _on_step(self) -> bool:
        return True


class Evaluations(BaseCallback):
    """Evaluates after every so many steps, and once for :meth:`last`."""

    def __init__(self, every: int, evaluate: Callable[[], dict[str, float]]) -> None:
        """Evaluate by a function whose results are logged."""
        super().__init__()
        self._every, self._evaluate = every, evaluate
        self._evaluated_at = 0

    def _on_training_start(self) -> None:
        self._evaluated_at = self.model.num_timesteps

    def _on_rollout_start(self) -> None:
        if self.model.num_timesteps // self._every > self._evaluated_at // self._every:
            self._run()

    def _on_training_end(self) -> None:
        if self.model.num_timesteps > self._evaluated_at:
            self._run()

    def _on_step(self) -> bool:
        return True

    def _run(self) -> None:
        self._evaluated_at = self.model.num_timesteps
        for name, value in self._evaluate().items():
            self.logger.record(f"evaluation/{name}", value)
        self.logger.dump(self.model.num_timesteps)


class Checkpoints(BaseCallback):
    """Saves after every so many minutes, and when the training is to stop, which it then does."""

    def __init__(self, minutes: float, save: Callable[[], None], stopped: Callable[[], bool]) -> None:
        """Save by a function; ``stopped`` says whether the user has interrupted the training."""
        super().__init__()
        self._seconds, self._save, self._stopped = 60.0 * minutes, save, stopped
        self._saved, self._rollout_start = time.monotonic(), 0

    def _on_rollout_start(self) -> None:
        self._rollout_start = self.model.num_timesteps
        if self._stopped():
            self._stop()
        if time.monotonic() - self._saved > self._seconds:
            self._save()
            self._saved = time.monotonic()

    def _on_step(self) -> bool:
        if self._stopped() and isinstance(self.model, OnPolicyAlgorithm):  # whose rollouts are long
            self.model.num_timesteps = self._rollout_start  # an unfinished rollout is not learned from
            self._stop()
        return True

    def _stop(self) -> None:
        self._save()
        raise KeyboardInterrupt


class Reporting(BaseCallback):
    """Reports every step."""

    def __init__(self, report: Callable[[], None]) -> None:
        """Report by a function."""
        super().__init__()
        self._report = report

    def _on_step(self) -> bool:
        self._report()
        return True
