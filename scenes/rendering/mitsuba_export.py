"""Conversion of a MuJoCo model and state to Mitsuba: shapes, materials and the camera."""

from __future__ import annotations

from typing import Any, NamedTuple

import mitsuba as mi
import mujoco
import numpy as np
import trimesh
from numpy.typing import NDArray
from scipy.sparse import coo_array

from ctr_env.errors import RenderError

__all__ = ["rgb_dict", "sensor_dict", "shapes_dict"]

_GEOM = mujoco.mjtGeom
_VISIBLE_GROUPS = 3  # those of the classic renderer
_UNSET = np.array([0.5, 0.5, 0.5, 1.0])  # MuJoCo's default geom colour: that of the material applies
_ALBEDO = 0.85  # of pure white: real surfaces reflect no more
_CREASE = np.radians(40.0)
_SQUARE = 1e-3  # relative difference of focal lengths that counts as zero: 0.2 px at the boundary of a small image


class _Surface(NamedTuple):
    """``(F, 3, 3)`` corners and normals, ``(F, 3, 2)`` texture coordinates of triangles in the geom's frame."""

    corners: NDArray[np.float64]
    normals: NDArray[np.float64]
    uv: NDArray[np.float64]


def shapes_dict(model: mujoco.MjModel, data: mujoco.MjData) -> dict[str, Any]:
    """Mitsuba shapes by name, ``geom_<index>``, of every geom that the classic renderer renders."""
    bsdfs: dict[tuple[Any, ...], Any] = {}
    shapes = {}
    for geom in np.flatnonzero(model.geom_group < _VISIBLE_GROUPS).tolist():
        colour = _colour(model, geom)
        if colour[3] == 0.0:
            continue
        appearance = (int(model.geom_matid[geom]), *colour)
        if appearance not in bsdfs:
            bsdfs[appearance] = _bsdf(model, geom)
        shapes[f"geom_{geom}"] = _shape(f"geom_{geom}", _posed(_surface(model, geom), data, geom), bsdfs[appearance])
    return shapes


def sensor_dict(model: mujoco.MjModel, data: mujoco.MjData, camera_id: int, width: int, height: int) -> dict[str, Any]:
    """Mitsuba's camera with pose and intrinsics of MuJoCo's camera, without film and sampler.

    Raises:
        RenderError: If the camera has no sensor size, or pixels that are not square.
    """
    size, sensor = np.array([width, height]), model.cam_sensorsize[camera_id]
    if not np.all(sensor > 0.0):
        raise RenderError("Mitsuba needs a camera that was compiled with a sensor size")
    focal = model.cam_intrinsic[camera_id, :2] / sensor * size  # pixels
    if not np.isclose(focal[0], focal[1], rtol=_SQUARE):
        raise RenderError(
            f"Mitsuba renders square pixels only; the focal lengths are {focal[0]:.2f} and {focal[1]:.2f} px"
        )
    offset = model.cam_intrinsic[camera_id, 2:] / sensor
    pose = np.eye(4)
    pose[:3, :3] = data.cam_xmat[camera_id].reshape(3, 3) * (-1.0, 1.0, -1.0)  # Mitsuba: x left, y up, z forward
    pose[:3, 3] = data.cam_xpos[camera_id]
    return {
        "type": "perspective",
        "fov_axis": "x",
        "fov": float(np.degrees(2.0 * np.arctan(0.5 * width / focal[0]))),
        "principal_point_offset_x": float(offset[0]),
        "principal_point_offset_y": float(offset[1]),
        "near_clip": float(model.vis.map.znear * model.stat.extent),
        "far_clip": float(model.vis.map.zfar * model.stat.extent),
        "to_world": mi.ScalarTransform4f(pose.tolist()),
    }


def rgb_dict(values: NDArray[Any]) -> dict[str, Any]:
    """Mitsuba's record of three linear intensities."""
    return {"type": "rgb", "value": [float(value) for value in values]}


