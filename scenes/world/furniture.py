"""Furnished rooms: a robot laboratory and a workshop, always the same, so that results in them compare."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import mujoco
import numpy as np
from scipy.spatial.transform import Rotation

__all__ = ["PLAIN", "ROOMS", "Room", "furnish"]

Colour = tuple[float, float, float]
Point = tuple[float, float, float]

_SHAPES = {
    "box": mujoco.mjtGeom.mjGEOM_BOX,
    "cylinder": mujoco.mjtGeom.mjGEOM_CYLINDER,
    "capsule": mujoco.mjtGeom.mjGEOM_CAPSULE,
    "ellipsoid": mujoco.mjtGeom.mjGEOM_ELLIPSOID,
}
_FINISHES = {"matt": (0.85, 0.0, 0.05), "gloss": (0.25, 0.0, 0.4), "steel": (0.35, 1.0, 0.5)}
_WHITE, _GREY, _DARK, _BLACK = (0.86, 0.86, 0.84), (0.55, 0.56, 0.58), (0.24, 0.25, 0.27), (0.06, 0.06, 0.07)
_WOOD, _CARDBOARD, _STEEL = (0.6, 0.45, 0.3), (0.66, 0.5, 0.34), (0.7, 0.71, 0.73)


@dataclass(frozen=True)
class Room:
    """How a room's surfaces look, and what stands in it."""

    floor: tuple[Colour, str]
    """Colour and texture."""
    walls: tuple[Colour, str]
    """Colour and texture."""
    table: tuple[Colour, str]
    """Colour and texture."""
    contents: Callable[[_Furniture], None]
    """Puts the furniture in."""
    free: float
    """Half side of the middle of the room, in which cameras may stand, metres."""


