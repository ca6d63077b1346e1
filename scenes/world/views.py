"""Poses and motions of cameras: on a shell around the arm, orbiting, swaying as if hand-held."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.spatial.transform import RigidTransform

from ctr_env.geometry import PinholeCamera, look_at, moved, pose_from_matrix, pose_matrix, rotation_matrix

__all__ = ["CameraMotion", "PoseSway", "camera_from_draws", "pose_from_draws"]


def camera_from_draws(draws: Mapping[str, NDArray], width: int, height: int) -> PinholeCamera:
    """Intrinsics from the draws ``camera.fov`` (rad) and ``camera.principal_point`` (``(2,)`` shares of the size)."""
    return PinholeCamera.from_fov(float(draws["camera.fov"]), width, height, draws["camera.principal_point"])


def pose_from_draws(draws: Mapping[str, NDArray], centre: ArrayLike, forward: float) -> RigidTransform:
    """Camera pose on a spherical shell around a point, from draws.

    Args:
        draws: ``camera.distance`` (m), ``camera.azimuth`` and ``camera.elevation`` (rad), ``camera.look_at``
            (``(3,)`` m, added to the centre to give the fixation point) and ``camera.roll`` (rad).
        centre: ``(3,)`` centre of the arm, world frame, metres.
        forward: Direction of azimuth zero, as an angle from the world's x axis about z, rad.

    Returns:
        ``world_T_camera`` in OpenCV axes.
    """
    azimuth = forward + float(draws["camera.azimuth"])
    elevation = float(draws["camera.elevation"])
    outward = np.array([np.cos(elevation) * np.cos(azimuth), np.cos(elevation) * np.sin(azimuth), np.sin(elevation)])
    centre = np.asarray(centre, dtype=float)
    eye = centre + float(draws["camera.distance"]) * outward
    return look_at(eye, centre + draws["camera.look_at"], float(draws["camera.roll"]))


@dataclass(frozen=True)
class PoseSway:
    """Smooth periodic deviation of a pose, zero at time zero.

    Each of the six coordinates is a sine with its own period and phase, minus its value at time zero.

    Attributes:
        amplitude: ``(6,)`` metres and radians.
        period: ``(6,)`` seconds.
        phase: ``(6,)`` radians.
    """

    amplitude: NDArray[np.float64]
    period: NDArray[np.float64]
    phase: NDArray[np.float64]

    def offset(self, time_s: float) -> NDArray[np.float64]:
        """``(6,)`` translation (m) and rotation vector (rad) at a time."""
        omega = 2.0 * np.pi / self.period
        return np.asarray(self.amplitude * (np.sin(omega * time_s + self.phase) - np.sin(self.phase)))

    def apply(self, pose: RigidTransform, time_s: float) -> RigidTransform:
        """The pose with the offset: translated in the reference frame, rotated about its own origin."""
        return moved(pose, self.offset(time_s))


@dataclass(frozen=True)
class CameraMotion:
    """Motion of a camera: an orbit about the vertical axis through a point, with the sway of a hand-held camera.

    Attributes:
        start: ``world_T_camera`` at time zero.
        centre: ``(3,)`` point on the axis of the orbit, world frame, metres.
        orbit_amplitude: Amplitude of the oscillating orbit angle, rad.
        orbit_period: Period of the oscillation, seconds.
        sway: Sway of a hand-held camera.
    """

    start: RigidTransform
    centre: NDArray[np.float64]
    orbit_amplitude: float
    orbit_period: float
    sway: PoseSway

    def pose(self, time_s: float) -> RigidTransform:
        """``world_T_camera`` (OpenCV axes) at a time."""
        angle = self.orbit_amplitude * np.sin(2.0 * np.pi * time_s / self.orbit_period)
        R, start = rotation_matrix([0.0, 0.0, angle]), self.start.as_matrix()
        position = self.centre + R @ (start[:3, 3] - self.centre)
        return self.sway.apply(pose_from_matrix(pose_matrix(R @ start[:3, :3], position)), time_s)
