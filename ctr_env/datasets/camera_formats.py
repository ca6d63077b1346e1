"""The layouts of camera files: OpenCV and ROS, Kalibr, librealsense.

All of them count pixel centres as integers: half a pixel is added to the principal point.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ctr_env.errors import DataError
from ctr_env.geometry import PinholeCamera

from .lens_names import lens_of
from .plausible_camera import require_plausible

__all__ = ["camera_from_mapping"]

_MATRIX = ("camera_matrix", "Camera_Matrix", "cameraMatrix", "K", "k")
_DISTORTION = ("distortion_coefficients", "Distortion_Coefficients", "distCoeffs", "D", "d")
_PROJECTION = ("projection_matrix", "P", "p")
_WIDTH, _HEIGHT = ("image_width", "image_Width", "width"), ("image_height", "image_Height", "height")
_SAME = 0.01  # px: two matrices of one camera differ by less, which is how they are rounded


def camera_from_mapping(data: Mapping[str, Any], rectified: bool | None = None) -> PinholeCamera:
    """The camera of a file's content in any of the layouts.

    Args:
        data: The content.
        rectified: See :func:`~.camera_file.read_camera_file`.

    Raises:
        DataError: If something is missing, unknown, implausible or ambiguous.
    """
    cameras = {name: part for name, part in data.items() if isinstance(part, Mapping) and "intrinsics" in part}
    if len(cameras) > 1:
        raise DataError(f"{len(cameras)} cameras ({', '.join(cameras)}); leave the one that took the images")
    data = next(iter(cameras.values()), data)
    if "ppx" in data or "intrinsics" in data:
        if rectified:
            raise DataError("rectified images need a projection matrix P, which only ROS's layout has")
        return _librealsense(data) if "ppx" in data else _kalibr(data)
    return _published_part(_rectified(data) if _is_rectified(data, rectified) else _raw(data), data)


def _kalibr(data: Mapping[str, Any]) -> PinholeCamera:
    """One camera of Kalibr's ``camchain.yaml``."""
    if data.get("camera_model", "pinhole") != "pinhole":
        raise DataError(f"camera_model {data['camera_model']!r} is not supported; calibrate it as 'pinhole'")
    values = _numbers(data["intrinsics"])
    if values.size != 4:
        raise DataError(f"intrinsics must be [fx, fy, cx, cy], not {values.tolist()}")
    fx, fy, cx, cy = values.tolist()
    width, height = _numbers(_find(data, ("resolution",)))
    lens = lens_of(data.get("distortion_model"), _numbers(data.get("distortion_coeffs")).tolist())
    return _camera(fx, fy, cx, cy, int(width), int(height), lens)


def _librealsense(data: Mapping[str, Any]) -> PinholeCamera:
    """The fields of ``rs2_intrinsics``, as ``pyrealsense2.intrinsics`` has them."""
    fx, fy, cx, cy = (float(_find(data, (name,))) for name in ("fx", "fy", "ppx", "ppy"))
    width, height = (int(_find(data, (name,))) for name in ("width", "height"))
    return _camera(fx, fy, cx, cy, width, height, lens_of(data.get("model"), _numbers(data.get("coeffs")).tolist()))


def _raw(data: Mapping[str, Any]) -> PinholeCamera:
    """The camera of images as the sensor gives them: K and D."""
    K = _numbers(_find(data, _MATRIX))
    if K.size != 9:
        raise DataError(f"the camera matrix has {K.size} numbers, not 9")
    distortion = _numbers(next((data[name] for name in _DISTORTION if name in data), None)).tolist()
    fisheye = int(data.get("fisheye_model") or 0)  # OpenCV's calibration sample
    model = "fisheye" if fisheye else data.get("distortion_model")
    return _pinhole(K.reshape(3, 3), data, "the camera matrix", lens_of(model, distortion))


def _rectified(data: Mapping[str, Any]) -> PinholeCamera:
    """The camera of rectified images (``image_rect``): P, without distortion."""
    P = _projection(data)
    if P is None:
        raise DataError("rectified images need a projection matrix P, which this file lacks")
    return _pinhole(P, data, "the projection matrix", ("opencv", ()))


