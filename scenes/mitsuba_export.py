"""A MuJoCo world at one instant in Mitsuba's terms: shapes, materials, lights and the camera."""

from __future__ import annotations

from typing import Any, NamedTuple

import mitsuba as mi
import mujoco
import numpy as np
import trimesh
from numpy.typing import NDArray

__all__ = ["lights_dict", "pinhole", "sensor_dict", "shapes_dict"]

_GEOM = mujoco.mjtGeom
_VISIBLE_GROUPS = 3  # the same that the classic renderer draws
_UNSET = (0.5, 0.5, 0.5, 1.0)  # MuJoCo's geom colour that means "as the material"
_ALBEDO = 0.85  # of what is pure white: nothing real reflects more
_CREASE = np.radians(40.0)
_LAMP_SLOPE = 0.14  # radius of a lamp as a share of its distance: shadows with soft edges
_LAMP_GAP = 0.15  # metres between a lamp and the wall behind it
_SKYLIGHT = 1.5  # the walls hide half of the sky that ambient light comes from


class _Surface(NamedTuple):
    """Triangles that share no corners, in the geom's frame: positions, normals, texture coordinates."""

    corners: NDArray[np.float64]
    normals: NDArray[np.float64]
    uv: NDArray[np.float64]


def shapes_dict(model: mujoco.MjModel, data: mujoco.MjData, camera_id: int) -> dict[str, Any]:
    """Mitsuba shapes by name, ``geom_<index>``, of every geom that the camera can see.

    Planes have one side, as in MuJoCo: those that turn their back to the camera are left out.
    """
    eye = data.cam_xpos[camera_id]
    bsdfs: dict[tuple[Any, ...], Any] = {}
    shapes = {}
    for geom in np.flatnonzero(model.geom_group < _VISIBLE_GROUPS):
        plane = model.geom_type[geom] == _GEOM.mjGEOM_PLANE
        if _colour(model, geom)[3] == 0.0 or (plane and _towards(data, geom, eye) <= 0.0):
            continue
        look = (int(model.geom_matid[geom]), *_colour(model, geom))
        bsdf = bsdfs.setdefault(look, None) or _bsdf(model, geom)
        bsdfs[look] = bsdf
        shapes[f"geom_{geom}"] = _shape(f"geom_{geom}", _posed(_surface(model, geom), data, geom), bsdf)
    return shapes


def lights_dict(model: mujoco.MjModel, data: mujoco.MjData) -> dict[str, Any]:
    """Mitsuba emitters: a round lamp for each of the model's lights, and an even sky for the ambient part.

    A lamp stands in its light's direction from the middle of the scene, inside the walls (which would shade it), with
    the angular size and the irradiance of all others, so that its distance only matters to reflections.
    """
    headlight = model.vis.headlight
    sky = _SKYLIGHT * (np.asarray(headlight.ambient) + 0.5 * np.asarray(headlight.diffuse))
    lights: dict[str, Any] = {"sky": {"type": "constant", "radiance": _rgb(sky)}}
    centre = np.asarray(model.stat.center)
    for light in np.flatnonzero(model.light_active):
        offset = -data.light_xdir[light] * np.linalg.norm(data.light_xpos[light] - centre)
        place = centre + _unobstructed(model, data, centre, offset) * offset
        radius = _LAMP_SLOPE * float(np.linalg.norm(place - centre))
        to_world = mi.ScalarTransform4f().look_at(origin=place, target=centre, up=_any_across(offset)).scale(radius)
        # a disk of this slope lights a surface that faces it with pi * slope² * radiance, MuJoCo's lamp with pi * diffuse
        radiance = model.light_diffuse[light] / _LAMP_SLOPE**2
        lights[f"light_{light}"] = {
            "type": "disk",
            "to_world": to_world,
            "emitter": {"type": "area", "radiance": _rgb(radiance)},
        }
    return lights


def pinhole(model: mujoco.MjModel, camera_id: int, width: int, height: int) -> tuple[float, float, float, float]:
    """``fx, fy, cx, cy`` in pixels of a MuJoCo camera that has a sensor size, for a picture of a size."""
    focal_x, focal_y, shift_x, shift_y = model.cam_intrinsic[camera_id]
    sensor_x, sensor_y = model.cam_sensorsize[camera_id]
    return (
        float(focal_x / sensor_x * width),
        float(focal_y / sensor_y * height),
        float((0.5 - shift_x / sensor_x) * width),
        float((0.5 - shift_y / sensor_y) * height),
    )


def sensor_dict(model: mujoco.MjModel, data: mujoco.MjData, camera_id: int, width: int, height: int) -> dict[str, Any]:
    """Mitsuba's camera with the pose and the intrinsics of MuJoCo's, without film and sampler (square pixels)."""
    fx, _, cx, cy = pinhole(model, camera_id, width, height)
    pose = np.eye(4)
    pose[:3, :3] = data.cam_xmat[camera_id].reshape(3, 3) * (-1.0, 1.0, -1.0)  # Mitsuba: x left, y up, z forward
    pose[:3, 3] = data.cam_xpos[camera_id]
    return {
        "type": "perspective",
        "fov_axis": "x",
        "fov": float(np.degrees(2.0 * np.arctan(0.5 * width / fx))),
        "principal_point_offset_x": 0.5 - cx / width,
        "principal_point_offset_y": 0.5 - cy / height,
        "near_clip": float(model.vis.map.znear * model.stat.extent),
        "far_clip": float(model.vis.map.zfar * model.stat.extent),
        "to_world": mi.ScalarTransform4f(pose),
    }


