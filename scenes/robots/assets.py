"""Conversion of robot assets: URDF and meshes to a cached URDF with decimated, coloured STL meshes."""

from __future__ import annotations

import hashlib
import os
import shutil
import tempfile
import xml.etree.ElementTree as ET
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import platformdirs
import trimesh

from ctr_env.errors import MissingFileError

from .description import RobotDescription
from .meshes import decimate, load_coloured_meshes
from .urdf import load_urdf, resolve_mesh

__all__ = ["cache_folder", "prepared_urdf"]

_FORMAT = "1"  # part of the cache key: increase it when the conversion changes
_DEFAULT_RGBA = (0.6, 0.6, 0.6, 1.0)


@dataclass
class _Part:
    """One colour of one URDF visual."""

    link: str
    origin: ET.Element | None
    scale: str
    mesh: trimesh.Trimesh
    rgba: tuple[float, ...]


def cache_folder() -> Path:
    """Folder of converted assets: ``$CTR_ENV_CACHE``, else the platform's cache folder for ``ctr_env``."""
    return Path(os.environ.get("CTR_ENV_CACHE") or platformdirs.user_cache_dir("ctr_env"))


def prepared_urdf(robot: RobotDescription) -> Path:
    """URDF of the robot with decimated meshes that MuJoCo reads, converted on first use.

    The folder is keyed by the URDF's and the meshes' content, the face budget and this module's version; it is written
    to a temporary folder and renamed, so that concurrent conversions are safe.

    Returns:
        Path of ``robot.urdf`` in the cache; its meshes (binary STL) lie beside it.

    Raises:
        MissingFileError: If the URDF or one of its meshes does not exist.
        DataError: If the URDF lacks what the description names.
    """
    root = load_urdf(robot)
    folder = cache_folder() / "robots" / f"{robot.name}-{_key(robot, root)}"
    if not (folder / "robot.urdf").is_file():
        folder.parent.mkdir(parents=True, exist_ok=True)
        scratch = Path(tempfile.mkdtemp(prefix=f"{robot.name}-", dir=folder.parent))
        try:
            _convert(robot, root, scratch)
            _publish(scratch, folder)
        finally:
            shutil.rmtree(scratch, ignore_errors=True)
    return folder / "robot.urdf"


def _key(robot: RobotDescription, root: ET.Element) -> str:
    digest = hashlib.blake2b(digest_size=8)
    digest.update(repr((_FORMAT, robot.face_budget, robot.hidden_links)).encode())
    digest.update(ET.tostring(root))
    for path in sorted({resolve_mesh(mesh.get("filename", ""), robot.urdf_path) for mesh in root.iter("mesh")}):
        if not path.is_file():
            raise MissingFileError(f"robot {robot.name!r}: mesh file not found: {path}")
        digest.update(path.read_bytes())
    return digest.hexdigest()


def _publish(scratch: Path, folder: Path) -> None:
    try:
        scratch.rename(folder)
    except OSError:
        if not (folder / "robot.urdf").is_file():  # no other process has published the same conversion
            raise


def _convert(robot: RobotDescription, root: ET.Element, folder: Path) -> None:
    parts = list(_visual_parts(robot, root))
    light = decimate([part.mesh for part in parts], robot.face_budget)
    for link in root.iter("link"):
        for visual in link.findall("visual"):
            if visual.find("geometry/mesh") is not None or link.get("name") in robot.hidden_links:
                link.remove(visual)
    links = {link.get("name"): link for link in root.iter("link")}
    for number, (part, mesh) in enumerate(zip(parts, light, strict=True)):
        path = folder / f"visual_{number:03d}.stl"
        path.write_bytes(trimesh.exchange.stl.export_stl(mesh))
        _add_visual(links[part.link], part, path.name, number)
    for number, mesh_tag in enumerate(root.findall("link/collision/geometry/mesh")):
        source = resolve_mesh(mesh_tag.get("filename", ""), robot.urdf_path)
        path = folder / f"collision_{number:03d}.stl"
        whole: Any = trimesh.util.concatenate([coloured.mesh for coloured in load_coloured_meshes(source)])
        path.write_bytes(trimesh.exchange.stl.export_stl(whole.convex_hull))
        mesh_tag.set("filename", path.name)
    ET.ElementTree(root).write(folder / "robot.urdf")


def _visual_parts(robot: RobotDescription, root: ET.Element) -> Iterator[_Part]:
    palette = _palette(root)
    for link in root.iter("link"):
        name = link.get("name", "")
        if name in robot.hidden_links:
            continue
        for visual in link.findall("visual"):
            tag = visual.find("geometry/mesh")
            if tag is None:
                continue
            fallback = _material(visual, palette)
            for coloured in load_coloured_meshes(resolve_mesh(tag.get("filename", ""), robot.urdf_path)):
                rgba = coloured.rgba or fallback
                yield _Part(name, visual.find("origin"), tag.get("scale", "1 1 1"), coloured.mesh, rgba)


def _palette(root: ET.Element) -> dict[str, tuple[float, ...]]:
    """Colours that a URDF defines by name."""
    colours = {}
    for material in root.iter("material"):
        colour = material.find("color")
        if colour is not None:
            colours[material.get("name", "")] = tuple(float(x) for x in colour.get("rgba", "").split())
    return colours


def _material(visual: ET.Element, palette: dict[str, tuple[float, ...]]) -> tuple[float, ...]:
    material = visual.find("material")
    return _DEFAULT_RGBA if material is None else palette.get(material.get("name", ""), _DEFAULT_RGBA)


def _add_visual(link: ET.Element, part: _Part, filename: str, number: int) -> None:
    visual = ET.SubElement(link, "visual")
    if part.origin is not None:
        visual.append(part.origin)
    geometry = ET.SubElement(visual, "geometry")
    ET.SubElement(geometry, "mesh", filename=filename, scale=part.scale)
    material = ET.SubElement(visual, "material", name=f"part_{number:03d}")
    ET.SubElement(material, "color", rgba=" ".join(f"{channel:.4g}" for channel in part.rgba))
