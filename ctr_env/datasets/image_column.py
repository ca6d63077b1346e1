"""Which column of a table names the images, and which image each cell names."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from pathlib import Path

from ctr_env.errors import DataError

from .image_file import IMAGE_SUFFIXES

__all__ = ["find_image_column", "image_names"]

_HEADERS = {  # a column that is called so names images, or frames of a video
    *("image", "images", "image_name", "image_file", "image_path", "img", "picture", "photo", "rgb"),
    *("file", "files", "filename", "file_name", "filepath", "file_path", "path", "name"),
    *("frame", "frame_name", "frame_number", "frame_index"),
}


def find_image_column(
    header: Sequence[str], rows: Sequence[Sequence[str]], images: Collection[str], others: Collection[int]
) -> int | None:
    """Index of the column that names images; ``None`` if rows belong to images by their order or time.

    That is the column most of whose cells name different images, by more than a number; else one with a usual header
    (``image``, ``file``, ``Filename``, ``frame`` and so on), unless it repeats cells that name nothing. A column of
    file names that fit no image is an error, because the order of rows would then mean nothing.

    Args:
        header: Names of the columns.
        rows: Cells of the rows.
        images: Names of the images' files; empty for a video.
        others: Columns with another meaning: joints and times.

    Raises:
        DataError: If cells of a column are file names of images, none of which is there.
    """
    known = _keys(images)
    usual, foreign = None, None
    for column, name in enumerate(header):
        if column in others:
            continue
        cells = [row[column].strip() if column < len(row) else "" for row in rows]
        expected = name.strip().lower().rpartition("/")[2] in _HEADERS
        names = [cell for cell in cells if expected or not cell.isdecimal()]  # elsewhere, numbers count something else
        found = [image for cell in names if (image := _image(cell, known))]
        if 2 * len(found) > len(cells) and len(set(found)) == len(found):
            return column
        if usual is None and expected and (not images or found or len(set(cells)) == len(cells)):
            usual = column
        if foreign is None and any(Path(cell).suffix.lower() in IMAGE_SUFFIXES for cell in cells):
            foreign = column
    if usual is None and foreign is not None and images:
        cell = next(row[foreign] for row in rows if foreign < len(row) and row[foreign].strip())
        raise DataError(f"column {header[foreign]} names images such as {cell!r}, none of which is in the folder")
    return foreign if usual is None else usual


def image_names(cells: Sequence[str], images: Collection[str]) -> list[str]:
    """The image that each cell names; a cell itself if it names none.

    A cell is an image's path, file name or stem, whatever the case, or the number that the stem is (7 for 000007.png).
    """
    known = _keys(images)
    return [_image(cell, known) or cell for cell in cells]


def _keys(images: Collection[str]) -> dict[str, str]:
    """Images by what may stand for them; what stands for two stands for none."""
    keys: dict[str, str] = {}
    for image in images:
        stem = Path(image).stem.lower()
        for key in {image.lower(), stem, str(int(stem)) if stem.isdecimal() else stem}:
            keys[key] = image if keys.get(key, image) == image else ""
    return keys | {image: image for image in images}


def _image(cell: str, known: Mapping[str, str]) -> str:
    name = Path(cell.replace("\\", "/")).name
    return known.get(name) or known.get(name.lower()) or ""
