"""Solids and pieces of furniture, which are rendered and never collide."""

from __future__ import annotations

import mujoco
import numpy as np
from scipy.spatial.transform import Rotation

__all__ = ["BLACK", "DARK", "GREY", "STEEL", "WHITE", "Colour", "Furniture", "Point"]

Colour = tuple[float, float, float]
"""Red, green, blue in [0, 1]."""
Point = tuple[float, float, float]
"""World coordinates, metres; or a rotation vector, rad."""

_SHAPES = {
    "box": mujoco.mjtGeom.mjGEOM_BOX,
    "cylinder": mujoco.mjtGeom.mjGEOM_CYLINDER,
    "capsule": mujoco.mjtGeom.mjGEOM_CAPSULE,
    "ellipsoid": mujoco.mjtGeom.mjGEOM_ELLIPSOID,
}
_FINISHES = {"matt": (0.85, 0.0, 0.05), "gloss": (0.25, 0.0, 0.4), "steel": (0.35, 1.0, 0.5)}
WHITE, GREY, DARK, BLACK = (0.86, 0.86, 0.84), (0.55, 0.56, 0.58), (0.24, 0.25, 0.27), (0.06, 0.06, 0.07)
STEEL = (0.7, 0.71, 0.73)


class Furniture:
    """Adds solids to a specification; they are rendered and never collide."""

    def __init__(self, spec: mujoco.MjSpec) -> None:
        """Add the finishes' materials to a specification."""
        self._spec = spec
        self._count = 0
        for name, (roughness, metallic, specular) in _FINISHES.items():
            spec.add_material(
                name=name, roughness=roughness, metallic=metallic, specular=specular, shininess=1.0 - roughness
            )

    def add(
        self, shape: str, size: Point, at: Point, colour: Colour, finish: str = "matt", turn: Point = (0.0, 0.0, 0.0)
    ) -> None:
        """Add a solid of half sizes ``size`` (m) at a position (m), rotated by a rotation vector (rad)."""
        self._spec.worldbody.add_geom(
            name=f"furniture_{self._count}", type=_SHAPES[shape], size=np.array(size), pos=np.array(at),
            quat=Rotation.from_rotvec(turn).as_quat(scalar_first=True), rgba=(*colour, 1.0), material=finish,
            contype=0, conaffinity=0,
        )  # fmt: skip
        self._count += 1

    def bar(self, start: Point, end: Point, radius: float, colour: Colour, finish: str = "matt") -> None:
        """Add a capsule between two points."""
        self._spec.worldbody.add_geom(
            name=f"furniture_{self._count}", type=_SHAPES["capsule"], size=np.array([radius, 0.0, 0.0]),
            fromto=np.array([*start, *end]), rgba=(*colour, 1.0), material=finish, contype=0, conaffinity=0,
        )  # fmt: skip
        self._count += 1

    def desk(self, x: float, y: float, half: tuple[float, float], height: float, top: Colour, finish: str) -> None:
        """Add a desk on four legs."""
        self.add("box", (*half, 0.02), (x, y, height), top, finish)
        for sx in (-1, 1):
            for sy in (-1, 1):
                leg = (x + sx * (half[0] - 0.04), y + sy * (half[1] - 0.04))
                self.add("box", (0.02, 0.02, 0.5 * height - 0.01), (*leg, 0.5 * height), DARK)

    def shelf(self, x: float, y: float, half: tuple[float, float], boards: int, colours: list[Colour]) -> None:
        """Add an open shelf with four objects on every board."""
        for sx in (-1, 1):
            for sy in (-1, 1):
                post = (x + sx * half[0], y + sy * half[1])
                self.bar((*post, 0.02), (*post, 0.45 * boards), 0.018, STEEL, "steel")
        along = half[1] >= half[0]
        for i in range(boards):
            z = 0.12 + 0.43 * i
            self.add("box", (*half, 0.012), (x, y, z), STEEL, "steel")
            for k in range(4):
                colour = colours[(3 * i + k) % len(colours)]
                offset = (k - 1.5) * 0.5 * max(half) + 0.03 * ((i + k) % 3)
                size = 0.08 + 0.03 * ((2 * i + k) % 4)
                place = (x, y + offset, z + 0.012 + size) if along else (x + offset, y, z + 0.012 + size)
                shape = "box" if (i + k) % 3 else "cylinder"
                dims = (0.8 * size, 0.9 * size, size) if shape == "box" else (0.7 * size, size, 0.0)
                self.add(shape, dims, place, colour, "gloss" if (i + 2 * k) % 3 == 0 else "matt", (0, 0, 0.2 * k))

    def screen(self, x: float, y: float, height: float, yaw: float, lit: Colour) -> None:
        """Add a computer screen whose foot stands on a desk of this height (m)."""
        turn, ahead = (0.0, 0.0, yaw), np.array([np.cos(yaw), np.sin(yaw)])
        self.add("cylinder", (0.1, 0.008, 0.0), (x, y, height + 0.03), BLACK)
        self.bar((x, y, height + 0.03), (x, y, height + 0.25), 0.015, BLACK)
        self.add("box", (0.015, 0.28, 0.17), (x, y, height + 0.33), BLACK, "gloss", turn)
        front = (x + 0.016 * ahead[0], y + 0.016 * ahead[1], height + 0.33)
        self.add("box", (0.002, 0.26, 0.15), front, lit, "gloss", turn)

    def chair(self, x: float, y: float, yaw: float, colour: Colour) -> None:
        """Add an office chair."""
        back = (x - 0.2 * float(np.cos(yaw)), y - 0.2 * float(np.sin(yaw)))
        self.add("box", (0.22, 0.22, 0.04), (x, y, 0.48), colour, turn=(0.0, 0.0, yaw))
        self.add("box", (0.03, 0.2, 0.25), (*back, 0.82), colour, turn=(0.0, 0.0, yaw))
        self.bar((x, y, 0.1), (x, y, 0.45), 0.025, BLACK, "gloss")
        for angle in np.arange(5) * 2 * np.pi / 5 + yaw:
            foot = (x + 0.27 * float(np.cos(angle)), y + 0.27 * float(np.sin(angle)), 0.05)
            self.bar((x, y, 0.1), foot, 0.018, BLACK)
