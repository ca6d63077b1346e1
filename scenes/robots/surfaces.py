"""A robot's visible surface as triangles in its links' frames, for silhouettes and contours without a renderer."""

from __future__ import annotations

import xml.etree.ElementTree as ET
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property, lru_cache
from pathlib import Path
from typing import Any

import numpy as np
import trimesh
from numpy.typing import ArrayLike, NDArray
from scipy.spatial.transform import Rotation

from ctr_env.errors import DataError

from .assets import prepared_urdf
from .description import RobotDescription
from .kinematics import RobotKinematics
from .meshes import decimate

__all__ = ["RobotSurface", "robot_surface"]

_WELD = 1e-5  # metres: closer vertices are merged


@dataclass(frozen=True, eq=False)
class RobotSurface:
    """Triangles of all visible links.

    Attributes:
        links: Names of L links.
        vertices: ``(V, 3)`` positions in their links' frames, metres.
        vertex_links: ``(V,)`` index of each vertex's link, in order.
        faces: ``(F, 3)`` vertices of each triangle, counter-clockwise as seen from outside.
        edges: ``(E, 2)`` vertices of each edge, every edge once.
        edge_faces: ``(E, 2)`` triangles adjacent to each edge; -1 at a boundary. Edges of more than two triangles are
            listed with two of them.
        face_edges: ``(F, 3)`` edges along the sides of each triangle, from its first, second and third vertex.
    """

    links: tuple[str, ...]
    vertices: NDArray[np.float64]
    vertex_links: NDArray[np.int64]
    faces: NDArray[np.int64]
    edges: NDArray[np.int64]
    edge_faces: NDArray[np.int64]
    face_edges: NDArray[np.int64]

    def windings(self, faces: NDArray[np.bool_]) -> NDArray[np.int64]:
        """``(E,)`` how often each edge is passed, forwards less backwards, around triangles of a mask ``(F,)``.

        Edges between two triangles of the mask cancel: those that do not are its boundary.
        """
        passages = self._passages.take(np.flatnonzero(faces), axis=0).ravel()
        backwards, forwards = np.bincount(passages, minlength=2 * len(self.edges)).reshape(-1, 2).T
        return np.asarray(forwards - backwards)

    @cached_property
    def _passages(self) -> NDArray[np.int64]:
        """``(F, 3)`` twice the edge along each side of a triangle, plus 1 where the side has the edge's direction."""
        return 2 * self.face_edges + (self.edges[self.face_edges, 0] == self.faces)

    def posed(self, kinematics: RobotKinematics, joint_positions: ArrayLike) -> NDArray[np.float64]:
        """``(V, 3)`` vertices in the base frame, metres, for ``(n,)`` joint positions (rad)."""
        rotations, origins = kinematics.link_poses(joint_positions, self.links)
        ends = np.searchsorted(self.vertex_links, np.arange(1, len(self.links)))
        parts = np.split(self.vertices, ends)
        return np.concatenate([part @ R.T + p for part, R, p in zip(parts, rotations, origins, strict=True)])


def robot_surface(robot: RobotDescription, faces: int | None = None) -> RobotSurface:
    """The visible surface of a robot.

    Args:
        robot: The robot.
        faces: Largest number of triangles; ``None``: the robot's face budget.

    Raises:
        DataError: If the robot has no visual mesh.
    """
    surface = _surface_of(prepared_urdf(robot), robot.face_budget if faces is None else faces)
    if surface is None:
        raise DataError(f"robot {robot.name!r} has no visible surface: {robot.urdf} has no <visual>")
    return surface