def _shape(name: str, surface: _Surface, bsdf: Any) -> Any:
    count = len(surface.corners)
    properties = mi.Properties()
    properties["bsdf"] = bsdf
    mesh = mi.Mesh(name, 3 * count, count, has_vertex_normals=True, has_vertex_texcoords=True, props=properties)
    parameters = mi.traverse(mesh)
    parameters["faces"] = np.arange(3 * count, dtype=np.uint32)
    parameters["vertex_positions"] = surface.corners.astype(np.float32).ravel()
    parameters["vertex_normals"] = surface.normals.astype(np.float32).ravel()
    parameters["vertex_texcoords"] = surface.uv.astype(np.float32).ravel()
    parameters.update()
    return mesh


def _posed(surface: _Surface, data: mujoco.MjData, geom: int) -> _Surface:
    rotation = data.geom_xmat[geom].reshape(3, 3).T
    corners = surface.corners @ rotation + data.geom_xpos[geom]
    return surface._replace(corners=corners, normals=surface.normals @ rotation)


def _surface(model: mujoco.MjModel, geom: int) -> _Surface:
    kind, size = model.geom_type[geom], model.geom_size[geom]
    if kind == _GEOM.mjGEOM_MESH:
        return _mesh_surface(model, model.geom_dataid[geom])
    solid = _primitive(kind, size)
    corners, normals = solid.vertices[solid.faces], _smooth_normals(solid.vertices, solid.faces)
    uv = _flat_uv(model, geom, corners) if kind == _GEOM.mjGEOM_PLANE else _cube_uv(corners)
    return _Surface(corners, normals, uv)


def _mesh_surface(model: mujoco.MjModel, mesh: int) -> _Surface:
    vertices = model.mesh_vert[model.mesh_vertadr[mesh] :][: model.mesh_vertnum[mesh]].astype(float)
    faces = model.mesh_face[model.mesh_faceadr[mesh] :][: model.mesh_facenum[mesh]]
    corners = vertices[faces]
    if model.mesh_texcoordnum[mesh]:
        indices = model.mesh_facetexcoord[model.mesh_faceadr[mesh] :][: model.mesh_facenum[mesh]]
        uv = model.mesh_texcoord[model.mesh_texcoordadr[mesh] + indices]
    else:
        uv = _cube_uv(corners)
    return _Surface(corners, _smooth_normals(vertices, faces), uv)


