"""Training examples from unlabelled images and their pseudo-labels."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import torch
from torch import Tensor

from ctr_env.calibration.pseudo_label import PseudoLabel, posed_mask
from ctr_env.datasets.frame import Frame
from ctr_env.estimators.ctrnet.hypothesis import quarter_turns
from ctr_env.estimators.ctrnet.robot_model import RobotModel
from ctr_env.estimators.silhouette.renderer import SilhouetteRenderer
from ctr_env.learning.supervised.augmentation import Example, augmented
from ctr_env.learning.supervised.rendered_frame import RenderedFrame

from .objective import COARSER

__all__ = ["LabelledImages"]


class LabelledImages:
    """The images with a usable pseudo-label: mask and points are those of the robot at the pseudo-label's pose.

    Attributes:
        renderer: Renders silhouettes of the robot's mesh at the size that the objective needs.
    """

    def __init__(
        self,
        model: RobotModel,
        frames: Sequence[Frame],
        pseudo_labels: Sequence[PseudoLabel],
        input_size: tuple[int, int],
    ) -> None:
        """Label images.

        Args:
            model: The robot with the network's keypoints.
            frames: All images.
            pseudo_labels: Their pseudo-labels.
            input_size: Width and height of the network's input, pixels.
        """
        self._frames: list[RenderedFrame] = []
        self._vertices: list[Tensor] = []
        for frame, label in zip(frames, pseudo_labels, strict=True):
            pose = label.camera_T_base
            if pose is None or not label.usable or frame.image is None:
                continue
            view = model.view(frame)
            mask = np.where(posed_mask(view, pose), 255, 0).astype(np.uint8)
            points, turns = pose.apply(view.keypoints), quarter_turns(pose)
            self._frames.append(RenderedFrame(frame.image, mask, points, frame.camera, turns))
            vertices = pose.apply(view.vertices)
            self._vertices.append(torch.from_numpy(vertices.astype(np.float32)))
        surface, (width, height) = model.surface, input_size
        self.renderer = SilhouetteRenderer(
            surface.faces, surface.edges, surface.edge_faces, (width // COARSER, height // COARSER)
        )
        self._input_size = input_size

    def __len__(self) -> int:
        """Number of images with a usable pseudo-label."""
        return len(self._frames)

    def draw(self, count: int, chain: int, rng: np.random.Generator) -> tuple[list[Example], Tensor]:
        """Augmented examples of random images, and the mesh vertices in their camera frames.

        Args:
            count: Number of examples, B.
            chain: Number of keypoints along the kinematic chain, which come first among the points.
            rng: Source of all randomness.

        Returns:
            The examples, and ``(B, V, 3)`` float32 vertices at the pseudo-labels, metres.
        """
        chosen = rng.integers(len(self._frames), size=count)
        examples = [augmented(self._frames[i], chain, self._input_size, None, rng) for i in chosen]
        return examples, torch.stack([self._vertices[i] for i in chosen])
