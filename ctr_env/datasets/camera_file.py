"""Intrinsics from the files that calibration tools write."""

from __future__ import annotations

import xml.etree.ElementTree as ET
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import yaml

from ctr_env.errors import DataError, MissingFileError
from ctr_env.geometry import PinholeCamera

from .camera_formats import camera_from_mapping

__all__ = ["read_camera_file"]


class _Loader(yaml.SafeLoader):
    """YAML without objects, but with OpenCV's matrices as the mappings that they are."""


def _opencv_matrix(loader: _Loader, node: yaml.Node) -> Any:
    assert isinstance(node, yaml.MappingNode)
    return loader.construct_mapping(node, deep=True)


_Loader.add_constructor("tag:yaml.org,2002:opencv-matrix", _opencv_matrix)


def read_camera_file(file: str | Path, rectified: bool | None = None) -> PinholeCamera:
    """Intrinsics from a file of OpenCV, ROS, Kalibr or librealsense.

    Layouts: OpenCV's YAML, JSON and XML; ROS's ``camera_calibration`` and ``camera_info``; Kalibr's ``camchain.yaml``
    of one camera; JSON with the fields of librealsense's ``rs2_intrinsics`` (``fx``, ``fy``, ``ppx``, ``ppy``,
    ``width``, ``height``, ``model``, ``coeffs``). All of them count pixel centres as integers.

    Lens models are OpenCV's and the equidistant one of ``cv2.fisheye`` (``fisheye_model: 1``, ``equidistant``). A
    ``camera_info`` that was published for a part of the sensor, or for binned pixels, gives the camera of those images.

    Args:
        file: The file.
        rectified: Whether the images were rectified, such as those of ROS's ``image_rect``: their camera is the
            projection matrix P without distortion, that of raw images K with D. It must be given where P differs from
            K.

    Raises:
        MissingFileError: If there is no such file.
        DataError: If it cannot be understood, its intrinsics are implausible (see
            :func:`~.plausible_camera.require_plausible`), or ``rectified`` is needed.
    """
    file = Path(file)
    if not file.is_file():
        raise MissingFileError(f"no such camera file: {file}")
    try:
        text = file.read_text()
        data = _xml(text) if text.lstrip().startswith("<") else _yaml(text)
    except (yaml.YAMLError, ET.ParseError, UnicodeDecodeError) as error:
        raise DataError(f"{file}: not YAML, JSON or XML: {error}") from error
    if not isinstance(data, Mapping):
        raise DataError(f"{file}: no camera in it; it should name camera_matrix, image_width and image_height")
    try:
        return camera_from_mapping(data, rectified)
    except (ValueError, TypeError, KeyError, AttributeError) as error:
        raise DataError(f"{file}: {error}") from error


def _yaml(text: str) -> Any:
    lines = text.splitlines()
    if lines and lines[0].startswith("%YAML:"):  # OpenCV's own spelling of the directive
        lines = lines[1:]
    return next(yaml.load_all("\n".join(lines), _Loader), None)  # rostopic echo begins a second document


def _xml(text: str) -> dict[str, Any]:
    """OpenCV's XML: matrices have ``data``, other elements are text."""
    found: dict[str, Any] = {}
    for element in ET.fromstring(text):
        data = element.findtext("data")
        found[element.tag] = (element.text or "").strip() if data is None else {"data": data.split()}
    return found
