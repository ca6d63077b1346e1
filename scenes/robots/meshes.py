"""Decimation of visual meshes: one welded mesh per colour, reduced to a common face budget."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, cast

import numpy as np
import trimesh
from vtkmodules.util.numpy_support import numpy_to_vtk, numpy_to_vtkIdTypeArray, vtk_to_numpy
from vtkmodules.vtkCommonCore import vtkPoints
from vtkmodules.vtkCommonDataModel import vtkCellArray, vtkPolyData
from vtkmodules.vtkFiltersCore import vtkQuadricDecimation

from ctr_env.errors import DataError, MissingFileError

__all__ = ["ColouredMesh", "decimate", "load_coloured_meshes"]

_FEWEST_FACES = 24
_BOUNDARY_WEIGHT = 2.5  # keeps open boundaries of adjacent covers closed


@dataclass(frozen=True)
class ColouredMesh:
    """Triangles of one colour of a visual mesh.

    Attributes:
        mesh: Geometry in metres, in the axes of the source file.
        rgba: Colour, four numbers in [0, 1]; ``None`` where the file specifies none.
    """

    mesh: trimesh.Trimesh
    rgba: tuple[float, float, float, float] | None


def load_coloured_meshes(path: Path) -> list[ColouredMesh]:
    """Read a mesh file (COLLADA, STL, OBJ, ...) as one welded mesh per colour.

    Raises:
        MissingFileError: If there is no such file.
        DataError: If the file contains no triangles.
    """
    if not path.is_file():
        raise MissingFileError(f"mesh file not found: {path}")
    loaded = trimesh.load(path)
    scene = loaded if isinstance(loaded, trimesh.Scene) else trimesh.Scene(loaded)
    by_colour: dict[tuple[float, float, float, float] | None, list[trimesh.Trimesh]] = {}
    for geometry in scene.dump():
        if isinstance(geometry, trimesh.Trimesh) and len(geometry.faces):
            bare = trimesh.Trimesh(geometry.vertices, geometry.faces, process=False)
            by_colour.setdefault(_colour(geometry), []).append(bare)
    if not by_colour:
        raise DataError(f"no triangles in {path}")
    return [ColouredMesh(_weld(meshes), rgba) for rgba, meshes in by_colour.items()]


def decimate(meshes: Sequence[trimesh.Trimesh], budget: int) -> list[trimesh.Trimesh]:
    """Decimate many meshes so that together they have at most ``budget`` faces.

    Quadric edge collapse with weighted boundaries (VTK): CAD covers are open shells whose boundaries
    adjoin, so that unconstrained boundaries leave gaps. Faces are distributed by the square root of a mesh's face
    count and the fourth root of its area: finely tessellated meshes lose the most, large ones keep more.

    Args:
        meshes: Meshes in metres, welded.
        budget: Largest total number of faces.

    Returns:
        One mesh per input mesh, in order; meshes within their share are returned unchanged.
    """
    return [
        _simplify(mesh, target) if target < len(mesh.faces) else mesh
        for mesh, target in zip(meshes, _share(meshes, budget), strict=True)
    ]


def _share(meshes: Sequence[trimesh.Trimesh], budget: int) -> list[int]:
    """Number of faces of each mesh; the unused share of small meshes is distributed among the others."""
    weights = np.array([len(mesh.faces) ** 0.5 * mesh.area**0.25 for mesh in meshes])
    counts = np.array([len(mesh.faces) for mesh in meshes], dtype=float)
    targets = counts.copy()
    rest = counts > _FEWEST_FACES
    while rest.any():
        share = np.maximum((budget - targets[~rest].sum()) * weights / weights[rest].sum(), _FEWEST_FACES)
        settled = rest & (share >= counts)
        if not settled.any():
            targets[rest] = share[rest]
            break
        rest &= ~settled
    return [int(target) for target in targets]


def _simplify(mesh: trimesh.Trimesh, faces: int) -> trimesh.Trimesh:
    points = vtkPoints()
    points.SetData(numpy_to_vtk(np.ascontiguousarray(mesh.vertices), deep=1))
    cells = vtkCellArray()
    offsets = np.arange(0, 3 * len(mesh.faces) + 1, 3)
    connectivity = np.ascontiguousarray(mesh.faces, dtype=np.int64).ravel()
    cells.SetData(numpy_to_vtkIdTypeArray(offsets, deep=1), numpy_to_vtkIdTypeArray(connectivity, deep=1))
    surface = vtkPolyData()
    surface.SetPoints(points)
    surface.SetPolys(cells)
    decimation = vtkQuadricDecimation()
    decimation.SetInputData(surface)
    decimation.SetTargetReduction(1.0 - faces / len(mesh.faces))
    decimation.SetWeighBoundaryConstraintsByLength(True)
    decimation.SetBoundaryWeightFactor(_BOUNDARY_WEIGHT)
    decimation.Update()
    light = decimation.GetOutput()
    vertices = vtk_to_numpy(light.GetPoints().GetData())
    triangles = vtk_to_numpy(light.GetPolys().GetConnectivityArray()).reshape(-1, 3)
    return trimesh.Trimesh(vertices, triangles, process=False)


def _colour(mesh: trimesh.Trimesh) -> tuple[float, float, float, float] | None:
    main = getattr(getattr(mesh.visual, "material", None), "main_color", None)
    if main is None:
        return None
    r, g, b, a = (float(channel) / 255.0 for channel in main)
    return (r, g, b, a)


def _weld(meshes: list[trimesh.Trimesh]) -> trimesh.Trimesh:
    """One mesh with shared vertices: decimation opens gaps along edges whose vertices are duplicated."""
    mesh: Any = trimesh.util.concatenate(meshes)
    mesh.merge_vertices(merge_tex=True, merge_norm=True, digits_vertex=4)
    mesh.update_faces(mesh.nondegenerate_faces() & mesh.unique_faces())
    mesh.remove_unreferenced_vertices()
    return cast(trimesh.Trimesh, mesh)
