"""``ctr-env pretrain``: supervised training of a network on synthetic images."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

from ctr_env.errors import ConfigurationError, MissingDependencyError
from ctr_env.evaluation.pose.uncertainty import FRAMES_OF_A_FIT, fit_uncertainty
from ctr_env.learning.supervised.config import TrainingConfig
from ctr_env.runs.versions import versions

from .command import ResultCommand
from .progress import counting_progress, training_progress
from .sections import Section, values

if TYPE_CHECKING:
    from ctr_env.learning.supervised.trainer import Trainer

__all__ = ["Pretrain", "fit_with_progress"]

_OVERLAYS_EVERY = 200  # steps
_OVERLAYS = 6
_UNSEEN = 9_999_000  # number of an example that hardly any training reaches


@dataclass(frozen=True, kw_only=True)
class Pretrain(ResultCommand):
    """Train a network on synthetic images: those of a folder (see ``ctr-env generate``), or rendered on demand.

    The length is ``--minutes`` or ``--steps``. The same command resumes from the last checkpoint, also after a crash.
    """

    name = "pretrain"
    resumable = True
    not_in_digest = ("steps", "minutes", "workers", "save_minutes", "device", "precision", "validation_frames")

    settings: Annotated[TrainingConfig, Section()]
    validation_frames: int = 200
    """Frames that the finished weights are measured on, and their uncertainty model is fitted to; 0: none."""

    def name_parts(self) -> list[str]:
        """Robot, architecture and data."""
        return [self.settings.robot, self.settings.architecture, *(self.settings.data or ["simulator"])]

    def run(self) -> int:
        """Train, measure the weights and say where they are."""
        if self.validation_frames < 0:
            raise ConfigurationError(f"--validation-frames must be at least 0, not {self.validation_frames}")
        config, folder = TrainingConfig(**values(self.settings)), self.folder
        try:
            from ctr_env.learning.supervised.trainer import Trainer
        except ModuleNotFoundError as error:
            raise MissingDependencyError(f"training needs {error.name}: pip install 'ctr-env[train]'") from error
        trainer = Trainer(config, folder)
        weights = _train(trainer, folder)
        print(f"{trainer.step} steps in {trainer.seconds / 60:.1f} min    {weights}")
        if trainer.fabric.is_global_zero and self.validation_frames:
            metrics = fit_with_progress(weights, config.robot, self.validation_frames, device=config.device)
            self.copy_result({"command": self.command_line, "versions": versions("torch"), **metrics})
        return 0


def _train(trainer: Trainer, folder: Path) -> Path:
    """Train to the end with a progress bar and TensorBoard's files; the weights file."""
    from ctr_env.learning.supervised.monitor import Monitor

    samples = trainer.examples(_UNSEEN, _OVERLAYS)
    with Monitor(folder / "tensorboard") as monitor, training_progress("training") as bar:
        task = bar.add_task("", total=1.0)

        def report(step: int, progress: float, parts: dict[str, float]) -> None:
            monitor.step(step, parts)
            text = f"step {step}  loss {parts['loss']:.2f}  keypoints {parts['error_px']:.1f} px"
            bar.update(task, completed=progress, description=text)
            if step % _OVERLAYS_EVERY == 0:
                monitor.images(step, samples, trainer.predict(samples))

        return trainer.run(report)


def fit_with_progress(weights: Path, robot: str, frames: int, seed: int = 0, device: str = "auto") -> dict[str, Any]:
    """Measure weights on the validation split and fit their uncertainty model, which the weights' header stores."""
    with counting_progress() as bar:
        task = bar.add_task("validation", total=FRAMES_OF_A_FIT * frames)
        metrics = fit_uncertainty(weights, robot, frames, lambda: bar.advance(task), seed=seed, device=device)
    found = metrics["validation"]
    median = "none" if found["add_median_m"] is None else f"{1e3 * found['add_median_m']:.1f} mm"
    print(f"validation, {frames} frames: ADD AUC {found['add_auc_ctrnet']:.1f}, median ADD {median}")
    print(f"hard, {frames} frames: ADD AUC {metrics['hard']['add_auc_ctrnet']:.1f}")
    for kind, share in metrics["uncertainty"]["rejected"].items():
        print(
            f"{kind}: {share['rejected']:.1%} of {share['poses']} poses rejected, "
            f"{share['wrong']:.1%} of the others wrong"
        )
    return metrics
