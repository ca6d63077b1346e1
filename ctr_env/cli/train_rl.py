"""``ctr-env train-rl``: a policy by reinforcement learning."""

from __future__ import annotations

from contextlib import closing
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import gymnasium as gym
from rich.console import Console

from ctr_env.envs.config import ServoConfig
from ctr_env.envs.spec import environment_class
from ctr_env.errors import ConfigurationError
from ctr_env.evaluation.agents.training import policy_metrics, train_policy
from ctr_env.evaluation.servo.policy_episodes import policy_episodes, record_policy
from ctr_env.evaluation.servo.summary import summarise, summary_table
from ctr_env.learning.reinforcement.config import ReinforcementConfig
from ctr_env.learning.reinforcement.environments import make_environment, policy_observations
from ctr_env.learning.reinforcement.policy import Policy
from ctr_env.runs.files import write_json
from ctr_env.runs.seeds import episode_seed
from ctr_env.runs.versions import versions

from .command import ResultCommand
from .environment import NetworkOptions, changed_arguments
from .progress import counting_progress, training_progress
from .sections import Section, values

if TYPE_CHECKING:
    from ctr_env.learning.reinforcement.trainer import PolicyTrainer

__all__ = ["TrainRl"]

_BY_ID = ("robot", "task", "moving")  # what the environment's id says
_DEFAULTS_OF_IDS = ("obs_mode", "action_mode")  # whose defaults depend on it
_POLICY, _ONNX, _RESULT = "policy.safetensors", "policy.onnx", "evaluation.json"


@dataclass(frozen=True, kw_only=True)
class TrainRl(NetworkOptions, ResultCommand):
    """Train a policy with Stable-Baselines3: PPO, SAC or TQC; evaluation on held-out episodes, ONNX, videos.

    The same command resumes from the last checkpoint, also after a crash.
    """

    name = "train-rl"
    resumable = True
    not_in_digest = ("steps", "evaluate_every", "evaluation_episodes", "save_minutes", "episodes", "video")

    settings: Annotated[ReinforcementConfig, Section()]
    environment: Annotated[ServoConfig, Section(hide=(*_BY_ID, *_DEFAULTS_OF_IDS))]
    obs_mode: str | None = None
    """Parts of the observation, joined by ``+``: ``state``, ``estimate``, ``apparent`` (error by the newest estimate),
    ``image``, ``privileged`` (truth for the critic alone) (default: the environment's)."""
    action_mode: str | None = None
    """``pbvs`` (a residual on the controller's command), ``ee_twist`` or ``joint_velocity`` (default: the
    environment's)."""
    reward: str | None = None
    """Reward of a ``Reach``, ``Follow``, ``Push`` or ``Grasp`` environment: ``dense``, ``sparse`` or ``progress``
    (default: the environment's)."""
    tolerance_m: float | None = None
    """Position error below which a ``Reach``, ``Follow`` or ``Push`` environment is solved, m (default: the
    environment's)."""
    episodes: int = 100
    """Number of episodes that the best policy is evaluated on at the end, of the split ``test``."""
    video: int = 0
    """Number of these, counted from the first, that a video is written of."""

    def name_parts(self) -> list[str]:
        """Environment, algorithm and estimator."""
        return [self.settings.env, self.settings.algo, str(self.environment.estimator)]

    def run(self) -> int:
        """Train, evaluate the best policy, export it and say where the files are."""
        if self.episodes < 1:
            raise ConfigurationError(f"--episodes must be at least 1, not {self.episodes}")
        from ctr_env.learning.reinforcement.policy_onnx import export_policy  # before the training: what it needs
        from ctr_env.learning.reinforcement.trainer import PolicyTrainer

        config, folder = ReinforcementConfig(**values(self.settings)), self.folder
        arguments = self._arguments()
        environment_class(config.env, arguments)
        with closing(make_environment(config.env, policy_observations(arguments))) as env:
            with closing(PolicyTrainer(config, arguments, folder)) as trainer:
                policy = _train(trainer, env)
            print(f"{trainer.step} steps in {trainer.seconds / 60:.1f} min")
            episodes = _tested(policy, env, config.seed, self.episodes)
            result = self._result(trainer, arguments, episodes)
            policy = policy.evaluated("test", policy_metrics(episodes)).trained_by(self.command_line)
            policy.save(folder / _POLICY)
            export_policy(policy, folder / _ONNX)
            write_json(folder / _RESULT, result)
            self._show(result, folder)
            for number in range(min(self.video, self.episodes)):
                file = folder / f"episode_{number:06d}.mp4"
                record_policy(env, policy.act, episode_seed("test", config.seed, number), file)
                print(f"video   {file}")
        self.copy_result(result)
        return 0

    def _arguments(self) -> dict[str, Any]:
        """Keyword arguments of the environment; what is not given is left to its defaults."""
        own = {name: getattr(self, name) for name in (*_DEFAULTS_OF_IDS, "reward", "tolerance_m")}
        given = {name: value for name, value in own.items() if value is not None}
        return {**changed_arguments(self.environment, self), **given}

    def _result(
        self, trainer: PolicyTrainer, arguments: dict[str, Any], episodes: list[dict[str, Any]]
    ) -> dict[str, Any]:
        config = asdict(trainer.config) | {"steps": trainer.steps, "environment": arguments}
        return {
            "schema": "ctr_env/rl@1",
            "command": self.command_line,
            "config": config | {"hyperparameters": trainer.hyperparameters, "episodes": self.episodes},
            "versions": versions("torch", "stable-baselines3", "sb3-contrib"),
            "training": {"steps": trainer.step, "minutes": trainer.seconds / 60.0},
            "episodes": episodes,
            "summary": summarise(episodes),
        }

    def _show(self, result: dict[str, Any], folder: Path) -> None:
        """Print the table of the result and where the files are."""
        Console().print(summary_table(result["summary"], f"{self.settings.env}  {self.settings.algo}, best policy"))
        print(f"policy  {folder / _POLICY}\nONNX    {folder / _ONNX}\nJSON    {folder / _RESULT}")


def _train(trainer: PolicyTrainer, env: gym.Env[Any, Any]) -> Policy:
    """Train to the end with a progress bar; the policy of the best evaluation."""
    with training_progress("training") as bar:
        task = bar.add_task("", total=1.0)

        def report(step: int, progress: float, successes: float | None) -> None:
            rate = "" if successes is None else f"  {successes:.0%} of the last episodes succeeded"
            bar.update(task, completed=progress, description=f"step {step}{rate}")

        def show(step: int, found: dict[str, float]) -> None:
            bar.console.print(
                f"step {step}  success {found['success_rate']:.0%}  "
                f"position error {1e3 * found['position_error_m']:.1f} mm"
            )

        return train_policy(trainer, env, report, show)


def _tested(policy: Policy, env: gym.Env[Any, Any], seed: int, count: int) -> list[dict[str, Any]]:
    """Metrics of the episodes of the split ``test``, with a progress bar."""
    seeds = [episode_seed("test", seed, number) for number in range(count)]
    with counting_progress() as bar:
        task = bar.add_task("evaluation", total=count)
        episodes = []
        for episode in policy_episodes(env, policy.act, seeds):
            episodes.append(episode)
            bar.advance(task)
    return episodes
