"""Pose refinement by differentiable rendering: gradient descent on the difference of silhouettes and masks."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
import torch
from numpy.typing import NDArray
from scipy.spatial.transform import RigidTransform, Rotation
from torch import Tensor

from ctr_env.errors import DataError
from ctr_env.geometry import transform
from ctr_env.scenes.robots.surfaces import RobotSurface

from .alignment import Seen
from .renderer import SilhouetteRenderer

__all__ = ["Refined", "refine"]

_RATES = 3.0, 0.05  # pixels by which the first and the last steps move the robot's contour
_MOMENTA = 0.8, 0.95


class Refined(NamedTuple):
    """A refined pose.

    Attributes:
        pose: ``camera_T_base``.
        difference: Mean squared difference of silhouettes and masks over the pixels inside the image.
    """

    pose: RigidTransform
    difference: float


def refine(surface: RobotSurface, seen: Sequence[Seen], pose: RigidTransform, iterations: int) -> Refined:
    """Minimise the mean squared difference of silhouettes and masks by gradient descent (Adam).

    The objective is that of the baseline "differentiable rendering" of CtRNet (arXiv 2302.14332) and of EasyHeC (arXiv
    2305.01191). The six parameters are a translation and a rotation about the robot's centre, each in pixels by which
    it moves the robot's contour: one step size then suits all of them, and rotation and translation are nearly
    independent. The best of all iterates is returned, so the result fits no worse than the start.

    Args:
        surface: The robot.
        seen: Masks of equal size without lens distortion; several are those of one static camera.
        pose: First ``camera_T_base``.
        iterations: Gradient steps.

    Raises:
        DataError: If the masks differ in size.
    """
    sizes = {each.view.mask.shape for each in seen}
    if len(sizes) != 1:
        raise DataError(f"masks must be of one size, not {sorted(sizes)}")
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
    """The objective as a function of the motion."""

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
        centre = self._vertices.mean(dim=(0, 1))
        self._centre = self._R @ centre + self._t
        radius = float((self._vertices - centre).norm(dim=-1).square().mean().sqrt())
        per_metre = float(lenses[:, 0].mean()) / max(float(self._centre[2]), 0.1)
        along = per_metre * radius / max(float(self._centre[2]), 0.1)
        self._scales = 1.0 / torch.tensor([per_metre, per_metre, along, *[per_metre * radius] * 3], dtype=torch.float64)

    def moved(self, motion: Tensor) -> tuple[Tensor, Tensor]:
        """Rotation ``(3, 3)`` and translation ``(3,)`` after a motion ``(6,)``, pixels, about the robot's centre."""
        scaled = motion * self._scales
        x, y, z = scaled[3:].unbind()
        zero = torch.zeros_like(x)
        rotation = torch.matrix_exp(torch.stack([zero, -z, y, z, zero, -x, -y, x, zero]).view(3, 3))
        return rotation @ self._R, rotation @ (self._t - self._centre) + self._centre + scaled[:3]

    def difference(self, motion: Tensor) -> Tensor:
        """Mean squared difference of silhouettes and masks."""
        R, t = self.moved(motion)
        rendered = self._renderer(self._vertices @ R.mT + t, self._lenses)
        return ((rendered - self._masks).square() * self._inside).sum() / self._inside.sum()


def _inside(seen: Seen) -> NDArray[np.float64]:
    """``(h, w)`` 1 for pixels of a mask that lie in the image, else 0."""
    view = seen.view
    height, width = view.mask.shape
    x, y = np.arange(width) + 0.5, np.arange(height) + 0.5
    columns = (x > view.low[0]) & (x < view.high[0])
    rows = (y > view.low[1]) & (y < view.high[1])
    return (rows[:, None] & columns).astype(np.float64)
