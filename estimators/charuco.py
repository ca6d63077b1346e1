"""The classical baseline: a ChArUco board in the gripper, chained to the base through the kinematics."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray
from scipy.spatial.transform import RigidTransform, Rotation

from ctr_env.datasets.frame import Frame
from ctr_env.errors import DataError
from ctr_env.geometry import PinholeCamera, transform
from ctr_env.runs.configuration import config_from_mapping, require_range
from ctr_env.scenes.robots.kinematics import RobotKinematics
from ctr_env.scenes.world.fiducials import FACES, board_transform, robot_board

from .base import PoseEstimate, PoseEstimator
from .board_detection import PatternDetector
from .board_pose import (
    BoardCorners,
    BoardPose,
    collinear,
    cross_matrix,
    frame_pixels,
    opencv_corners,
    planar_poses,
    reprojected,
    reprojection_jacobian,
)

__all__ = ["CharucoConfig", "CharucoEstimator"]

_OUTLIER = 3.0  # multiple of the median residual from which on a corner is an outlier
_MARGIN = 0.75  # around the last corners, share of their extent


@dataclass(frozen=True, kw_only=True)
class CharucoConfig:
    """Acceptance limits of a board detection."""

    min_corners: int = 6
    """Fewest chessboard corners of a valid estimate."""
    max_reprojection_px: float = 1.5
    """Largest root mean square reprojection error, pixels."""
    max_obliqueness_rad: float = 1.25
    """Largest angle between the board's normal and the line of sight, radians."""
    min_evidence: float = 10.0
    """Least evidence for the better of a planar board's two poses: twice the difference of their log-likelihoods."""
    corner_noise_px: float = 0.15
    """Lower bound of the standard deviation of corner positions, pixels."""
    upscale: int = 2
    """Factor by which images are enlarged before detection; small markers need it."""

    def __post_init__(self) -> None:
        """Check every value."""
        require_range(self, 4, 100, "min_corners")
        require_range(self, 0.01, 100.0, "max_reprojection_px", "corner_noise_px")
        require_range(self, 0.0, np.pi / 2, "max_obliqueness_rad")
        require_range(self, 0.0, 1e6, "min_evidence")
        require_range(self, 1, 8, "upscale")