class _Furniture:
    """Adds solids that are seen and never touched."""

    def __init__(self, spec: mujoco.MjSpec) -> None:
        self._spec = spec
        self._count = 0
        for name, (roughness, metallic, specular) in _FINISHES.items():
            spec.add_material(
                name=name, roughness=roughness, metallic=metallic, specular=specular, shininess=1.0 - roughness
            )

    def add(
        self, shape: str, size: Point, at: Point, colour: Colour, finish: str = "matt", turn: Point = (0.0, 0.0, 0.0)
    ) -> None:
        """A solid of half sizes ``size`` (m) at a place, turned by a rotation vector (rad)."""
        self._spec.worldbody.add_geom(
            name=f"furniture_{self._count}", type=_SHAPES[shape], size=np.array(size), pos=np.array(at),
            quat=Rotation.from_rotvec(turn).as_quat(scalar_first=True), rgba=(*colour, 1.0), material=finish,
            contype=0, conaffinity=0,
        )  # fmt: skip
        self._count += 1

    def bar(self, start: Point, end: Point, radius: float, colour: Colour, finish: str = "matt") -> None:
        """A round bar between two points."""
        self._spec.worldbody.add_geom(
            name=f"furniture_{self._count}", type=_SHAPES["capsule"], size=np.array([radius, 0.0, 0.0]),
            fromto=np.array([*start, *end]), rgba=(*colour, 1.0), material=finish, contype=0, conaffinity=0,
        )  # fmt: skip
        self._count += 1

    def desk(self, x: float, y: float, half: tuple[float, float], height: float, top: Colour, finish: str) -> None:
        """A desk on four legs."""
        self.add("box", (*half, 0.02), (x, y, height), top, finish)
        for sx in (-1, 1):
            for sy in (-1, 1):
                leg = (x + sx * (half[0] - 0.04), y + sy * (half[1] - 0.04))
                self.add("box", (0.02, 0.02, 0.5 * height - 0.01), (*leg, 0.5 * height), _DARK)

    def shelf(self, x: float, y: float, half: tuple[float, float], boards: int, colours: list[Colour]) -> None:
        """An open shelf with things on every board."""
        for sx in (-1, 1):
            for sy in (-1, 1):
                post = (x + sx * half[0], y + sy * half[1])
                self.bar((*post, 0.02), (*post, 0.45 * boards), 0.018, _STEEL, "steel")
        along = half[1] >= half[0]
        for i in range(boards):
            z = 0.12 + 0.43 * i
            self.add("box", (*half, 0.012), (x, y, z), _STEEL, "steel")
            for k in range(4):
                colour = colours[(3 * i + k) % len(colours)]
                offset = (k - 1.5) * 0.5 * max(half) + 0.03 * ((i + k) % 3)
                size = 0.08 + 0.03 * ((2 * i + k) % 4)
                place = (x, y + offset, z + 0.012 + size) if along else (x + offset, y, z + 0.012 + size)
                shape = "box" if (i + k) % 3 else "cylinder"
                dims = (0.8 * size, 0.9 * size, size) if shape == "box" else (0.7 * size, size, 0.0)
                self.add(shape, dims, place, colour, "gloss" if (i + 2 * k) % 3 == 0 else "matt", (0, 0, 0.2 * k))

    def screen(self, x: float, y: float, height: float, yaw: float, lit: Colour) -> None:
        """A computer screen, its foot on a desk of that height."""
        turn, ahead = (0.0, 0.0, yaw), np.array([np.cos(yaw), np.sin(yaw)])
        self.add("cylinder", (0.1, 0.008, 0.0), (x, y, height + 0.03), _BLACK)
        self.bar((x, y, height + 0.03), (x, y, height + 0.25), 0.015, _BLACK)
        self.add("box", (0.015, 0.28, 0.17), (x, y, height + 0.33), _BLACK, "gloss", turn)
        front = (x + 0.016 * ahead[0], y + 0.016 * ahead[1], height + 0.33)
        self.add("box", (0.002, 0.26, 0.15), front, lit, "gloss", turn)

    def chair(self, x: float, y: float, yaw: float, colour: Colour) -> None:
        """An office chair."""
        back = (x - 0.2 * float(np.cos(yaw)), y - 0.2 * float(np.sin(yaw)))
        self.add("box", (0.22, 0.22, 0.04), (x, y, 0.48), colour, turn=(0.0, 0.0, yaw))
        self.add("box", (0.03, 0.2, 0.25), (*back, 0.82), colour, turn=(0.0, 0.0, yaw))
        self.bar((x, y, 0.1), (x, y, 0.45), 0.025, _BLACK, "gloss")
        for angle in np.arange(5) * 2 * np.pi / 5 + yaw:
            foot = (x + 0.27 * float(np.cos(angle)), y + 0.27 * float(np.sin(angle)), 0.05)
            self.bar((x, y, 0.1), foot, 0.018, _BLACK)


def furnish(spec: mujoco.MjSpec, room: Room) -> None:
    """Put a room's contents into a scene; the robot's base stands over the origin and looks along x."""
    room.contents(_Furniture(spec))


def _nothing(furniture: _Furniture) -> None:
    """An empty room."""