@lru_cache(maxsize=16)
def _surface_of(urdf: Path, faces: int) -> RobotSurface | None:
    links: list[str] = []
    meshes: list[trimesh.Trimesh] = []
    owners: list[int] = []
    for link, parts in _visuals(urdf):
        meshes += parts
        owners += [len(links)] * len(parts)
        links.append(link)
    if not meshes:
        return None
    light = [_welded(mesh) for mesh in decimate([_welded(mesh) for mesh in meshes], faces)]
    offsets = np.cumsum([0, *(len(mesh.vertices) for mesh in light)])
    triangles = np.concatenate([mesh.faces + offset for mesh, offset in zip(light, offsets, strict=False)])
    edges, edge_faces, face_edges = _adjacency(triangles)
    return RobotSurface(
        links=tuple(links),
        vertices=np.concatenate([mesh.vertices for mesh in light]),
        vertex_links=np.repeat(owners, [len(mesh.vertices) for mesh in light]),
        faces=triangles,
        edges=edges,
        edge_faces=edge_faces,
        face_edges=face_edges,
    )


def _visuals(urdf: Path) -> Iterator[tuple[str, list[trimesh.Trimesh]]]:
    """Visible links with their meshes in the link's frame."""
    for link in ET.parse(urdf).getroot().iter("link"):
        parts = [_mesh(visual, urdf.parent) for visual in link.findall("visual")]
        if parts:
            yield link.get("name", ""), parts


def _mesh(visual: ET.Element, folder: Path) -> trimesh.Trimesh:
    shape = visual.find("geometry/*")
    assert shape is not None
    mesh: Any
    if shape.tag == "mesh":
        mesh = trimesh.load_mesh(folder / shape.get("filename", ""))
        mesh.apply_scale(_numbers(shape.get("scale", "1 1 1")))
    elif shape.tag == "box":
        mesh = trimesh.creation.box(_numbers(shape.get("size", "")))
    elif shape.tag == "cylinder":
        mesh = trimesh.creation.cylinder(float(shape.get("radius", "")), float(shape.get("length", "")))
    else:
        mesh = trimesh.creation.icosphere(2, float(shape.get("radius", "")))
    origin = visual.find("origin")
    if origin is not None:
        T = np.eye(4)
        T[:3, :3] = Rotation.from_euler("xyz", _numbers(origin.get("rpy", "0 0 0"))).as_matrix()
        T[:3, 3] = _numbers(origin.get("xyz", "0 0 0"))
        mesh.apply_transform(T)
    return trimesh.Trimesh(mesh.vertices, mesh.faces, process=False)


def _numbers(text: str) -> list[float]:
    return [float(word) for word in text.split()]


def _welded(mesh: trimesh.Trimesh) -> trimesh.Trimesh:
    """The mesh with unique vertices and without degenerate triangles."""
    _, first, back = np.unique(np.round(mesh.vertices / _WELD), axis=0, return_index=True, return_inverse=True)
    faces = back.reshape(-1)[mesh.faces]
    proper = (faces[:, 0] != faces[:, 1]) & (faces[:, 1] != faces[:, 2]) & (faces[:, 2] != faces[:, 0])
    return trimesh.Trimesh(mesh.vertices[first], faces[proper], process=False)


def _adjacency(faces: NDArray[np.int64]) -> tuple[NDArray[np.int64], NDArray[np.int64], NDArray[np.int64]]:
    """Edges ``(E, 2)`` of triangles, the two triangles ``(E, 2)`` adjacent to each, and each triangle's ``(F, 3)``."""
    sides = np.sort(np.concatenate([faces[:, [0, 1]], faces[:, [1, 2]], faces[:, [2, 0]]]), axis=1)
    owners = np.tile(np.arange(len(faces)), 3)
    order = np.lexsort(sides.T)
    sides, owners = sides[order], owners[order]
    new = np.concatenate([[True], np.any(sides[1:] != sides[:-1], axis=1)])
    start = np.flatnonzero(new)
    shared = np.append(~new[1:], False)[start]  # the next entry is the same edge, seen from its second triangle
    after = owners[np.minimum(start + 1, len(owners) - 1)]
    numbers = np.empty(len(order), dtype=np.int64)
    numbers[order] = np.cumsum(new) - 1
    edge_faces = np.stack([owners[start], np.where(shared, after, -1)], axis=1)
    return sides[start], edge_faces, numbers.reshape(3, -1).T
