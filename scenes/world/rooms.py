"""The rooms: an empty one, and two scene presets, a robot laboratory and a workshop.

The presets are always the same, so that results in them are comparable.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from .furniture import BLACK, DARK, GREY, STEEL, WHITE, Colour, Furniture, Point

__all__ = ["ROOMS", "Room"]

_WOOD, _CARDBOARD = (0.6, 0.45, 0.3), (0.66, 0.5, 0.34)


@dataclass(frozen=True)
class Room:
    """Surfaces and furniture of a room; the robot's base is over the origin and faces along x."""

    floor: tuple[Colour, str]
    """Colour and texture."""
    walls: tuple[Colour, str]
    """Colour and texture."""
    table: tuple[Colour, str]
    """Colour and texture."""
    add_contents: Callable[[Furniture], None]
    """Adds the furniture."""
    free: float
    """Half side of the square around the origin in which cameras may be placed, metres."""


def _plain(furniture: Furniture) -> None:
    """No furniture."""


def _lab(f: Furniture) -> None:
    """Desks with screens, shelves, cabinets, a profile frame, and a second arm."""
    screens = ((0.1, 0.16, 0.3), (0.75, 0.8, 0.85), (0.12, 0.35, 0.22))
    for i, y in enumerate((-2.2, -0.4, 1.4)):
        f.desk(-3.0, y, (0.38, 0.8), 0.74, WHITE, "gloss")
        f.screen(-3.1, y - 0.25, 0.74, 0.15, screens[i])
        f.screen(-3.1, y + 0.35, 0.74, -0.2, screens[(i + 1) % 3])
        f.add("box", (0.08, 0.22, 0.012), (-2.8, y, 0.775), DARK)
        f.chair(-2.35, y + 0.2, 0.6 * i - 2.8, (DARK, (0.16, 0.25, 0.42), DARK)[i])
    f.add("box", (0.02, 1.1, 0.6), (-3.45, 0.4, 1.75), (0.93, 0.94, 0.95), "gloss")
    for i, (y, colour) in enumerate(((-0.2, (0.1, 0.2, 0.6)), (0.3, (0.7, 0.12, 0.1)), (0.7, (0.08, 0.08, 0.08)))):
        f.bar((-3.42, y, 1.5 + 0.1 * i), (-3.42, y + 0.5, 1.9 - 0.15 * i), 0.008, colour)
    f.shelf(-1.6, -3.15, (0.55, 0.2), 4, [_CARDBOARD, WHITE, (0.18, 0.34, 0.6), GREY, BLACK])
    f.shelf(0.4, -3.15, (0.55, 0.2), 4, [GREY, (0.75, 0.7, 0.3), WHITE, _CARDBOARD])
    for x in (1.5, 2.1):
        f.add("box", (0.28, 0.22, 0.95), (x, -3.2, 0.95), (0.78, 0.79, 0.78), "gloss")
        f.bar((x + 0.2, -2.97, 0.9), (x + 0.2, -2.97, 1.1), 0.012, STEEL, "steel")
    f.desk(-0.8, 3.05, (1.1, 0.35), 0.9, WHITE, "gloss")
    f.add("box", (0.2, 0.25, 0.18), (-1.4, 3.05, 1.1), WHITE, "gloss")
    f.add("cylinder", (0.09, 0.16, 0.0), (-0.7, 3.0, 1.08), STEEL, "steel")
    f.add("box", (0.25, 0.18, 0.12), (-0.1, 3.05, 1.04), _CARDBOARD)
    f.add("box", (0.45, 0.02, 1.0), (1.6, 3.47, 1.0), (0.5, 0.36, 0.24))
    for y in (-1.35, 1.35):  # a frame of aluminium profiles behind the robot
        f.add("box", (0.03, 0.03, 1.0), (-1.2, y, 1.0), STEEL, "steel")
    f.add("box", (0.03, 1.38, 0.03), (-1.2, 0.0, 2.0), STEEL, "steel")
    f.add("box", (0.25, 0.3, 0.35), (-1.0, 1.75, 0.35), (0.2, 0.2, 0.22), "gloss")
    f.bar((-1.15, 0.6, 1.98), (-1.05, 0.75, 0.6), 0.012, BLACK)
    f.bar((-1.05, 0.75, 0.6), (-0.6, 0.5, 0.1), 0.012, BLACK)
    f.add("cylinder", (0.16, 0.22, 0.0), (-1.7, -1.7, 0.22), GREY)
    _white_arm(f, (-1.9, 2.3, 0.0))


def _white_arm(f: Furniture, at: Point) -> None:
    """Add another arm: the distractor most similar to the robot."""
    x, y, z = at
    f.add("cylinder", (0.12, 0.4, 0.0), (x, y, z + 0.4), GREY)
    f.bar((x, y, z + 0.85), (x, y, z + 1.15), 0.075, WHITE, "gloss")
    f.bar((x, y, z + 1.15), (x + 0.3, y - 0.12, z + 1.35), 0.065, WHITE, "gloss")
    f.bar((x + 0.3, y - 0.12, z + 1.35), (x + 0.42, y - 0.2, z + 1.05), 0.055, WHITE, "gloss")
    f.add("ellipsoid", (0.08, 0.08, 0.08), (x + 0.3, y - 0.12, z + 1.35), BLACK, "gloss")