def _lab(f: _Furniture) -> None:
    screens = ((0.1, 0.16, 0.3), (0.75, 0.8, 0.85), (0.12, 0.35, 0.22))
    for i, y in enumerate((-2.2, -0.4, 1.4)):
        f.desk(-3.0, y, (0.38, 0.8), 0.74, _WHITE, "gloss")
        f.screen(-3.1, y - 0.25, 0.74, 0.15, screens[i])
        f.screen(-3.1, y + 0.35, 0.74, -0.2, screens[(i + 1) % 3])
        f.add("box", (0.08, 0.22, 0.012), (-2.8, y, 0.775), _DARK)
        f.chair(-2.35, y + 0.2, 0.6 * i - 2.8, (_DARK, (0.16, 0.25, 0.42), _DARK)[i])
    f.add("box", (0.02, 1.1, 0.6), (-3.45, 0.4, 1.75), (0.93, 0.94, 0.95), "gloss")
    for i, (y, colour) in enumerate(((-0.2, (0.1, 0.2, 0.6)), (0.3, (0.7, 0.12, 0.1)), (0.7, (0.08, 0.08, 0.08)))):
        f.bar((-3.42, y, 1.5 + 0.1 * i), (-3.42, y + 0.5, 1.9 - 0.15 * i), 0.008, colour)
    f.shelf(-1.6, -3.15, (0.55, 0.2), 4, [_CARDBOARD, _WHITE, (0.18, 0.34, 0.6), _GREY, _BLACK])
    f.shelf(0.4, -3.15, (0.55, 0.2), 4, [_GREY, (0.75, 0.7, 0.3), _WHITE, _CARDBOARD])
    for x in (1.5, 2.1):
        f.add("box", (0.28, 0.22, 0.95), (x, -3.2, 0.95), (0.78, 0.79, 0.78), "gloss")
        f.bar((x + 0.2, -2.97, 0.9), (x + 0.2, -2.97, 1.1), 0.012, _STEEL, "steel")
    f.desk(-0.8, 3.05, (1.1, 0.35), 0.9, _WHITE, "gloss")
    f.add("box", (0.2, 0.25, 0.18), (-1.4, 3.05, 1.1), _WHITE, "gloss")
    f.add("cylinder", (0.09, 0.16, 0.0), (-0.7, 3.0, 1.08), _STEEL, "steel")
    f.add("box", (0.25, 0.18, 0.12), (-0.1, 3.05, 1.04), _CARDBOARD)
    f.add("box", (0.45, 0.02, 1.0), (1.6, 3.47, 1.0), (0.5, 0.36, 0.24))
    for y in (-1.35, 1.35):  # a frame of aluminium profiles behind the robot
        f.add("box", (0.03, 0.03, 1.0), (-1.2, y, 1.0), _STEEL, "steel")
    f.add("box", (0.03, 1.38, 0.03), (-1.2, 0.0, 2.0), _STEEL, "steel")
    f.add("box", (0.25, 0.3, 0.35), (-1.0, 1.75, 0.35), (0.2, 0.2, 0.22), "gloss")
    f.bar((-1.15, 0.6, 1.98), (-1.05, 0.75, 0.6), 0.012, _BLACK)
    f.bar((-1.05, 0.75, 0.6), (-0.6, 0.5, 0.1), 0.012, _BLACK)
    f.add("cylinder", (0.16, 0.22, 0.0), (-1.7, -1.7, 0.22), _GREY)
    _white_arm(f, (-1.9, 2.3, 0.0))


def _white_arm(f: _Furniture, at: Point) -> None:
    """Another arm at rest: what is most easily taken for the robot."""
    x, y, z = at
    f.add("cylinder", (0.12, 0.4, 0.0), (x, y, z + 0.4), _GREY)
    f.bar((x, y, z + 0.85), (x, y, z + 1.15), 0.075, _WHITE, "gloss")
    f.bar((x, y, z + 1.15), (x + 0.3, y - 0.12, z + 1.35), 0.065, _WHITE, "gloss")
    f.bar((x + 0.3, y - 0.12, z + 1.35), (x + 0.42, y - 0.2, z + 1.05), 0.055, _WHITE, "gloss")
    f.add("ellipsoid", (0.08, 0.08, 0.08), (x + 0.3, y - 0.12, z + 1.35), _BLACK, "gloss")