class CharucoEstimator(PoseEstimator):
    """ChArUco detection, planar PnP, and the chain camera → board → gripper → base.

    Estimates are not valid when the board is out of view (``"board_not_in_view"``) or seen too obliquely
    (``"board_too_oblique"``), when it fits badly (``"reprojection_error"``), when the detected corners are collinear
    (``"corners_collinear"``), when no pose of the board projects to them (``"degenerate"``), or when its two planar
    poses fit equally well (``"pose_ambiguous"``). The covariance is the corners' noise propagated through PnP and the
    chain; it does not contain errors of kinematics and encoders.

    The board is looked for where the last image showed it, which takes a fraction of the time, and then everywhere.
    """

    needs_image = True
    needs_board = True
    sees_gripper = True
    image_size = (640, 480)

    def __init__(self, kinematics: RobotKinematics, config: CharucoConfig | Mapping[str, Any] | None = None) -> None:
        """Prepare the detectors.

        Args:
            kinematics: The arm that holds the board.
            config: Thresholds.

        Raises:
            ConfigurationError: If a field is unknown or out of range.
        """
        self.config = config_from_mapping(CharucoConfig, config)
        self._kinematics = kinematics
        self._board = robot_board(kinematics.robot)
        self._ee_T_board = board_transform(kinematics.robot)
        self._detectors = {face: PatternDetector(self._board.pattern(face), self.config.upscale) for face in FACES}
        self._last: BoardCorners | None = None

    def reset(self, rng: np.random.Generator) -> None:
        """Forget where the board was; nothing is random."""
        self._last = None

    def estimate(self, frame: Frame) -> PoseEstimate:
        """Pose from the board in the image.

        Raises:
            DataError: If the frame has no image.
        """
        if frame.image is None:
            raise DataError("the charuco estimator needs Frame.image")
        detection = self._find(frame.image)
        if detection is None:
            return PoseEstimate.invalid("board_not_in_view", frame.time_s)
        detection, camera = opencv_corners(detection, frame.camera)
        if collinear(detection):
            return PoseEstimate.invalid("corners_collinear", frame.time_s)
        detection = self._trimmed(detection, camera)
        poses = planar_poses(detection, camera)
        if not poses:
            return PoseEstimate.invalid("degenerate", frame.time_s)
        found, reason = poses[0], self._rejection(detection, poses)
        base_T_board = self._kinematics.base_T_ee(frame.joint_positions) * self._ee_T_board
        camera_T_board = transform(found.translation, Rotation.from_rotvec(found.rotvec))
        camera_T_base = camera_T_board * base_T_board.inv()
        covariance = self._covariance(detection, found, camera, camera_T_board, camera_T_base)
        return PoseEstimate(
            camera_T_base=camera_T_base,
            covariance=covariance,
            valid=not reason,
            time_s=frame.time_s,
            reason=reason,
            keypoints_px=frame_pixels(detection, frame.camera),
            keypoint_confidence=np.ones(len(detection.pixels)),
            camera_T_ee=camera_T_board * self._ee_T_board.inv(),
        )

    def _find(self, image: NDArray[np.uint8]) -> BoardCorners | None:
        """The board: where it was in the last image, if it is still there, or anywhere."""
        grey = cv2.cvtColor(image, cv2.COLOR_RGB2GRAY)
        last, found = self._last, None
        if last is not None:
            window = _window(last.pixels, grey.shape, _MARGIN)
            found = self._find_within(grey, window, (last.face,))
            if found is not None and not _contains(window, _window(found.pixels, grey.shape, 0.5 * _MARGIN)):
                found = None  # more of it may lie outside
        if found is None:
            found = self._find_within(grey, (slice(None), slice(None)), FACES)
        self._last = found
        return found

    def _find_within(
        self, grey: NDArray[Any], window: tuple[slice, slice], faces: Iterable[str]
    ) -> BoardCorners | None:
        """The first of some faces that is in a part of the image."""
        for face in faces:  # no image shows both faces
            pixels, ids = self._detectors[face].corners(grey, window)
            if len(ids) >= self.config.min_corners:
                return BoardCorners(pixels, self._board.corners(face)[ids], face)
        return None

    def _trimmed(self, detection: BoardCorners, camera: PinholeCamera) -> BoardCorners:
        """The detection without corners that do not fit, such as those on occluding fingers or of misread markers."""
        while len(detection.pixels) > self.config.min_corners:
            poses = planar_poses(detection, camera)
            if not poses:
                break
            residuals = np.linalg.norm(reprojected(detection, poses[0], camera) - detection.pixels, axis=1)
            worst = int(np.argmax(residuals))
            if residuals[worst] < max(_OUTLIER * np.median(residuals), 2.0 * self.config.corner_noise_px):
                break
            keep = np.arange(len(residuals)) != worst
            rest = BoardCorners(detection.pixels[keep], detection.points[keep], detection.face)
            if collinear(rest):
                break
            detection = rest
        return detection

    def _rejection(self, detection: BoardCorners, poses: list[BoardPose]) -> str:
        """Why the best of one or two poses of the board is not valid; empty if it is."""
        best = poses[0]
        R = Rotation.from_rotvec(best.rotvec)
        sight = best.translation / np.linalg.norm(best.translation)
        obliqueness = np.arccos(np.clip(-sight @ R.apply(self._board.normal(detection.face)), -1.0, 1.0))
        if best.rms > self.config.max_reprojection_px:
            return "reprojection_error"
        if obliqueness > self.config.max_obliqueness_rad:
            return "board_too_oblique"
        if len(poses) > 1:
            squares = len(detection.pixels) * (poses[1].rms ** 2 - best.rms**2)
            if squares / self._corner_variance(detection, best) < self.config.min_evidence:
                return "pose_ambiguous"
        return ""

    def _corner_variance(self, detection: BoardCorners, found: BoardPose) -> float:
        """Variance of each corner coordinate, px²: that of the residuals, but at least that of ``corner_noise_px``."""
        degrees = max(2 * len(detection.pixels) - 6, 1)
        return float(max(found.rms**2 * len(detection.pixels) / degrees, self.config.corner_noise_px**2))

    def _covariance(
        self,
        detection: BoardCorners,
        found: BoardPose,
        camera: PinholeCamera,
        camera_T_board: RigidTransform,
        camera_T_base: RigidTransform,
    ) -> NDArray[np.float64]:
        """Covariance of the error twist at the base origin (see PoseEstimate.covariance) from the corners' noise."""
        J = reprojection_jacobian(detection, found, camera)
        at_board = self._corner_variance(detection, found) * np.linalg.pinv(J.T @ J)
        # a small rotation w about the board's origin also moves the base's origin by w x (its offset)
        offset = camera_T_base.translation - camera_T_board.translation
        carry = np.eye(6)
        carry[:3, 3:] = -cross_matrix(offset)
        return np.asarray(carry @ at_board @ carry.T)


def _window(pixels: NDArray[np.float64], shape: tuple[int, ...], share: float) -> tuple[slice, slice]:
    """Rows and columns of an image around ``(N, 2)`` corners, with a share of their extent on every side."""
    low, high = pixels.min(axis=0), pixels.max(axis=0)
    margin = share * float((high - low).max())
    first = np.clip(np.floor(low - margin), 0, None).astype(int)
    end = np.minimum(np.ceil(high + margin).astype(int) + 1, shape[1::-1])
    return slice(int(first[1]), int(end[1])), slice(int(first[0]), int(end[0]))


def _contains(outer: tuple[slice, slice], inner: tuple[slice, slice]) -> bool:
    return all(o.start <= i.start and i.stop <= o.stop for o, i in zip(outer, inner, strict=True))