def _workshop(f: Furniture) -> None:
    """A workbench with tools, drums, a shelf, planks, gas bottles and pipes."""
    f.desk(-3.0, -0.9, (0.4, 1.5), 0.92, _WOOD, "matt")
    f.add("box", (0.12, 0.1, 0.1), (-2.75, -1.6, 1.04), (0.1, 0.22, 0.5), "gloss")
    f.bar((-2.6, -1.6, 1.04), (-2.45, -1.6, 1.04), 0.02, STEEL, "steel")
    f.add("box", (0.3, 0.18, 0.14), (-3.0, -0.3, 1.08), (0.62, 0.08, 0.07), "gloss")
    f.add("box", (0.02, 1.4, 0.5), (-3.45, -0.9, 1.7), (0.5, 0.4, 0.27))
    handles = ((0.7, 0.1, 0.08), (0.85, 0.6, 0.1), (0.1, 0.1, 0.1), (0.1, 0.3, 0.6))
    for i in range(9):
        y = -2.1 + 0.29 * i
        f.bar((-3.4, y, 1.62 + 0.05 * (i % 3)), (-3.4, y + 0.03, 2.0), 0.014, STEEL, "steel")
        f.bar((-3.4, y, 1.42), (-3.4, y, 1.6), 0.022, handles[i % 4])
    for x, y, colour in ((-2.9, 1.5, (0.1, 0.25, 0.5)), (-2.9, 2.2, (0.1, 0.25, 0.5)), (-2.3, 2.6, (0.6, 0.35, 0.05))):
        f.add("cylinder", (0.29, 0.44, 0.0), (x, y, 0.44), colour, "gloss")
        for z in (0.3, 0.6):
            f.add("cylinder", (0.3, 0.012, 0.0), (x, y, z), colour, "gloss")
    f.shelf(0.1, -3.15, (0.9, 0.22), 4, [(0.6, 0.5, 0.1), _CARDBOARD, (0.5, 0.1, 0.08), DARK, (0.15, 0.35, 0.2)])
    f.add("box", (0.35, 0.25, 0.45), (1.9, -3.0, 0.5), (0.6, 0.05, 0.05), "gloss")
    for i in range(5):
        f.bar((1.6, -2.74, 0.2 + 0.15 * i), (2.2, -2.74, 0.2 + 0.15 * i), 0.01, STEEL, "steel")
    for i in range(7):  # a stack of planks
        f.add("box", (1.2, 0.12, 0.025), (-0.6 + 0.05 * (i % 3), 3.1, 0.1 + 0.055 * i), _WOOD, turn=(0, 0, 0.03 * i))
    for i, x in enumerate((1.0, 1.3, 1.6)):  # gas bottles
        colour = ((0.25, 0.3, 0.28), (0.5, 0.05, 0.05), (0.2, 0.25, 0.5))[i]
        f.bar((x, 3.2, 0.12), (x, 3.2, 1.25), 0.11, colour, "gloss")
        f.bar((x, 3.2, 1.3), (x, 3.2, 1.48), 0.03, (0.7, 0.6, 0.3), "steel")
    for z, radius in ((2.3, 0.05), (2.45, 0.03)):  # pipes along two walls
        f.bar((-3.38, -3.4, z), (-3.38, 3.4, z), radius, GREY, "steel")
        f.bar((-3.4, 3.38, z), (3.4, 3.38, z), radius, GREY, "steel")
    for y in (-1.5, 1.5):  # posts in warning colours
        for k in range(6):
            colour = (0.85, 0.65, 0.05) if k % 2 else BLACK
            f.add("cylinder", (0.045, 0.09, 0.0), (-1.35, y, 0.09 + 0.18 * k), colour)
    f.add("box", (0.2, 0.2, 0.25), (-1.5, 0.9, 0.25), _WOOD, turn=(0.0, 0.0, 0.4))
    f.add("box", (0.22, 0.3, 0.16), (-1.6, -0.8, 0.16), (0.1, 0.3, 0.15), "gloss", (0.0, 0.0, -0.3))
    f.bar((-1.9, 0.2, 0.05), (-1.6, 0.1, 1.3), 0.02, (0.75, 0.6, 0.4))
    f.bar((-2.1, 2.0, 0.02), (-1.2, 2.2, 0.02), 0.012, (0.8, 0.35, 0.05))


_PLAIN = Room(
    floor=((0.62, 0.6, 0.58), "concrete"),
    walls=((0.83, 0.84, 0.85), "plain"),
    table=((0.72, 0.66, 0.58), "planks"),
    add_contents=_plain,
    free=3.4,
)

ROOMS = {
    "plain": _PLAIN,
    "lab": Room(
        floor=((0.6, 0.63, 0.66), "speckle"),
        walls=((0.86, 0.86, 0.83), "plain"),
        table=((0.8, 0.81, 0.82), "plain"),
        add_contents=_lab,
        free=2.6,
    ),
    "workshop": Room(
        floor=((0.45, 0.44, 0.42), "concrete"),
        walls=((0.62, 0.42, 0.34), "brick"),
        table=((0.5, 0.52, 0.54), "marble"),
        add_contents=_workshop,
        free=2.6,
    ),
}
"""Rooms by name: ``plain``, whose surfaces and clutter randomisation varies, and two fixed scene presets."""
