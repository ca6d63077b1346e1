"""Self-training on unlabelled images: a teacher poses the robot in them, a student learns from its silhouette."""

from __future__ import annotations

import hashlib
import json
import math
import time
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from ctr_env.calibration.static_camera import PseudoLabel, StaticCameraSolver, posed_mask
from ctr_env.datasets.frame import Frame
from ctr_env.datasets.synthetic.backgrounds import Backgrounds
from ctr_env.estimators.ctrnet.estimator import CtRNetEstimator
from ctr_env.estimators.ctrnet.eye import Eye
from ctr_env.estimators.ctrnet.weights import WeightsHeader, load_network, save_weights
from ctr_env.estimators.silhouette.renderer import SilhouetteRenderer
from ctr_env.learning.supervised.augmentation import Example, RenderedFrame, augmented
from ctr_env.learning.supervised.sources import FrameSource
from ctr_env.runs.files import replacing, write_json
from ctr_env.scenes.robots.catalogue import get_robot
from ctr_env.scenes.robots.kinematics import RobotKinematics

from .config import AdaptationConfig
from .objective import COARSER
from .student import Student

__all__ = ["Adapter", "Progress", "Round"]

_WARM_UP = 0.05
_CHECKPOINT, _TEACHER, _SETTINGS = "checkpoint.pt", "teacher.safetensors", "config.json"
_REPLAY = 10_000_000  # numbers of replayed examples' random streams begin here


@dataclass(frozen=True)
class Round:
    """What the teacher found when it looked at all images.

    Attributes:
        progress: When, 0 to 1.
        score: Mean agreement of masks, silhouettes and points (see :attr:`~.teacher.PseudoLabel.score`).
        usable: Share of the images that are learnt from.
        explained: Median share of the contour that is explained.
    """

    progress: float
    score: float
    usable: float
    contour_inlier_ratio: float


Progress = Callable[[int, float, dict[str, float]], None]
"""Called after every step with the step, the progress (0 to 1) and the parts of the loss."""