def _towards(data: mujoco.MjData, geom: int, point: NDArray[np.float64]) -> float:
    """Distance of a point in front of a plane, metres."""
    return float((point - data.geom_xpos[geom]) @ data.geom_xmat[geom].reshape(3, 3)[:, 2])


def _unobstructed(
    model: mujoco.MjModel, data: mujoco.MjData, start: NDArray[np.float64], offset: NDArray[np.float64]
) -> float:
    """Share of the way from a point along an offset until short of the first plane that faces the point."""
    share = 1.0
    for geom in np.flatnonzero(model.geom_type == _GEOM.mjGEOM_PLANE):
        before, after = _towards(data, geom, start), _towards(data, geom, start + offset)
        if before > 0.0 > after:
            hit = start + before / (before - after) * offset
            local = (hit - data.geom_xpos[geom]) @ data.geom_xmat[geom].reshape(3, 3)
            if np.all(np.abs(local[:2]) <= model.geom_size[geom, :2]):
                share = min(share, (before - _LAMP_GAP) / (before - after))
    return share


def _any_across(direction: NDArray[np.float64]) -> NDArray[np.float64]:
    return np.cross(direction, np.eye(3)[np.argmin(np.abs(direction))])


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
    turn = data.geom_xmat[geom].reshape(3, 3).T
    return surface._replace(corners=surface.corners @ turn + data.geom_xpos[geom], normals=surface.normals @ turn)


def _surface(model: mujoco.MjModel, geom: int) -> _Surface:
    size = model.geom_size[geom]
    if model.geom_type[geom] == _GEOM.mjGEOM_MESH:
        mesh = model.geom_dataid[geom]
        first, count = model.mesh_faceadr[mesh], model.mesh_facenum[mesh]
        corners = model.mesh_vert[model.mesh_vertadr[mesh] + model.mesh_face[first : first + count]]
        normals = model.mesh_normal[model.mesh_normaladr[mesh] + model.mesh_facenormal[first : first + count]]
    else:
        solid = trimesh.graph.smooth_shade(_primitive(model.geom_type[geom], size), angle=_CREASE)
        corners, normals = solid.vertices[solid.faces], solid.vertex_normals[solid.faces]
    if model.geom_type[geom] == _GEOM.mjGEOM_PLANE:
        return _Surface(corners, normals, _flat_uv(model, geom, corners))
    return _Surface(corners, normals, _cube_uv(corners / np.abs(corners).max(axis=(0, 1))))


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
    """Each triangle looked up in the side of the cube around it that it faces, as MuJoCo wraps cube textures."""
    side = np.argmax(np.abs(corners.mean(axis=1)), axis=1)
    across = np.stack([(side + 1) % 3, (side + 2) % 3], axis=1)
    depth = np.maximum(np.abs(np.take_along_axis(corners, side[:, None, None], axis=2)), 1e-9)
    return np.asarray(0.5 + 0.5 * np.take_along_axis(corners, across[:, None, :], axis=2) / depth)


def _colour(model: mujoco.MjModel, geom: int) -> NDArray[np.float32]:
    rgba, material = model.geom_rgba[geom], model.geom_matid[geom]
    return model.mat_rgba[material] if material >= 0 and np.all(rgba == np.float32(_UNSET)) else rgba


def _bsdf(model: mujoco.MjModel, geom: int) -> Any:
    """Two-sided, because covers are open shells: paint or plastic, bare metal where a shiny material is neutral grey."""
    material = model.geom_matid[geom]
    rgb = _colour(model, geom)[:3]
    specular, shininess = (model.mat_specular[material], model.mat_shininess[material]) if material >= 0 else (0.5, 0.5)
    metal = specular > 0.3 and np.ptp(rgb) < 0.05 and 0.4 < rgb.mean() < 0.8
    look = {
        "type": "principled",
        "base_color": _base_colour(model, material, rgb),
        "roughness": 0.35 if metal else float((1.0 - shininess) ** 1.5),
        "metallic": 0.9 if metal else 0.0,
        "specular": 0.5 if specular > 0.3 else 0.3,
    }
    return mi.load_dict({"type": "twosided", "look": look})


def _base_colour(model: mujoco.MjModel, material: int, rgb: NDArray[np.float32]) -> dict[str, Any]:
    texture = model.mat_texid[material, mujoco.mjtTextureRole.mjTEXROLE_RGB] if material >= 0 else -1
    if texture < 0:
        return _rgb(_ALBEDO * _linear(rgb))
    start, side = model.tex_adr[texture], model.tex_width[texture]
    pixels = model.tex_data[start : start + 3 * side * side].reshape(side, side, 3) / 255.0
    picture = _ALBEDO * _linear(pixels * rgb)
    return {"type": "bitmap", "raw": True, "bitmap": mi.Bitmap(picture.astype(np.float32))}


def _linear(srgb: NDArray[Any]) -> NDArray[np.float64]:
    return np.where(srgb <= 0.04045, srgb / 12.92, ((np.maximum(srgb, 0.04045) + 0.055) / 1.055) ** 2.4)


def _rgb(values: NDArray[Any]) -> dict[str, Any]:
    return {"type": "rgb", "value": [float(value) for value in values]}
