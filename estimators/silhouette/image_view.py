"""An image with its camera, and the distances of contour samples to edges in it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from ctr_env.geometry import PinholeCamera
from ctr_env.scenes.robots.surfaces import RobotSurface

from .boundary import along_normals
from .contour import Contour, Lens, find_contour
from .image_edges import image_edges, line_distances

__all__ = ["FARTHEST_EDGE", "ImageView", "RobotImage", "image_contour"]

_STEP = 0.5  # units between the samples of a line
_REACH, _WINDOW = 6, 6  # samples: farthest edge from the contour, and size of the windows on its two sides
_LEAST_CONTRAST = 3.0
_FARTHEST_MARGIN = 0.5  # units: of contour samples at corners, whose boundary lies elsewhere than the edge of the mesh
FARTHEST_EDGE = _STEP * _REACH
"""Farthest edge that is searched for, units."""

_Vector = NDArray[np.float64]


@dataclass(frozen=True)
class ImageView:
    """An image with its camera.

    Attributes:
        image: ``(H, W, 3)`` uint8.
        camera: Intrinsics.
        unit: Length in which edges are located, pixels: 1 for a sharp image and a pose that is accurate to a pixel.
    """

    image: NDArray[np.uint8]
    camera: PinholeCamera
    unit: float = 1.0

    @property
    def lens(self) -> Lens:
        """The camera without its distortion."""
        camera = self.camera
        return Lens(camera.fx, camera.fy, camera.cx, camera.cy)

    @property
    def focal(self) -> _Vector:
        """``(2,)`` focal lengths in units."""
        return np.array([self.camera.fx, self.camera.fy]) / self.unit

    def gaps(self, contour: Contour, pose: _Vector) -> tuple[_Vector, NDArray[np.bool_]]:
        """Distances from a contour to the edges of the image.

        Args:
            contour: As :func:`image_contour` makes it.
            pose: ``(4, 4)`` ``camera_T_base``.

        Returns:
            ``(S,)`` units along the normals, NaN where there is no clear edge; and ``(S,)`` whether the image shows the
            sample and what is beside it.
        """
        pixels = self.lens.project(contour.points @ pose[:3, :3].T + pose[:3, 3])
        lines = self._lines(pixels + self.unit * contour.margins[:, None] * contour.normals, contour.normals)
        edges = image_edges(self.image, lines, _REACH, _WINDOW)
        shown = self.camera.contains(lines[:, 0]) & self.camera.contains(lines[:, -1])
        met = shown & (edges.contrasts > _LEAST_CONTRAST) & (np.abs(edges.positions) < _REACH)
        return np.where(met, _STEP * edges.positions, np.nan), shown

    def _lines(self, pixels: _Vector, normals: _Vector) -> _Vector:
        """``(S, N, 2)`` pixels of the image along ``(S, 2)`` normals through ``(S, 2)`` undistorted pixels."""
        at = along_normals(pixels, normals, _STEP * self.unit * line_distances(_REACH, _WINDOW))
        if self.camera.distortion:
            at = self.camera.project(self.lens.rays(at.reshape(-1, 2))).reshape(at.shape)
        return at


class RobotImage(NamedTuple):
    """The robot in one image.

    Attributes:
        joint_positions: ``(n,)`` rad.
        vertices: ``(V, 3)`` vertices of its surface there, in the base frame, metres.
        view: The image.
    """

    joint_positions: _Vector
    vertices: _Vector
    view: ImageView


def image_contour(surface: RobotSurface, image: RobotImage, pose: _Vector) -> Contour:
    """The contour of the robot in an image, its lengths in units, without samples at corners.

    Args:
        surface: The robot.
        image: The image.
        pose: ``(4, 4)`` ``camera_T_base``.
    """
    _, vertices, view = image
    lens, unit = view.lens, view.unit
    pixels = lens.project(vertices @ pose[:3, :3].T + pose[:3, 3])
    size = np.array([view.camera.width, view.camera.height], dtype=float)
    low, high = np.clip(pixels.min(axis=0), -size, size), np.clip(pixels.max(axis=0), 0.0, 2.0 * size)
    width, height = np.ceil((high - low) / unit).astype(int) + 1
    part = Lens(lens.fx / unit, lens.fy / unit, (lens.cx - low[0]) / unit, (lens.cy - low[1]) / unit)
    found = find_contour(surface, vertices, (pose[:3, :3], pose[:3, 3]), part, (width, height))
    kept = np.abs(found.margins) < _FARTHEST_MARGIN
    return Contour(*(getattr(found, name)[kept] for name in ("points", "normals", "margins", "lengths", "ends")))
