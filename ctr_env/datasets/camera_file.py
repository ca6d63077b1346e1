"""Cameras as calibration tools write them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import yaml
from numpy.typing import NDArray

from ctr_env.geometry import PinholeCamera

__all__ = ["read_camera_file"]

_MATRIX = ("camera_matrix", "Camera_Matrix", "cameraMatrix", "K", "k")
_DISTORTION = ("distortion_coefficients", "Distortion_Coefficients", "distCoeffs", "D", "d")
_WIDTH, _HEIGHT = ("image_width", "image_Width", "width"), ("image_height", "image_Height", "height")
_OPENCV_MODELS = ("plumb_bob", "rational_polynomial", "")


class _Loader(yaml.SafeLoader):
    """YAML without objects, but with OpenCV's matrices as the mappings that they are."""


def _opencv_matrix(loader: _Loader, node: yaml.Node) -> Any:
    assert isinstance(node, yaml.MappingNode)
    return loader.construct_mapping(node, deep=True)


_Loader.add_constructor("tag:yaml.org,2002:opencv-matrix", _opencv_matrix)


def read_camera_file(file: Path, rectified: bool | None = None) -> PinholeCamera:
    """Intrinsics from a file: OpenCV's YAML or JSON, or ROS's (``camera_calibration`` or a ``camera_info`` message).

    These count pixel centres as integers: half a pixel is added to the principal point. A ``camera_info`` that was
    published for a part of the sensor, or for binned pixels, gives the camera of those images.

    Raises:
        FileNotFoundError: If there is no such file.
        ValueError: If it cannot be understood; the message says what is missing.
    """
    lines = file.read_text().splitlines()
    if lines and lines[0].startswith("%YAML:"):  # OpenCV's own spelling of the directive
        lines = lines[1:]
    try:
        data = next(yaml.load_all("\n".join(lines), _Loader), None)  # rostopic echo begins another
    except yaml.YAMLError as error:
        raise ValueError(f"{file}: not YAML or JSON: {error}") from error
    if not isinstance(data, Mapping):
        raise ValueError(f"{file}: no camera in it; it should name camera_matrix, image_width and image_height")
    try:
        return _camera(data)
    except (ValueError, TypeError) as error:
        raise ValueError(f"{file}: {error}") from error


def _camera(data: Mapping[str, Any]) -> PinholeCamera:
    model = data.get("distortion_model", "")
    if model not in _OPENCV_MODELS:
        raise ValueError(f"distortion_model {model!r} is not known; valid: plumb_bob, rational_polynomial")
    K = _numbers(_find(data, _MATRIX))
    if K.size != 9:
        raise ValueError(f"the camera matrix has {K.size} numbers, not 9")
    fx, skew, cx, below, fy, cy, *last = K.tolist()
    if below != 0.0 or last != [0.0, 0.0, 1.0]:
        raise ValueError(f"the camera matrix must be [fx, 0, cx; 0, fy, cy; 0, 0, 1], row by row, not {K.tolist()}")
    if abs(skew) > 1e-6 * abs(fx):
        raise ValueError(f"the camera matrix has a skew of {skew}, which PinholeCamera does not know")
    name = next((name for name in _DISTORTION if name in data), None)
    distortion = () if name is None else tuple(_numbers(data[name]).tolist())
    width, height = (int(_find(data, names)) for names in (_WIDTH, _HEIGHT))
    lens = distortion if any(distortion) else ()
    return _published_part(PinholeCamera(fx, fy, cx + 0.5, cy + 0.5, width, height, lens), data)


def _published_part(camera: PinholeCamera, data: Mapping[str, Any]) -> PinholeCamera:
    """The camera of the images that belong to a ``camera_info``: cut (``roi``), then shrunk (``binning_x, _y``).

    Zeros mean that the whole sensor is read (``sensor_msgs/CameraInfo``).
    """
    region = data.get("roi") or {}
    if not isinstance(region, Mapping):
        raise ValueError(f"roi must have x_offset, y_offset, width and height, not {region!r}")
    left, top, width, height = (int(region.get(name, 0)) for name in ("x_offset", "y_offset", "width", "height"))
    if left + width > camera.width or top + height > camera.height or min(left, top, width, height) < 0:
        raise ValueError(f"roi reaches beyond the {camera.width}x{camera.height} pixels of the camera: {dict(region)}")
    if width and height:
        camera = replace(camera, cx=camera.cx - left, cy=camera.cy - top, width=width, height=height)
    shrunk = [max(int(data.get(name, 1)), 1) for name in ("binning_x", "binning_y")]
    whole = [camera.width // shrunk[0], camera.height // shrunk[1]]  # a rest of pixels is left out
    part = replace(camera, width=whole[0] * shrunk[0], height=whole[1] * shrunk[1])
    return part.resized(*whole)


def _find(data: Mapping[str, Any], names: tuple[str, ...]) -> Any:
    for name in names:
        if name in data:
            return data[name]
    raise ValueError(f"no {names[0]} (found: {', '.join(map(str, data))})")


def _numbers(value: Any) -> NDArray[np.float64]:
    """A matrix as a list, a list of rows, or a mapping with ``data``."""
    return np.asarray(value["data"] if isinstance(value, Mapping) else value, dtype=float).ravel()
