"""The pinhole camera: the one place that says where a pixel is."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import ArrayLike, NDArray

__all__ = ["PinholeCamera"]

_LENSES = (0, 4, 5, 8, 12, 14)  # numbers of coefficients that OpenCV has a model for


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
        distortion: OpenCV's distortion coefficients ``(k1, k2, p1, p2[, k3[, ...]])``; empty for none.

    Raises:
        ValueError: If a focal length or a size is not positive, a value is not finite, or OpenCV knows no lens with so
            many coefficients.
    """

    fx: float
    fy: float
    cx: float
    cy: float
    width: int
    height: int
    distortion: tuple[float, ...] = ()

    def __post_init__(self) -> None:
        """Refuse what is not a camera."""
        for name in ("fx", "fy", "width", "height"):
            value = getattr(self, name)
            if not (np.isfinite(value) and value > 0):
                raise ValueError(f"PinholeCamera.{name} must be positive and finite, not {value!r}")
        for name in ("cx", "cy"):
            if not np.isfinite(getattr(self, name)):
                raise ValueError(f"PinholeCamera.{name} must be finite, not {getattr(self, name)!r}")
        if len(self.distortion) not in _LENSES or not np.isfinite(self.distortion).all():
            raise ValueError(
                f"PinholeCamera.distortion must be {', '.join(map(str, _LENSES))} finite numbers, not {self.distortion}"
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
            ValueError: If the field of view is outside (0, pi).
        """
        if not 0.0 < fov_x < np.pi:
            raise ValueError(f"fov_x must lie between 0 and pi radians, not {fov_x!r}")
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
            ``(..., 2)`` continuous pixel coordinates. Points with z <= 0 project to NaN: they have no image.
        """
        points = np.asarray(points, dtype=float)
        z = points[..., 2]
        with np.errstate(divide="ignore", invalid="ignore"):
            xy = np.where(z[..., None] > 0.0, points[..., :2] / z[..., None], np.nan)
        if self.distortion:
            xy = _distort(xy, self.distortion)
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


def _distort(xy: NDArray[np.float64], distortion: tuple[float, ...]) -> NDArray[np.float64]:
    """OpenCV's lens model applied to ``(..., 2)`` normalised coordinates."""
    import cv2

    rays = np.concatenate([xy, np.ones_like(xy[..., :1])], axis=-1).reshape(-1, 3)
    out = np.full((len(rays), 2), np.nan)
    seen = np.isfinite(rays).all(axis=1)
    if seen.any():
        zero = np.zeros(3)
        pixels, _ = cv2.projectPoints(rays[seen], zero, zero, np.eye(3), np.asarray(distortion, dtype=float))
        out[seen] = pixels.reshape(-1, 2)
    return out.reshape(xy.shape)
