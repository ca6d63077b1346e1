"""The pose of a moving camera from measured poses and the image motion of the static background."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from ctr_env.datasets.frame import Frame
from ctr_env.geometry import PinholeCamera, inverse_matrix, undistort_pixels

from .background_map import BackgroundMap
from .background_tracks import BackgroundTracks
from .bundle_adjustment import Adjusted, adjusted

__all__ = ["ImageMotion", "Keyframe", "PoseMeasurement", "novelty"]

_DEVIATION_PX = 0.5  # standard deviation of a tracked corner
_OUTLIER = 6.0  # standard deviations from which a corner is not part of the static background
_FEWEST = 10  # corners that determine the motion
_RENEWED = 0.6  # share of the corners below which the frame becomes a keyframe, so that new corners are added
_KEYFRAMES = 12
_KEYFRAME_NOVELTY = 0.25  # novelty from which a frame becomes a keyframe
_ITERATIONS = 2  # of the bundle adjustment for each frame
_ROBOT = 0.25  # robot probability from which a pixel is foreground
_MARGIN = 64  # the robot's mask is dilated by the image's width divided by this
_ALIKE_RAD, _ALIKE_VIEW, _ALIKE_S = 0.4, 0.4, 2.0  # see `novelty`


class PoseMeasurement(NamedTuple):
    """A measured pose with the independent part of its error.

    Attributes:
        camera_T_base: ``(4, 4)``.
        information: ``(6, 6)`` inverse covariance, as ``PoseEstimate.covariance``.
    """

    camera_T_base: NDArray[np.float64]
    information: NDArray[np.float64]


class Keyframe(NamedTuple):
    """Where arm and camera were in a keyframe.

    Attributes:
        joints: ``(n,)`` joint positions, rad.
        camera_T_base: ``(4, 4)``.
        time_s: Seconds.
    """

    joints: NDArray[np.float64]
    camera_T_base: NDArray[np.float64]
    time_s: float


def novelty(joints: NDArray[np.float64], camera_T_base: NDArray[np.float64], time_s: float, since: Keyframe) -> float:
    """Share of an independent measurement that a frame adds to an earlier one, 0 to 1.

    A single-frame estimator errs alike in frames of similar joint configurations and views. A frame counts as
    independent after a joint has moved by 0.4 rad, or the camera by 0.4 times the distance of the base, or two seconds
    have passed; smaller changes add up to a share of it.

    Args:
        joints: ``(n,)`` joint positions, rad.
        camera_T_base: ``(4, 4)`` pose.
        time_s: Time, seconds.
        since: The keyframe before.
    """
    centres = [inverse_matrix(pose)[:3, 3] for pose in (camera_T_base, since.camera_T_base)]
    view = np.linalg.norm(centres[0] - centres[1]) / max(float(np.linalg.norm(centres[1])), 1e-3)
    turned = np.abs(joints - since.joints).max(initial=0.0)
    return float(min(turned / _ALIKE_RAD + view / _ALIKE_VIEW + abs(time_s - since.time_s) / _ALIKE_S, 1.0))


class ImageMotion:
    """Keyframes of a moving camera, connected by corners of the background that are tracked from one to the next.

    For every frame, the poses of the keyframes and of the frame and the positions of the corners are adjusted to the
    measured poses and to the corners' pixels (:mod:`.bundle_adjustment`). Thus measurements from many joint
    configurations and views are averaged in spite of the camera's motion. Each weighs by its novelty. Pixels of the
    robot, with a margin, are foreground. Corners that do not move with the background, such as those of shadows, are
    discarded.
    """

    def __init__(self, walk: NDArray[np.float64] | None = None) -> None:
        """Start without keyframes.

        Args:
            walk: ``(6, 6)`` prior covariance of the camera's motion in a second; none: unknown motion.
        """
        self._walk = walk
        self._tracks = BackgroundTracks()
        self.clear()

    def clear(self) -> None:
        """Forget all keyframes."""
        self._tracks.clear()
        self._map: BackgroundMap | None = None
        self._landmarks = np.zeros(0, dtype=int)  # of each tracked corner
        self._newest: Keyframe | None = None
        self._anchored = 0  # corners in the newest keyframe
        self._pose = np.eye(4)  # of the frame before

    def start(self, frame: Frame, mask: NDArray[np.float32], measured: PoseMeasurement) -> None:
        """Forget all keyframes, and make a frame with a known pose the first one.

        Args:
            frame: With an image.
            mask: ``(H, W)`` robot probability.
            measured: Its pose.
        """
        self.clear()
        nothing = np.zeros((0, 2))
        first = BackgroundMap.around(measured.camera_T_base)
        deviation = _DEVIATION_PX / frame.camera.fx
        first = first.with_frame(measured.camera_T_base, *measured, nothing, deviation, frame.time_s)
        self._pose = measured.camera_T_base
        self._add_keyframe(first, frame, *_grey_and_foreground(frame, mask))

    def follow(
        self, frame: Frame, mask: NDArray[np.float32], measured: PoseMeasurement | None
    ) -> tuple[NDArray[np.float64], NDArray[np.float64]] | None:
        """The pose of the next frame.

        Args:
            frame: With an image.
            mask: ``(H, W)`` robot probability.
            measured: The pose measured in this frame, if there is one.

        Returns:
            ``camera_T_base`` ``(4, 4)`` and its covariance ``(6, 6)``; ``None`` where the image shows too little of the
            background of the keyframes.
        """
        if self._map is None or self._newest is None:
            return None
        grey, foreground = _grey_and_foreground(frame, mask)
        self._keep(self._tracks.track(grey, foreground))
        if len(self._landmarks) < _FEWEST or not self._map.information.any():
            return None
        share = novelty(frame.joint_positions, self._pose, frame.time_s, self._newest)
        result = self._adjusted(self._map, frame, measured, share)
        self._keep(result.distances[self._landmarks] < _OUTLIER)
        if len(self._landmarks) < _FEWEST:
            return None
        self._pose = result.map.poses[-1]
        if share >= _KEYFRAME_NOVELTY or len(self._landmarks) < _RENEWED * self._anchored:
            self._add_keyframe(result.map, frame, grey, foreground)
        else:
            self._map = result.map.without_frame(-1)
        return self._pose, result.covariance

    def _adjusted(
        self,
        keyframes: BackgroundMap,
        frame: Frame,
        measured: PoseMeasurement | None,
        share: float,
    ) -> Adjusted:
        """Keyframes and the frame whose corners were tracked last, adjusted to all measurements."""
        bearings = np.full((len(keyframes.coordinates), 2), np.nan)
        bearings[self._landmarks] = _bearings(self._tracks.pixels, frame.camera)
        pose, information = (self._pose, np.zeros((6, 6))) if measured is None else measured
        information = max(share, 1e-6) * information
        deviation = _DEVIATION_PX / frame.camera.fx
        frames = keyframes.with_frame(self._pose, pose, information, bearings, deviation, frame.time_s)
        return adjusted(frames, _ITERATIONS, self._walk)

    def _keep(self, kept: NDArray[np.bool_]) -> None:
        """Forget the corners that are not kept."""
        self._tracks.keep(kept)
        self._landmarks = self._landmarks[kept]

    def _add_keyframe(
        self, frames: BackgroundMap, frame: Frame, grey: NDArray[np.uint8], foreground: NDArray[np.uint8]
    ) -> None:
        """Keep the last frame of a map, with new corners, and forget the oldest frame if there are too many."""
        added = self._tracks.anchor(grey, foreground)
        count = len(frames.coordinates)
        corners = _bearings(self._tracks.pixels[len(self._tracks.pixels) - added :], frame.camera)
        frames = frames.with_landmarks(corners)
        self._landmarks = np.concatenate([self._landmarks, count + np.arange(added)])
        self._anchored = len(self._landmarks)
        if len(frames.poses) > _KEYFRAMES:
            frames = frames.without_frame(0)
        kept = np.isfinite(frames.bearings[..., 0]).sum(axis=0) > 1
        kept[self._landmarks] = True
        self._landmarks = (np.cumsum(kept) - 1)[self._landmarks]
        self._map = frames.with_landmarks_of(kept)
        self._newest = Keyframe(frame.joint_positions, self._map.poses[-1], frame.time_s)


def _bearings(pixels: NDArray[np.float32], camera: PinholeCamera) -> NDArray[np.float64]:
    """``(n, 2)`` normalised image coordinates of OpenCV's pixel coordinates."""
    undistorted = undistort_pixels(pixels.astype(np.float64) + 0.5, camera)
    return np.asarray((undistorted - (camera.cx, camera.cy)) / (camera.fx, camera.fy))


def _grey_and_foreground(frame: Frame, mask: NDArray[np.float32]) -> tuple[NDArray[np.uint8], NDArray[np.uint8]]:
    """``(H, W)`` grey image of a frame, and ones where the robot is or may be."""
    import cv2

    assert frame.image is not None
    size = 2 * (frame.camera.width // _MARGIN) + 1
    foreground = cv2.dilate((mask > _ROBOT).astype(np.uint8), np.ones((size, size), dtype=np.uint8))
    return np.asarray(cv2.cvtColor(frame.image, cv2.COLOR_RGB2GRAY)), np.asarray(foreground)
