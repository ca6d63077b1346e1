"""Keyframes of a moving camera and landmarks of the static background."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from ctr_env.geometry import inverse_matrix

__all__ = ["BackgroundMap"]

_FARTHER = 2.0  # expected distance of the background, as a multiple of that of the base

_NEAREST = 4.0  # the ground's inverse depth, at most, as a multiple of the scene's


@dataclass(frozen=True)
class BackgroundMap:
    """K frames with measured poses, and N landmarks that some of them see.

    Landmarks are static in the base frame. Each has coordinates ``(x, y, l)`` in a fixed coordinate system, that of the
    camera that saw it first: it lies at ``origin + axes (x, y, 1) exp(-l)``, so that ``l`` is the logarithm of an
    inverse depth (in 1/m).

    Attributes:
        poses: ``(K, 4, 4)`` estimated ``camera_T_base``.
        measured: ``(K, 4, 4)`` measured ``camera_T_base``.
        information: ``(K, 6, 6)`` inverse covariances of the measurements; zero where there is none.
        bearings: ``(K, N, 2)`` normalised image coordinates of the landmarks; NaN where a frame does not see them.
        deviations: ``(K,)`` standard deviations of each frame's bearings.
        times: ``(K,)`` when the frames were taken, seconds, ascending.
        origins: ``(N, 3)`` origins of the landmarks' coordinate systems in the base frame, metres.
        axes: ``(N, 3, 3)`` rotations from these systems to the base frame.
        coordinates: ``(N, 3)`` estimated coordinates.
        offsets: ``(N,)`` prior means of ``l``, less ``scene``.
        scene: Estimated ``l`` of the distant scene.
        expected_scene: Its prior mean.
    """

    poses: NDArray[np.float64]
    measured: NDArray[np.float64]
    information: NDArray[np.float64]
    bearings: NDArray[np.float64]
    deviations: NDArray[np.float64]
    times: NDArray[np.float64]
    origins: NDArray[np.float64]
    axes: NDArray[np.float64]
    coordinates: NDArray[np.float64]
    offsets: NDArray[np.float64]
    scene: float
    expected_scene: float

    @classmethod
    def around(cls, camera_T_base: NDArray[np.float64]) -> BackgroundMap:
        """An empty map of a scene that is seen with the base at this ``(4, 4)`` pose."""
        scene = -float(np.log(_FARTHER * max(float(np.linalg.norm(camera_T_base[:3, 3])), 1e-3)))
        poses, points = np.zeros((0, 4, 4)), np.zeros((0, 3))
        return cls(
            poses, poses, np.zeros((0, 6, 6)), np.zeros((0, 0, 2)), np.zeros(0), np.zeros(0), points,
            np.zeros((0, 3, 3)), points, np.zeros(0), scene, scene,
        )  # fmt: skip

    def with_frame(
        self,
        pose: NDArray[np.float64],
        measured: NDArray[np.float64],
        information: NDArray[np.float64],
        bearings: NDArray[np.float64],
        deviation: float,
        time_s: float = 0.0,
    ) -> BackgroundMap:
        """With another frame, which comes last.

        Args:
            pose: ``(4, 4)`` first guess of its ``camera_T_base``.
            measured: ``(4, 4)`` measurement of it.
            information: ``(6, 6)`` inverse covariance of the measurement.
            bearings: ``(N, 2)`` normalised image coordinates of the landmarks, NaN where they are not seen.
            deviation: Standard deviation of each.
            time_s: When it was taken, seconds.
        """
        return replace(
            self,
            poses=np.concatenate([self.poses, pose[None]]),
            measured=np.concatenate([self.measured, measured[None]]),
            information=np.concatenate([self.information, information[None]]),
            bearings=np.concatenate([self.bearings, bearings[None]]),
            deviations=np.append(self.deviations, deviation),
            times=np.append(self.times, time_s),
        )

    def without_frame(self, index: int) -> BackgroundMap:
        """Without one of the frames."""
        kept = np.delete(np.arange(len(self.poses)), index)
        return replace(
            self,
            poses=self.poses[kept],
            measured=self.measured[kept],
            information=self.information[kept],
            bearings=self.bearings[kept],
            deviations=self.deviations[kept],
            times=self.times[kept],
        )

    def with_landmarks(self, bearings: NDArray[np.float64]) -> BackgroundMap:
        """With landmarks that the last frame sees first, at ``(m, 2)`` normalised image coordinates; they come last."""
        m, frames = len(bearings), len(self.poses)
        base_T_camera = inverse_matrix(self.poses[-1])
        seen = np.full((frames, m, 2), np.nan)
        seen[-1] = bearings
        expected = self._expected(bearings, base_T_camera)
        return replace(
            self,
            bearings=np.concatenate([self.bearings, seen], axis=1),
            origins=np.concatenate([self.origins, np.tile(base_T_camera[:3, 3], (m, 1))]),
            axes=np.concatenate([self.axes, np.tile(base_T_camera[:3, :3], (m, 1, 1))]),
            coordinates=np.concatenate([self.coordinates, np.column_stack([bearings, expected])]),
            offsets=np.concatenate([self.offsets, expected - self.scene]),
        )

    def _expected(self, bearings: NDArray[np.float64], base_T_camera: NDArray[np.float64]) -> NDArray[np.float64]:
        """``(m,)`` first guesses of ``l``: the ground, level with the base, where it is nearer than the scene's mean.

        A small motion of a shallow scene looks nearly the same as the opposite rotation of the reversed relief.
        The guess starts the adjustment on the right side.
        """
        slopes = bearings @ base_T_camera[2, :2] + base_T_camera[2, 2]
        height = base_T_camera[2, 3]
        inverse_depths = -slopes / height if height > 0.0 else np.zeros(len(bearings))
        usual = np.exp(self.scene)
        return np.asarray(np.log(np.clip(inverse_depths, usual, _NEAREST * usual)))

    def with_landmarks_of(self, kept: NDArray[np.bool_]) -> BackgroundMap:
        """With those of the ``(N,)`` landmarks that are kept."""
        return replace(
            self,
            bearings=self.bearings[:, kept],
            origins=self.origins[kept],
            axes=self.axes[kept],
            coordinates=self.coordinates[kept],
            offsets=self.offsets[kept],
        )
