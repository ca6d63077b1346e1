"""Contact sheets: rows of captioned images on white."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from .primitives import draw_text

__all__ = ["Colour", "Row", "Tile", "contact_sheet", "grid"]

Colour = tuple[int, int, int]
"""RGB, 0 to 255."""

_GAP, _CAPTION, _LINE, _TITLE = 6, 24, 26, 36  # pixels
_TEXT, _MUTED, _WARNING = (30, 30, 30), (100, 105, 112), (190, 40, 30)
_WHITE = 255


@dataclass(frozen=True)
class Tile:
    """One image of a sheet.

    Attributes:
        image: ``(H, W, 3)`` uint8 RGB, reduced if it is larger than the tile.
        caption: Lines below it.
        warning: Whether the first line is drawn in red.
    """

    image: NDArray[np.uint8]
    caption: tuple[str, ...] = ()
    warning: bool = False


@dataclass(frozen=True)
class Row:
    """Tiles side by side, below a title unless it is empty."""

    tiles: Sequence[Tile]
    title: str = ""


def grid(tiles: Sequence[Tile], columns: int) -> list[Row]:
    """Rows of at most ``columns`` tiles, without titles."""
    return [Row(tiles[i : i + columns]) for i in range(0, len(tiles), columns)]


def contact_sheet(
    rows: Sequence[Row],
    tile_size: tuple[int, int],
    header: Sequence[str] = (),
    legend: Mapping[str, Colour] | None = None,
) -> NDArray[np.uint8]:
    """A contact sheet.

    Args:
        rows: The rows; at least one with a tile.
        tile_size: Width and height of a tile, pixels; images of other aspect ratios are centred in it.
        header: Lines of text at the top.
        legend: Labels and colours, in one line below the header.

    Returns:
        ``(H, W, 3)`` uint8.
    """
    width = max(len(row.tiles) for row in rows) * (tile_size[0] + _GAP) - _GAP
    lines = max(len(tile.caption) for row in rows for tile in row.tiles)
    parts = [_text_line(text, width, _TEXT if i == 0 else _MUTED) for i, text in enumerate(header)]
    if legend:
        parts.append(_legend(legend, width))
    for i, row in enumerate(rows):
        if row.title:
            parts.append(_title(row.title, width))
        elif i > 0:
            parts.append(_blank(_GAP, width))
        parts.append(_row(row, tile_size, lines, width))
    return np.vstack(parts)


def _row(row: Row, tile_size: tuple[int, int], lines: int, width: int) -> NDArray[np.uint8]:
    canvas = _blank(tile_size[1] + _CAPTION * lines, width)
    for i, tile in enumerate(row.tiles):
        left = i * (tile_size[0] + _GAP)
        image = _reduced(tile.image, tile_size)
        y, x = (tile_size[1] - image.shape[0]) // 2, left + (tile_size[0] - image.shape[1]) // 2
        canvas[y : y + image.shape[0], x : x + image.shape[1]] = image
        part = np.ascontiguousarray(canvas[:, left : left + tile_size[0]])  # captions are clipped at the tile
        for k, text in enumerate(tile.caption):
            colour = _MUTED if k else _WARNING if tile.warning else _TEXT
            draw_text(part, text, (4, tile_size[1] + _CAPTION * k + 17), colour)
        canvas[:, left : left + tile_size[0]] = part
    return canvas


def _reduced(image: NDArray[np.uint8], tile_size: tuple[int, int]) -> NDArray[np.uint8]:
    height, width = image.shape[:2]
    scale = min(tile_size[0] / width, tile_size[1] / height)
    if scale >= 1.0:
        return image
    size = max(1, round(scale * width)), max(1, round(scale * height))
    return np.asarray(cv2.resize(image, size, interpolation=cv2.INTER_AREA), dtype=np.uint8)


def _legend(legend: Mapping[str, Colour], width: int) -> NDArray[np.uint8]:
    strip, x = _blank(_LINE, width), 4
    for label, colour in legend.items():
        cv2.line(strip, (x, 14), (x + 28, 14), colour, 4, cv2.LINE_AA)
        draw_text(strip, label, (x + 36, 19), _TEXT)
        x += 60 + 9 * len(label)
    return strip


def _title(text: str, width: int) -> NDArray[np.uint8]:
    strip = _blank(_TITLE, width)
    cv2.putText(strip, text, (4, 25), cv2.FONT_HERSHEY_SIMPLEX, 0.65, _TEXT, 2, cv2.LINE_AA)
    return strip


def _text_line(text: str, width: int, colour: Colour) -> NDArray[np.uint8]:
    strip = _blank(_LINE, width)
    draw_text(strip, text, (4, 19), colour)
    return strip


def _blank(height: int, width: int) -> NDArray[np.uint8]:
    return np.full((height, width, 3), _WHITE, dtype=np.uint8)
