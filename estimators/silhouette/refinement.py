"""The pose whose silhouette is most like a mask, by gradient descent through the renderer."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
import torch
from numpy.typing import NDArray
from scipy.spatial.transform import RigidTransform, Rotation
from torch import Tensor

from ctr_env.geometry import transform
from ctr_env.scenes.robots.surfaces import RobotSurface

from .alignment import Seen
from .renderer import SilhouetteRenderer

__all__ = ["Refined", "refine"]

_RATES = 3.0, 0.05  # pixels that a step moves the robot's border by: the first ones, the last ones
_MOMENTA = 0.8, 0.95


class Refined(NamedTuple):
    """A pose and how well it fits.

    Attributes:
        pose: ``camera_T_base``.
        difference: Mean squared difference of silhouettes and masks, in the masks' pixels inside the image.
    """

    pose: RigidTransform
    difference: float


def refine(surface: RobotSurface, seen: Sequence[Seen], pose: RigidTransform, iterations: int) -> Refined:
    """Descend from a pose to one whose silhouettes are like the masks.

    Minimises the mean squared difference of silhouette and mask (CtRNet, arXiv 2302.14332, its baseline "differentiable
    rendering"; EasyHeC, arXiv 2305.01191) over the six parameters of a motion about the robot's middle, each measured
    by how many pixels it moves the robot's border: so one step size fits all, and rotation does not mix with
    translation. The best of all poses on the way is returned, so the result fits no worse than the start.

    Args:
        surface: The robot.
        seen: Masks of equal size without lens distortion; several are those of one camera that stands still.
        pose: ``camera_T_base`` to begin with.
        iterations: Steps.

    Raises:
        ValueError: If the masks differ in size.
    """
    sizes = {each.view.mask.shape for each in seen}
    if len(sizes) != 1:
        raise ValueError(f"masks must be of one size, not {sorted(sizes)}")
    problem = _Problem(surface, seen, pose)
    motion = torch.zeros(6, dtype=torch.float64, requires_grad=True)
    optimizer = torch.optim.Adam([motion], betas=_MOMENTA)
    best, least = motion.detach().clone(), float("inf")
    for step in range(iterations + 1):
        difference = problem.difference(motion)
        found = float(difference.detach())
        if found < least:
            best, least = motion.detach().clone(), found
        if step == iterations:
            break
        first, last = _RATES
        optimizer.param_groups[0]["lr"] = first * (last / first) ** (step / max(iterations - 1, 1))
        optimizer.zero_grad()
        difference.backward()
        optimizer.step()
    R, t = problem.moved(best)
    return Refined(transform(t.numpy(), Rotation.from_matrix(R.numpy())), least)


class _Problem:
    """What is compared with what."""

    def __init__(self, surface: RobotSurface, seen: Sequence[Seen], pose: RigidTransform) -> None:
        height, width = seen[0].view.mask.shape
        self._renderer = SilhouetteRenderer(surface.faces, surface.edges, surface.edge_faces, (width, height))
        self._masks = torch.from_numpy(np.stack([each.view.mask for each in seen]).astype(np.float64))
        self._inside = torch.from_numpy(np.stack([_inside(each) for each in seen]))
        self._vertices = torch.from_numpy(np.stack([each.vertices for each in seen]).astype(np.float64))
        views = [each.view.lens for each in seen]
        lenses = np.array([[lens.fx, lens.fy, lens.cx, lens.cy] for lens in views])
        self._lenses = torch.from_numpy(lenses.astype(np.float64))
        self._R = torch.from_numpy(pose.rotation.as_matrix())
        self._t = torch.from_numpy(np.asarray(pose.translation, dtype=np.float64))
        middle = self._vertices.mean(dim=(0, 1))
        self._middle = self._R @ middle + self._t
        radius = float((self._vertices - middle).norm(dim=-1).square().mean().sqrt())
        per_metre = float(lenses[:, 0].mean()) / max(float(self._middle[2]), 0.1)
        along = per_metre * radius / max(float(self._middle[2]), 0.1)
        self._scales = 1.0 / torch.tensor([per_metre, per_metre, along, *[per_metre * radius] * 3], dtype=torch.float64)

    def moved(self, motion: Tensor) -> tuple[Tensor, Tensor]:
        """Rotation ``(3, 3)`` and translation ``(3,)`` after a motion ``(6,)``, in pixels, about the robot's middle."""
        scaled = motion * self._scales
        x, y, z = scaled[3:].unbind()
        zero = torch.zeros_like(x)
        turn = torch.matrix_exp(torch.stack([zero, -z, y, z, zero, -x, -y, x, zero]).view(3, 3))
        return turn @ self._R, turn @ (self._t - self._middle) + self._middle + scaled[:3]

    def difference(self, motion: Tensor) -> Tensor:
        """Mean squared difference of silhouettes and masks."""
        R, t = self.moved(motion)
        drawn = self._renderer(self._vertices @ R.mT + t, self._lenses)
        return ((drawn - self._masks).square() * self._inside).sum() / self._inside.sum()


def _inside(seen: Seen) -> NDArray[np.float64]:
    """Pixels of a mask that lie in the image."""
    view = seen.view
    height, width = view.mask.shape
    x, y = np.arange(width) + 0.5, np.arange(height) + 0.5
    columns = (x > view.low[0]) & (x < view.high[0])
    rows = (y > view.low[1]) & (y < view.high[1])
    return (rows[:, None] & columns).astype(np.float64)
