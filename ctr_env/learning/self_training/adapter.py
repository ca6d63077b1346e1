"""Self-training on unlabelled images (paper, section 3.3): a teacher poses the robot, a student learns from it."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any

import numpy as np
from torch import Tensor

from ctr_env.datasets.frame import Frame
from ctr_env.datasets.synthetic.backgrounds import Backgrounds
from ctr_env.errors import TrainingError
from ctr_env.estimators.ctrnet.weights import WeightsHeader, load_network, save_weights
from ctr_env.learning.checkpoint import load_checkpoint, save_checkpoint
from ctr_env.learning.supervised.augmentation import Example, augmented
from ctr_env.learning.supervised.sources import FrameSource
from ctr_env.runs.device import resolve_device
from ctr_env.runs.folder import RunFolder
from ctr_env.scenes.robots.kinematics import RobotKinematics

from .config import AdaptationConfig
from .images import adaptation_settings, check_adaptation
from .labelled import LabelledImages
from .student import Student
from .teacher import Evaluation, Teacher

__all__ = ["Adapter", "Progress"]

_CHECKPOINT, _TEACHER = "checkpoint.pt", "teacher.safetensors"
_RISE = 1e-3  # of the score, that counts
_REPLAY = 10_000_000  # range of the numbers of replayed frames

Progress = Callable[[int, float, dict[str, float]], None]
"""Called after every step with the number of steps, the progress (0 to 1) and the parts of the loss."""


class Adapter:
    """Adapts one network; an adaptation that was interrupted resumes from its last evaluation.

    Attributes:
        config: Settings.
        folder: Run folder: checkpoint, the teacher's weights, settings.
        rounds: Evaluations so far, the first of them before the first step.
        history: Parts of the loss of every step, with its ``"progress"``.
        step: Number of optimiser steps so far.
        seconds: Time spent in steps and evaluations, without interruptions.
    """

    def __init__(
        self,
        config: AdaptationConfig,
        images: Sequence[Sequence[Frame]],
        weights: Path,
        replay: FrameSource | None,
        folder: Path,
    ) -> None:
        """Prepare, and resume from the folder's checkpoint if there is one.

        Args:
            config: Settings.
            images: Unlabelled images without lens distortion, by camera.
            weights: Weights file to start from.
            replay: Labelled synthetic images, if ``config.replay_share`` is not 0.
            folder: Run folder; it is made if it does not exist.

        Raises:
            ConfigurationError: If the weights belong to another robot, or synthetic images are missing.
            DataError: If there are no images, or those of a static camera differ in intrinsics.
            RunFolderError: If the folder holds a run with other settings.
            MissingFileError: If the weights file does not exist.
        """
        self.config, self.folder = config, folder
        self.step, self.seconds = 0, 0.0
        self.rounds: list[Evaluation] = []
        self.history: list[dict[str, float]] = []
        self._images, self._replay = [list(group) for group in images], replay
        network, self._start = load_network(weights)
        check_adaptation(config, self._images, self._start, replay)
        self._kinematics = RobotKinematics(config.robot)
        self._chain = len(self._kinematics.robot.keypoint_frames)
        self._backgrounds = Backgrounds(None)
        self._settings = adaptation_settings(config, self._images, weights)
        self._inherited = _inherited(self._start, weights, self._settings["weights_sha256"])
        RunFolder(folder, "adapt", self._settings, ("device",))
        state = load_checkpoint(folder / _CHECKPOINT, resolve_device(config.device)) or {}
        self.step, self.seconds = state.get("step", 0), state.get("seconds", 0.0)
        self._student = Student(network, self._start, config, self._chain, lambda: self.progress, state.get("student"))
        self._best, self._best_score = (
            state.get("best") or _copied(self._student.average),
            state.get("best_score", -1.0),
        )
        self.history = state.get("history", [])
        self.rounds = [Evaluation(**each) for each in state.get("rounds", [])][:-1]  # the last one is repeated
        self._labelled: LabelledImages | None = None

    @property
    def progress(self) -> float:
        """How much of the adaptation is done, 0 to 1."""
        if self.config.steps is not None:
            return min(self.step / self.config.steps, 1.0)
        assert self.config.minutes is not None
        return min(self.seconds / (60.0 * self.config.minutes), 1.0)

    def run(self, report: Progress, on_round: Callable[[Evaluation], None]) -> WeightsHeader:
        """Adapt to the end, until no image has a usable pseudo-label any more, or until the score stops rising.

        Args:
            report: Called after every step.
            on_round: Called after every evaluation.

        Returns:
            The header of the adapted weights, which :meth:`write` writes.

        Raises:
            TrainingError: If no image has a usable pseudo-label to begin with, or the adaptation diverges; the
                checkpoint before is kept.
        """
        while True:
            if self._labelled is None or self.progress * self.config.rounds >= len(self.rounds):
                self._labelled = self._evaluate()
                on_round(self.rounds[-1])
            if self.progress >= 1.0 or not len(self._labelled) or self._stopped_rising:
                return self.header
            start = time.monotonic()
            parts = self._train(self._labelled)
            self.step += 1
            self.seconds += time.monotonic() - start
            self._student.advance()
            self.history.append({**parts, "progress": self.progress})
            report(self.step, self.progress, parts)

    @property
    def _stopped_rising(self) -> bool:
        """Whether the last evaluations, as many as ``patience``, have no better score than those before."""
        scores, patience = [each.score for each in self.rounds], self.config.patience
        return 0 < patience < len(scores) and max(scores[-patience:]) <= max(scores[:-patience]) + _RISE

    @property
    def header(self) -> WeightsHeader:
        """Header of the adapted weights.

        Nothing was measured with these weights on labelled images: ``metrics`` is empty, and the uncertainty model is
        marked as inherited. The metrics of the weights at the start are in ``recipe["start"]``.
        """
        recipe = {
            "adaptation": self._settings,
            "steps_done": self.step,
            "minutes_done": round(self.seconds / 60.0, 1),
            "score_before": self.rounds[0].score if self.rounds else None,
            "score_after": self._best_score,
            "start": {**self._start.recipe, "metrics": dict(self._start.metrics)},
        }
        return replace(self._inherited, recipe=recipe)

    def write(self, file: Path) -> None:
        """Write the averaged weights with the best score of all evaluations."""
        save_weights(file, self._best, self.header)

    def _evaluate(self) -> LabelledImages:
        """Pose all images with the averaged network, keep it if its score is the best so far, and save everything."""
        start, average = time.monotonic(), self._student.average
        save_weights(self.folder / _TEACHER, average, self._inherited)
        teacher = Teacher(self.folder / _TEACHER, self._kinematics, self.config.fixed_camera, self.config.device)
        pseudo_labels = teacher.pseudo_labels(self._images)
        evaluation = Evaluation.of(pseudo_labels, self.progress)
        if evaluation.score > self._best_score:
            self._best, self._best_score = _copied(average), evaluation.score
        frames = [frame for group in self._images for frame in group]
        labelled = LabelledImages(teacher.estimator.pipeline.model, frames, pseudo_labels, self._start.input_size)
        if not len(labelled) and not self.step:
            raise TrainingError(
                f"none of {len(frames)} images can be learnt from: the robot was not found in any; see whether joint "
                "angles, camera and robot are right"
            )
        self.rounds.append(evaluation)
        self.seconds += time.monotonic() - start
        self._save()
        return labelled

    def _train(self, labelled: LabelledImages) -> dict[str, float]:
        config = self.config
        rng = np.random.default_rng([config.seed, self.step])
        replayed = round(config.replay_share * config.batch)
        own, surfaces = labelled.draw(config.batch - replayed, self._chain, rng)
        known = [self._replayed(rng) for _ in range(replayed)]
        return self._student.learn(self.step + 1, own, surfaces, known, labelled.renderer)

    def _replayed(self, rng: np.random.Generator) -> Example:
        assert self._replay is not None
        frame = self._replay.frame(int(rng.integers(_REPLAY)))
        return augmented(frame, self._chain, self._start.input_size, self._backgrounds, rng)

    def _save(self) -> None:
        state: dict[str, Any] = {
            "student": self._student.state_dict(),
            "best": self._best,
            "best_score": self._best_score,
            "rounds": [asdict(each) for each in self.rounds],
            "history": self.history,
            "step": self.step,
            "seconds": self.seconds,
        }
        save_checkpoint(self.folder / _CHECKPOINT, state)


def _inherited(start: WeightsHeader, file: Path, sha256: str) -> WeightsHeader:
    """A header that claims no measurement; its uncertainty model names the weights to which it was fitted."""
    model = start.uncertainty
    if model.measured:
        model = replace(model, measured=False, inherited_from=f"{file.name} (sha256 {sha256[:12]})")
    return replace(start, metrics={}, uncertainty=model)


def _copied(state: dict[str, Tensor]) -> dict[str, Tensor]:
    return {name: value.clone() for name, value in state.items()}