class Adapter:
    """Adapts one network; stops and goes on after any round.

    Attributes:
        folder: Where checkpoint, teacher and settings go.
        rounds: What the teacher found so far, from before the first step on.
        history: Parts of the loss of every step, with its ``"progress"``.
        step: Optimiser steps made.
        seconds: Time spent in them and in looking, pauses not counted.
    """

    def __init__(
        self,
        config: AdaptationConfig,
        images: Sequence[Sequence[Frame]],
        weights: Path,
        replay: FrameSource | None,
        folder: Path,
    ) -> None:
        """Prepare, and go on from the folder's checkpoint if there is one.

        Args:
            config: Settings.
            images: Unlabelled images without lens distortion, those of each camera by themselves.
            weights: What to begin with.
            replay: Synthetic images with labels, if a share of them is wanted.
            folder: Where to keep the state.

        Raises:
            ValueError: If there are no images, a fixed camera's differ in intrinsics, the weights belong to another
                robot, the replay is missing, or the folder belongs to other settings.
            FileNotFoundError: If the weights file does not exist.
        """
        self.config, self.folder = config, folder
        self.step, self.seconds = 0, 0.0
        self.rounds: list[Round] = []
        self.history: list[dict[str, float]] = []
        self._images, self._replay = [list(group) for group in images], replay
        self._frames = [frame for group in self._images for frame in group]
        network, self._header = load_network(weights)
        initial = weights.read_bytes()
        _check(config, self._images, self._header, replay)
        self._kinematics = RobotKinematics(config.robot)
        self._chain = len(self._kinematics.robot.keypoint_frames)
        self._backgrounds = Backgrounds(None)
        self._settings = {
            **asdict(config),
            "weights_sha256": hashlib.sha256(initial).hexdigest(),
            "pictures": [len(group) for group in self._images],
            "images_sha256": _digest(self._frames),
        }
        _claim(folder, self._settings)
        self._student = Student(network, self._header, config, self._chain)
        self._best, self._best_score = self._averaged(), -1.0
        self._pseudo_labels: list[PseudoLabel] = []
        self._labelled: list[RenderedFrame] = []
        self._surfaces: list[NDArray[np.float32]] = []
        self._load()

    @property
    def progress(self) -> float:
        """How much of the adaptation is done, 0 to 1."""
        if self.config.steps is not None:
            return min(self.step / self.config.steps, 1.0)
        assert self.config.minutes is not None
        return min(self.seconds / (60.0 * self.config.minutes), 1.0)

    def run(self, report: Progress, on_round: Callable[[Round], None]) -> WeightsHeader:
        """Adapt to the end.

        Args:
            report: Told of every step.
            on_round: Told of every look that the teacher takes at all images.

        Returns:
            The header of the adapted weights, which :meth:`write` writes.

        Raises:
            RuntimeError: If no image can be learnt from to begin with.
        """
        while True:
            if not self._labelled or self.progress * self.config.rounds >= len(self.rounds):
                on_round(self._look())
            if self.progress >= 1.0 or not self._labelled:  # whoever lost the robot has nothing more to learn from
                return self.header
            start = time.monotonic()
            parts = self._train()
            self.step += 1
            self.seconds += time.monotonic() - start
            self.history.append({**parts, "progress": self.progress})
            report(self.step, self.progress, parts)

    @property
    def header(self) -> WeightsHeader:
        """Whose the weights are, and how they came to be."""
        recipe = {
            "adaptation": self._settings,
            "steps_done": self.step,
            "minutes_done": round(self.seconds / 60.0, 1),
            "score_before": self.rounds[0].score if self.rounds else None,
            "score_after": self._best_score,
            "start": dict(self._header.recipe),
        }
        return WeightsHeader(**{**asdict(self._header), "recipe": recipe})

    def write(self, file: Path) -> None:
        """Write the averaged weights of the round with the best score."""
        save_weights(file, self._best, self.header)

    def _look(self) -> Round:
        """Let the teacher look, keep it if it never agreed better with what it sees, and save everything."""
        start = time.monotonic()
        file = self.folder / _TEACHER
        save_weights(file, self._student.average.state_dict(), self._header)
        eye = CtRNetEstimator(self._kinematics, {"weights": str(file), "tracking": False}).eye
        teacher = StaticCameraSolver(eye, self.config.fixed_camera)
        self._pseudo_labels = [pseudo_label for group in self._images for pseudo_label in teacher.pseudo_labels(group)]
        score = float(np.mean([pseudo_label.score for pseudo_label in self._pseudo_labels]))
        usable = float(np.mean([pseudo_label.usable for pseudo_label in self._pseudo_labels]))
        contour_inlier_ratio = float(
            np.median([pseudo_label.contour_inlier_ratio for pseudo_label in self._pseudo_labels])
        )
        if score > self._best_score:
            self._best, self._best_score = self._averaged(), score
        self._label(eye)
        self.rounds.append(Round(self.progress, score, usable, contour_inlier_ratio))
        self.seconds += time.monotonic() - start
        self._save()
        return self.rounds[-1]

    def _label(self, eye: Eye) -> None:
        """Make labelled images of what the teacher believes."""
        self._labelled, self._surfaces = [], []
        for frame, pseudo_label in zip(self._frames, self._pseudo_labels, strict=True):
            if pseudo_label.pose is None or not pseudo_label.usable or frame.image is None:
                continue
            mask = np.where(posed_mask(eye, frame, pseudo_label.pose), 255, 0).astype(np.uint8)
            points = pseudo_label.pose.apply(eye.points(frame))
            vertices = pseudo_label.pose.apply(eye.surface.posed(eye.kinematics, frame.joint_positions))
            self._labelled.append(RenderedFrame(frame.image, mask, points, frame.camera))
            self._surfaces.append(vertices.astype(np.float32))
        if not self._labelled and not self.step:
            raise RuntimeError(
                f"none of {len(self._frames)} images can be learnt from: the robot was not found in any; see whether "
                "joint angles, camera and robot are right"
            )
        surface = eye.surface
        width, height = self._header.input_size
        self._renderer = SilhouetteRenderer(
            surface.faces, surface.edges, surface.edge_faces, (width // COARSER, height // COARSER)
        )

    def _train(self) -> dict[str, float]:
        config, size = self.config, self._header.input_size
        rng = np.random.default_rng([config.seed, self.step])
        replayed = round(config.replay_share * config.batch)
        chosen = rng.integers(len(self._labelled), size=config.batch - replayed)
        own = [augmented(self._labelled[i], self._chain, size, None, rng) for i in chosen]
        known = [self._replayed(rng) for _ in range(replayed)]
        surfaces = np.stack([self._surfaces[i] for i in chosen])
        rate = config.learning_rate * _schedule(self.progress)
        return self._student.learn(own, surfaces, known, self._renderer, rate)

    def _replayed(self, rng: np.random.Generator) -> Example:
        assert self._replay is not None
        frame = self._replay.frame(int(rng.integers(_REPLAY)))
        return augmented(frame, self._chain, self._header.input_size, self._backgrounds, rng)

    def _averaged(self) -> dict[str, Tensor]:
        return {name: value.clone() for name, value in self._student.average.state_dict().items()}

    def _save(self) -> None:
        state = {
            "student": self._student.state(),
            "best": self._best,
            "best_score": self._best_score,
            "rounds": [asdict(each) for each in self.rounds],
            "history": self.history,
            "step": self.step,
            "seconds": self.seconds,
        }
        with replacing(self.folder / _CHECKPOINT) as scratch:
            torch.save(state, scratch)

    def _load(self) -> None:
        file = self.folder / _CHECKPOINT
        if not file.is_file():
            return
        state = torch.load(file, map_location=self._student.device, weights_only=True)
        self._student.load(state["student"])
        self._best, self._best_score = state["best"], state["best_score"]
        self.step, self.seconds, self.history = state["step"], state["seconds"], state["history"]
        self.rounds = [Round(**each) for each in state["rounds"]][:-1]  # the last one is looked at again


def _schedule(progress: float) -> float:
    """Share of the highest learning rate: a short rise, then a cosine."""
    if progress < _WARM_UP:
        return max(progress / _WARM_UP, 0.02)
    return 0.5 * (1.0 + math.cos(math.pi * (progress - _WARM_UP) / (1.0 - _WARM_UP)))


def _check(
    config: AdaptationConfig, images: Sequence[Sequence[Frame]], header: WeightsHeader, replay: FrameSource | None
) -> None:
    robot = get_robot(config.robot).name
    if header.robot != robot:
        raise ValueError(f"the weights are those of robot {header.robot!r}, not {robot!r}")
    if not images or not all(images):
        raise ValueError("there are no images to adapt to")
    for group in images:
        cameras = {frame.camera for frame in group}
        if config.fixed_camera and len(cameras) > 1:
            raise ValueError(
                f"the images of one camera have {len(cameras)} different intrinsics, and so not one pose: give each "
                "camera's images by themselves, or say that the camera moves"
            )
    if config.replay_share and replay is None:
        raise ValueError("replay_share needs synthetic images; without them it must be 0")


def _digest(frames: Sequence[Frame]) -> str:
    """A number for what is learnt from."""
    digest = hashlib.sha256()
    for frame in frames:
        digest.update(repr(frame.camera).encode())
        digest.update(np.ascontiguousarray(frame.joint_positions).tobytes())
        if frame.image is not None:
            digest.update(np.ascontiguousarray(frame.image).tobytes())
    return digest.hexdigest()


def _claim(folder: Path, settings: dict[str, Any]) -> None:
    """Refuse a folder that holds an adaptation with other settings."""
    file = folder / _SETTINGS
    if file.is_file():
        earlier, settings = json.loads(file.read_text()), json.loads(json.dumps(settings))
        other = [name for name in settings if earlier.get(name) != settings[name]]
        if other:
            said = ", ".join(f"{name}={earlier.get(name)!r}" for name in other)
            raise ValueError(f"{folder} holds an adaptation with other settings ({said}); choose another folder")
    folder.mkdir(parents=True, exist_ok=True)
    write_json(file, settings)
