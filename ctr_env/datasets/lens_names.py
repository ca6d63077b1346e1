"""Names that calibration tools give to lens models."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from ctr_env.errors import DataError

__all__ = ["lens_of"]

_OPENCV = ("", "none", "pinhole", "plumb_bob", "rational_polynomial", "radtan", "brown_conrady")
_EQUIDISTANT = ("equidistant", "equi", "fisheye", "kannala_brandt", "kannala_brandt4")
_IDENTITY_AT_ZERO = ("inverse_brown_conrady", "modified_brown_conrady")
_LIBREALSENSE = (  # values of rs2_distortion, in order
    *("none", "modified_brown_conrady", "inverse_brown_conrady", "ftheta", "brown_conrady", "kannala_brandt4"),
)


def lens_of(model: Any, coefficients: Sequence[float]) -> tuple[str, tuple[float, ...]]:
    """``lens_model`` and ``distortion`` of a :class:`~ctr_env.geometry.PinholeCamera`.

    Args:
        model: Name of the model in ROS, Kalibr or librealsense (there also a number); ``None`` for none.
        coefficients: Its coefficients.

    Raises:
        DataError: If the model is unknown, or has coefficients that no model of ``PinholeCamera`` can express.
    """
    name = _normalised(model)
    distortion = tuple(float(value) for value in coefficients)
    if name in _EQUIDISTANT:
        return "equidistant", distortion if any(distortion[4:]) else distortion[:4]  # librealsense writes a fifth, zero
    if name in _OPENCV or (name in _IDENTITY_AT_ZERO and not any(distortion)):
        if name in ("none", "pinhole") and any(distortion):
            raise DataError(f"the distortion model is {name!r}, but the coefficients {distortion} are not zero")
        return "opencv", distortion if any(distortion) else ()
    if name in _IDENTITY_AT_ZERO:
        raise DataError(
            f"distortion model {model!r} with coefficients {distortion} is not supported (only with zeros); calibrate "
            "the camera with OpenCV, or undistort its images and write zeros"
        )
    valid = ", ".join(name for name in (*_OPENCV, *_EQUIDISTANT) if name)
    raise DataError(f"unknown distortion model {model!r}; valid names: {valid}")


def _normalised(model: Any) -> str:
    """A model's name in lower case without the decorations of librealsense's bindings."""
    if isinstance(model, int) and not isinstance(model, bool) and 0 <= model < len(_LIBREALSENSE):
        return _LIBREALSENSE[model]
    name = "" if model is None else str(model).strip().lower().replace(" ", "_").replace("-", "_")
    return name.rpartition(".")[2].removeprefix("rs2_distortion_")
