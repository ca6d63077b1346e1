"""The pinhole camera and the pixel convention of this package."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import ArrayLike, NDArray

from ctr_env.errors import ConfigurationError

from .lens import COEFFICIENTS, distort

__all__ = ["PinholeCamera"]


@dataclass(frozen=True)
class PinholeCamera:
    """Intrinsics of a pinhole camera in OpenCV's axes (x right, y down, z forward).

    **Pixel convention.** Image coordinates are continuous: the top-left corner of the image is ``(0, 0)``,
    its bottom-right corner ``(width, height)``, and the centre of the pixel in column ``i`` and row ``j`` is
    ``(i + 0.5, j + 0.5)``. A principal point in the middle of the image is ``(width / 2, height / 2)``. OpenCV
    functions count pixel centres as integers: add 0.5 to what they return and subtract it from what they take.

    Attributes:
        fx: Focal length along x, pixels.
        fy: Focal length along y, pixels.
        cx: Principal point, x, pixels.
        cy: Principal point, y, pixels.
        width: Image width, pixels.
        height: Image height, pixels.
        distortion: Coefficients of the lens model; empty for a lens without distortion.
        lens_model: ``"opencv"`` (OpenCV's ``k1, k2, p1, p2[, k3[, ...]]``) or ``"equidistant"`` (``cv2.fisheye``'s
            ``k1, k2, k3, k4``); see :mod:`ctr_env.geometry.lens`.

    Raises:
        ConfigurationError: If a focal length or a size is not positive, a value is not finite, the lens model is
            unknown, or it does not have so many coefficients.
    """

    fx: float
    fy: float
    cx: float
    cy: float
    width: int
    height: int
    distortion: tuple[float, ...] = ()
    lens_model: str = "opencv"

    def __post_init__(self) -> None:
        """Reject values that describe no camera."""
        for name in ("fx", "fy", "width", "height"):
            value = getattr(self, name)
            if not (np.isfinite(value) and value > 0):
                raise ConfigurationError(f"PinholeCamera.{name} must be positive and finite, not {value!r}")
        for name in ("cx", "cy"):
            if not np.isfinite(getattr(self, name)):
                raise ConfigurationError(f"PinholeCamera.{name} must be finite, not {getattr(self, name)!r}")
        if self.lens_model not in COEFFICIENTS:
            raise ConfigurationError(
                f"unknown PinholeCamera.lens_model {self.lens_model!r}; valid names: {', '.join(COEFFICIENTS)}"
            )
        counts = COEFFICIENTS[self.lens_model]
        if len(self.distortion) not in counts or not np.isfinite(self.distortion).all():
            raise ConfigurationError(
                f"PinholeCamera.distortion must be {', '.join(map(str, counts))} finite numbers "
                f"for an {self.lens_model} lens, not {self.distortion}"
            )

    @classmethod
    def from_fov(cls, fov_x: float, width: int, height: int, principal_point: ArrayLike = (0.5, 0.5)) -> PinholeCamera:
        """Camera with square pixels from its horizontal field of view.

        Args:
            fov_x: Horizontal field of view of a centred image of this width, radians, in (0, pi).
            width: Image width, pixels.
            height: Image height, pixels.
            principal_point: ``(2,)`` position of the optical axis as a fraction of width and height.

        Raises:
            ConfigurationError: If the field of view is outside (0, pi).
        """
        if not 0.0 < fov_x < np.pi:
            raise ConfigurationError(f"fov_x must lie between 0 and pi radians, not {fov_x!r}")
        focal = 0.5 * width / np.tan(0.5 * fov_x)
        u, v = np.asarray(principal_point, dtype=float)
        return cls(float(focal), float(focal), float(u * width), float(v * height), int(width), int(height))

    @property
    def matrix(self) -> NDArray[np.float64]:
        """``(3, 3)`` calibration matrix K for continuous pixel coordinates."""
        return np.array([[self.fx, 0.0, self.cx], [0.0, self.fy, self.cy], [0.0, 0.0, 1.0]])

    @property
    def opencv_matrix(self) -> NDArray[np.float64]:
        """``(3, 3)`` calibration matrix for OpenCV functions, whose pixel centres are integers."""
        K = self.matrix
        K[:2, 2] -= 0.5
        return K

    @property
    def undistorted(self) -> PinholeCamera:
        """The same camera with a lens without distortion."""
        return replace(self, distortion=(), lens_model="opencv")

    @property
    def fov(self) -> tuple[float, float]:
        """Horizontal and vertical field of view of the whole image, radians (distortion ignored)."""
        horizontal = np.arctan(self.cx / self.fx) + np.arctan((self.width - self.cx) / self.fx)
        vertical = np.arctan(self.cy / self.fy) + np.arctan((self.height - self.cy) / self.fy)
        return float(horizontal), float(vertical)

    def project(self, points: ArrayLike) -> NDArray[np.float64]:
        """Pixels of points given in the camera frame.

        Args:
            points: ``(..., 3)`` camera-frame points, metres.

        Returns:
            ``(..., 2)`` continuous pixel coordinates. Points with z <= 0 project to NaN, for lenses of any model, and
            so do those beyond the fold of an OpenCV model.
        """
        points = np.asarray(points, dtype=float)
        z = points[..., 2]
        with np.errstate(divide="ignore", invalid="ignore"):
            xy = np.where(z[..., None] > 0.0, points[..., :2] / z[..., None], np.nan)
        if self.distortion:
            xy = distort(xy, self.lens_model, self.distortion)
        return xy * (self.fx, self.fy) + (self.cx, self.cy)

    def contains(self, pixels: ArrayLike) -> NDArray[np.bool_]:
        """Whether each of the ``(..., 2)`` pixels lies within the image; NaN does not."""
        pixels = np.asarray(pixels, dtype=float)
        return np.asarray(np.all((pixels >= 0.0) & (pixels < (self.width, self.height)), axis=-1))

    def resized(self, width: int, height: int) -> PinholeCamera:
        """The same camera with its image stretched to ``width`` x ``height`` pixels."""
        sx, sy = width / self.width, height / self.height
        return replace(
            self,
            fx=self.fx * sx,
            fy=self.fy * sy,
            cx=self.cx * sx,
            cy=self.cy * sy,
            width=width,
            height=height,
        )

    def mirrored(self) -> PinholeCamera:
        """The camera of the image flipped left to right.

        Of OpenCV's coefficients, those of terms that are even in x and displace along x change their signs: p2, the
        thin prism's s1 and s2, and the tilt about y.
        """
        odd = (3, 8, 9, 13) if self.lens_model == "opencv" else ()
        flipped = tuple(-value if i in odd else value for i, value in enumerate(self.distortion))
        return replace(self, cx=self.width - self.cx, distortion=flipped)