def _is_rectified(data: Mapping[str, Any], rectified: bool | None) -> bool:
    """Whether images are rectified, as given; it need not be given where K and P are the same.

    Raises:
        DataError: If it is not given and the file has two cameras, K for raw and P for rectified images.
    """
    P = _projection(data)
    if rectified is not None or P is None:
        return bool(rectified)
    K = _numbers(_find(data, _MATRIX))
    if K.size != 9 or np.allclose(K.reshape(3, 3), P, rtol=0.0, atol=_SAME):
        return False
    raise DataError(
        f"are the images raw or rectified? The file has a camera for either: K (fx = {K[0]:.1f}) with distortion D for "
        f"raw images such as image_raw, P (fx = {P[0, 0]:.1f}) for rectified ones such as image_rect; say --rectified "
        "or --no-rectified (in Python rectified=True or False)"
    )


def _projection(data: Mapping[str, Any]) -> NDArray[np.float64] | None:
    """``(3, 3)`` left part of P; ``None`` if there is none, or zeros as an uncalibrated driver publishes."""
    name = next((name for name in _PROJECTION if name in data), None)
    P = _numbers(None if name is None else data[name])
    return P.reshape(3, 4)[:, :3] if P.size == 12 and P.any() else None


def _pinhole(
    K: NDArray[np.float64], data: Mapping[str, Any], what: str, lens: tuple[str, tuple[float, ...]]
) -> PinholeCamera:
    """The camera of a ``(3, 3)`` matrix and the image size that the file gives.

    Raises:
        DataError: If the matrix is not that of a calibrated camera without skew.
    """
    for known, name in ((np.zeros((3, 3)), "zero"), (np.eye(3), "the identity")):
        if np.array_equal(K, known):
            raise DataError(f"{what} is {name}: the camera is not calibrated")
    (fx, skew, cx), (below, fy, cy), last = K.tolist()
    if below != 0.0 or last != [0.0, 0.0, 1.0]:
        raise DataError(f"{what} must be [fx, 0, cx; 0, fy, cy; 0, 0, 1], row by row, not {K.ravel().tolist()}")
    if abs(skew) > 1e-6 * abs(fx):
        raise DataError(f"{what} has a skew of {skew}, which PinholeCamera does not know")
    width, height = (int(_find(data, names)) for names in (_WIDTH, _HEIGHT))
    return _camera(fx, fy, cx, cy, width, height, lens)


def _camera(
    fx: float, fy: float, cx: float, cy: float, width: int, height: int, lens: tuple[str, tuple[float, ...]]
) -> PinholeCamera:
    model, distortion = lens
    return require_plausible(PinholeCamera(fx, fy, cx + 0.5, cy + 0.5, width, height, distortion, model))


def _published_part(camera: PinholeCamera, data: Mapping[str, Any]) -> PinholeCamera:
    """The camera of the images that belong to a ``camera_info``: cropped (``roi``), then binned (``binning_x, _y``).

    Zeros mean that the whole sensor is read (``sensor_msgs/CameraInfo``).
    """
    region = data.get("roi") or {}
    if not isinstance(region, Mapping):
        raise DataError(f"roi must have x_offset, y_offset, width and height, not {region!r}")
    left, top, width, height = (int(region.get(name, 0)) for name in ("x_offset", "y_offset", "width", "height"))
    if left + width > camera.width or top + height > camera.height or min(left, top, width, height) < 0:
        raise DataError(f"roi reaches beyond the {camera.width}x{camera.height} pixels of the camera: {dict(region)}")
    if width and height:
        camera = replace(camera, cx=camera.cx - left, cy=camera.cy - top, width=width, height=height)
    binning = [max(int(data.get(name, 1)), 1) for name in ("binning_x", "binning_y")]
    binned = [camera.width // binning[0], camera.height // binning[1]]  # remaining rows and columns are not published
    part = replace(camera, width=binned[0] * binning[0], height=binned[1] * binning[1])
    return part.resized(*binned)


def _find(data: Mapping[str, Any], names: tuple[str, ...]) -> Any:
    for name in names:
        if name in data:
            return data[name]
    raise DataError(f"no {names[0]} (found: {', '.join(map(str, data))})")


def _numbers(value: Any) -> NDArray[np.float64]:
    """A matrix as a list, a list of rows, or a mapping with ``data``, flat; empty for ``None``."""
    if value is None:
        return np.zeros(0)
    return np.asarray(value["data"] if isinstance(value, Mapping) else value, dtype=float).ravel()
