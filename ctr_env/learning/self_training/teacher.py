"""The teacher: the averaged network poses all images, and its agreement with them scores the network."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np

from ctr_env.calibration.pseudo_label import PseudoLabel
from ctr_env.calibration.static_camera import StaticCameraSolver
from ctr_env.datasets.frame import Frame
from ctr_env.estimators.ctrnet.estimator import CtRNetEstimator
from ctr_env.scenes.robots.kinematics import RobotKinematics

__all__ = ["Evaluation", "Teacher"]


@dataclass(frozen=True)
class Evaluation:
    """Agreement of the averaged network with all images at one point of the adaptation.

    Attributes:
        progress: Progress of the adaptation, 0 to 1.
        score: Mean agreement of masks, silhouettes and keypoints (see ``PseudoLabel.score``).
        usable: Share of the images with a usable pseudo-label.
        contour_inlier_ratio: Median over the images.
    """

    progress: float
    score: float
    usable: float
    contour_inlier_ratio: float

    @classmethod
    def of(cls, pseudo_labels: Sequence[PseudoLabel], progress: float) -> Evaluation:
        """The evaluation that pseudo-labels of all images make."""
        return cls(
            progress,
            score=float(np.mean([label.score for label in pseudo_labels])),
            usable=float(np.mean([label.usable for label in pseudo_labels])),
            contour_inlier_ratio=float(np.median([label.contour_inlier_ratio for label in pseudo_labels])),
        )

    def record(self) -> dict[str, float]:
        """Entry of ``rounds`` in ``adapt.json``; ``explained`` is the contour inlier ratio."""
        return {**asdict(self), "explained": self.contour_inlier_ratio}


class Teacher:
    """Poses unlabelled images with a weights file.

    Attributes:
        estimator: The estimator that uses the weights.
    """

    def __init__(self, weights: Path, kinematics: RobotKinematics, fixed_camera: bool, device: str) -> None:
        """Load weights."""
        settings: dict[str, Any] = {"weights": str(weights), "tracking": False, "device": device}
        self.estimator = CtRNetEstimator(kinematics, settings)
        solver = StaticCameraSolver(self.estimator.pipeline)
        self._label = solver.pseudo_labels if fixed_camera else solver.independent_labels

    def pseudo_labels(self, images: Sequence[Sequence[Frame]]) -> list[PseudoLabel]:
        """Pseudo-labels of all images in their order.

        Args:
            images: Images by camera; a static camera's share one pose.
        """
        return [label for group in images for label in self._label(group)]