def _workshop(f: _Furniture) -> None:
    f.desk(-3.0, -0.9, (0.4, 1.5), 0.92, _WOOD, "matt")
    f.add("box", (0.12, 0.1, 0.1), (-2.75, -1.6, 1.04), (0.1, 0.22, 0.5), "gloss")
    f.bar((-2.6, -1.6, 1.04), (-2.45, -1.6, 1.04), 0.02, _STEEL, "steel")
    f.add("box", (0.3, 0.18, 0.14), (-3.0, -0.3, 1.08), (0.62, 0.08, 0.07), "gloss")
    f.add("box", (0.02, 1.4, 0.5), (-3.45, -0.9, 1.7), (0.5, 0.4, 0.27))
    handles = ((0.7, 0.1, 0.08), (0.85, 0.6, 0.1), (0.1, 0.1, 0.1), (0.1, 0.3, 0.6))
    for i in range(9):
        y = -2.1 + 0.29 * i
        f.bar((-3.4, y, 1.62 + 0.05 * (i % 3)), (-3.4, y + 0.03, 2.0), 0.014, _STEEL, "steel")
        f.bar((-3.4, y, 1.42), (-3.4, y, 1.6), 0.022, handles[i % 4])
    for x, y, colour in ((-2.9, 1.5, (0.1, 0.25, 0.5)), (-2.9, 2.2, (0.1, 0.25, 0.5)), (-2.3, 2.6, (0.6, 0.35, 0.05))):
        f.add("cylinder", (0.29, 0.44, 0.0), (x, y, 0.44), colour, "gloss")
        for z in (0.3, 0.6):
            f.add("cylinder", (0.3, 0.012, 0.0), (x, y, z), colour, "gloss")
    f.shelf(0.1, -3.15, (0.9, 0.22), 4, [(0.6, 0.5, 0.1), _CARDBOARD, (0.5, 0.1, 0.08), _DARK, (0.15, 0.35, 0.2)])
    f.add("box", (0.35, 0.25, 0.45), (1.9, -3.0, 0.5), (0.6, 0.05, 0.05), "gloss")
    for i in range(5):
        f.bar((1.6, -2.74, 0.2 + 0.15 * i), (2.2, -2.74, 0.2 + 0.15 * i), 0.01, _STEEL, "steel")
    for i in range(7):  # a stack of planks
        f.add("box", (1.2, 0.12, 0.025), (-0.6 + 0.05 * (i % 3), 3.1, 0.1 + 0.055 * i), _WOOD, turn=(0, 0, 0.03 * i))
    for i, x in enumerate((1.0, 1.3, 1.6)):  # gas bottles
        colour = ((0.25, 0.3, 0.28), (0.5, 0.05, 0.05), (0.2, 0.25, 0.5))[i]
        f.bar((x, 3.2, 0.12), (x, 3.2, 1.25), 0.11, colour, "gloss")
        f.bar((x, 3.2, 1.3), (x, 3.2, 1.48), 0.03, (0.7, 0.6, 0.3), "steel")
    for z, radius in ((2.3, 0.05), (2.45, 0.03)):  # pipes along two walls
        f.bar((-3.38, -3.4, z), (-3.38, 3.4, z), radius, _GREY, "steel")
        f.bar((-3.4, 3.38, z), (3.4, 3.38, z), radius, _GREY, "steel")
    for y in (-1.5, 1.5):  # posts in warning colours
        for k in range(6):
            colour = (0.85, 0.65, 0.05) if k % 2 else _BLACK
            f.add("cylinder", (0.045, 0.09, 0.0), (-1.35, y, 0.09 + 0.18 * k), colour)
    f.add("box", (0.2, 0.2, 0.25), (-1.5, 0.9, 0.25), _WOOD, turn=(0.0, 0.0, 0.4))
    f.add("box", (0.22, 0.3, 0.16), (-1.6, -0.8, 0.16), (0.1, 0.3, 0.15), "gloss", (0.0, 0.0, -0.3))
    f.bar((-1.9, 0.2, 0.05), (-1.6, 0.1, 1.3), 0.02, (0.75, 0.6, 0.4))
    f.bar((-2.1, 2.0, 0.02), (-1.2, 2.2, 0.02), 0.012, (0.8, 0.35, 0.05))


PLAIN = Room(
    floor=((0.62, 0.6, 0.58), "concrete"),
    walls=((0.83, 0.84, 0.85), "plain"),
    table=((0.72, 0.66, 0.58), "planks"),
    contents=_nothing,
    free=3.4,
)
"""The room that randomisation paints."""

ROOMS = {
    "plain": PLAIN,
    "lab": Room(
        floor=((0.6, 0.63, 0.66), "speckle"),
        walls=((0.86, 0.86, 0.83), "plain"),
        table=((0.8, 0.81, 0.82), "plain"),
        contents=_lab,
        free=2.6,
    ),
    "workshop": Room(
        floor=((0.45, 0.44, 0.42), "concrete"),
        walls=((0.62, 0.42, 0.34), "brick"),
        table=((0.5, 0.52, 0.54), "marble"),
        contents=_workshop,
        free=2.6,
    ),
}
"""Rooms by name."""