def _smooth_normals(vertices: NDArray[np.float64], faces: NDArray[np.integer]) -> NDArray[np.float64]:
    """``(F, 3, 3)`` normals at the corners of triangles, smoothed except across creases.

    MuJoCo's vertex normals are averaged across the creases of decimated covers, which causes dark artefacts there.
    """
    a, b, c = np.moveaxis(vertices[faces], 1, 0)
    areas = np.cross(b - a, c - a)
    flat = areas / np.maximum(np.linalg.norm(areas, axis=1, keepdims=True), 1e-20)
    incidence = coo_array((np.ones(faces.size), (np.arange(faces.size), faces.ravel())))
    corner, other = (incidence @ incidence.T).nonzero()  # corners at the same vertex, three to a triangle
    alike = np.einsum("ij,ij->i", flat[corner // 3], flat[other // 3]) > np.cos(_CREASE)
    normals = np.repeat(1e-12 * flat, 3, axis=0)
    np.add.at(normals, corner[alike], areas[other[alike] // 3])
    return (normals / np.maximum(np.linalg.norm(normals, axis=1, keepdims=True), 1e-20)).reshape(-1, 3, 3)


def _primitive(kind: int, size: NDArray[np.float64]) -> trimesh.Trimesh:
    if kind == _GEOM.mjGEOM_PLANE:
        square = np.array([(-1, -1, 0), (1, -1, 0), (1, 1, 0), (-1, 1, 0)]) * (size[0], size[1], 0.0)
        return trimesh.Trimesh(square, [(0, 1, 2), (0, 2, 3)])
    if kind == _GEOM.mjGEOM_BOX:
        return trimesh.creation.box(extents=2.0 * size)
    if kind == _GEOM.mjGEOM_CYLINDER:
        return trimesh.creation.cylinder(size[0], 2.0 * size[1], sections=64)
    if kind == _GEOM.mjGEOM_CAPSULE:
        return trimesh.creation.capsule(2.0 * size[1], size[0], count=[64, 32])
    ball = trimesh.creation.icosphere(4)
    return ball.apply_transform(np.diag([*(size if kind == _GEOM.mjGEOM_ELLIPSOID else size[[0, 0, 0]]), 1.0]))


def _flat_uv(model: mujoco.MjModel, geom: int, corners: NDArray[np.float64]) -> NDArray[np.float64]:
    """Repeats per metre for a material with ``texuniform``, else per side of the plane."""
    material = model.geom_matid[geom]
    if material < 0:
        return corners[..., :2]
    side = 1.0 if model.mat_texuniform[material] else 2.0 * model.geom_size[geom, :2]
    return np.asarray(corners[..., :2] / side * model.mat_texrepeat[material])


def _cube_uv(corners: NDArray[np.float64]) -> NDArray[np.float64]:
    """Texture coordinates on the side of the bounding cube that each triangle faces, as MuJoCo maps cube textures."""
    corners = corners / np.maximum(np.abs(corners).max(axis=(0, 1)), 1e-9)
    side = np.argmax(np.abs(corners.mean(axis=1)), axis=1)
    across = np.stack([(side + 1) % 3, (side + 2) % 3], axis=1)
    depth = np.maximum(np.abs(np.take_along_axis(corners, side[:, None, None], axis=2)), 1e-9)
    return np.asarray(0.5 + 0.5 * np.take_along_axis(corners, across[:, None, :], axis=2) / depth)


def _colour(model: mujoco.MjModel, geom: int) -> NDArray[np.float32]:
    rgba, material = model.geom_rgba[geom], model.geom_matid[geom]
    return model.mat_rgba[material] if material >= 0 and np.all(rgba == _UNSET) else rgba


def _bsdf(model: mujoco.MjModel, geom: int) -> Any:
    """Plastic, or metal where a shiny material is neutral grey; two-sided, as covers are open shells."""
    material = model.geom_matid[geom]
    rgb = _colour(model, geom)[:3]
    specular, shininess = (model.mat_specular[material], model.mat_shininess[material]) if material >= 0 else (0.5, 0.5)
    metal = specular > 0.3 and np.ptp(rgb) < 0.05 and 0.4 < rgb.mean() < 0.8
    bsdf = {
        "type": "principled",
        "base_color": _base_colour(model, material, rgb),
        "roughness": 0.35 if metal else float((1.0 - shininess) ** 1.5),
        "metallic": 0.9 if metal else 0.0,
        "specular": 0.5 if specular > 0.3 else 0.3,
        "main_specular_sampling_rate": 0.4,  # most light is diffuse: less noise
    }
    return mi.load_dict({"type": "twosided", "bsdf": bsdf})


def _base_colour(model: mujoco.MjModel, material: int, rgb: NDArray[np.float32]) -> dict[str, Any]:
    texture = model.mat_texid[material, mujoco.mjtTextureRole.mjTEXROLE_RGB] if material >= 0 else -1
    if texture < 0:
        return rgb_dict(_ALBEDO * _linear(rgb))
    width, height, channels = model.tex_width[texture], model.tex_height[texture], model.tex_nchannel[texture]
    if model.tex_type[texture] != mujoco.mjtTexture.mjTEXTURE_2D:
        height = width  # the first of the six sides, which are equal
    pixels = model.tex_data[model.tex_adr[texture] :][: height * width * channels].reshape(height, width, channels)
    image = _ALBEDO * _linear(pixels[..., :3] / 255.0 * rgb)
    return {"type": "bitmap", "raw": True, "bitmap": mi.Bitmap(image.astype(np.float32))}


def _linear(srgb: NDArray[Any]) -> NDArray[np.float64]:
    return np.where(srgb <= 0.04045, srgb / 12.92, ((np.maximum(srgb, 0.04045) + 0.055) / 1.055) ** 2.4)
