"""Detection of a ChArUco pattern's corners."""

from __future__ import annotations

from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

__all__ = ["PatternDetector"]

_MIN_PERIMETER, _MAX_PERIMETER = 0.01, 4.0  # of a marker, shares of the whole image's longer side


class PatternDetector:
    """Chessboard corners of one ChArUco pattern in grey images."""

    def __init__(self, pattern: cv2.aruco.CharucoBoard, upscale: int) -> None:
        """Prepare a detector.

        Args:
            pattern: OpenCV's board object.
            upscale: Factor by which images are enlarged before detection; small markers need it.
        """
        markers = cv2.aruco.DetectorParameters()
        markers.cornerRefinementMethod = cv2.aruco.CORNER_REFINE_SUBPIX
        markers.adaptiveThreshWinSizeMax = 43
        markers.errorCorrectionRate = 1.0
        chessboard = cv2.aruco.CharucoParameters()
        chessboard.minMarkers = 1  # corners beside a single visible marker count; outliers are trimmed later
        chessboard.tryRefineMarkers = True
        self._detector, self._upscale = cv2.aruco.CharucoDetector(pattern, chessboard, markers), upscale

    def corners(
        self, grey: NDArray[Any], window: tuple[slice, slice] = (slice(None), slice(None))
    ) -> tuple[NDArray[np.float64], NDArray[np.int64]]:
        """Corners in a window of an image, with the same limits of size as in the whole.

        Args:
            grey: ``(H, W)`` uint8.
            window: Rows and columns.

        Returns:
            ``(N, 2)`` OpenCV pixels of the image (centres at integers), and ``(N,)`` numbers of the corners; 0 to all.
        """
        scale, part = self._upscale, grey[window]
        if scale > 1:
            part = cv2.resize(part, None, fx=scale, fy=scale, interpolation=cv2.INTER_CUBIC)
        side, parameters = scale * max(grey.shape), self._detector.getDetectorParameters()
        parameters.minMarkerPerimeterRate = _MIN_PERIMETER * side / max(part.shape)
        parameters.maxMarkerPerimeterRate = _MAX_PERIMETER * side / max(part.shape)
        self._detector.setDetectorParameters(parameters)
        found: tuple[Any, ...] = tuple(self._detector.detectBoard(part))
        corners, ids = found[:2]
        if ids is None:
            return np.zeros((0, 2)), np.zeros(0, dtype=np.int64)
        # enlarging maps pixel centres i to scale * (i + 0.5) - 0.5
        offset = [window[1].start or 0, window[0].start or 0]
        pixels = (np.asarray(corners, dtype=float).reshape(-1, 2) + 0.5) / scale - 0.5 + offset
        return pixels, np.asarray(ids, dtype=np.int64).ravel()
