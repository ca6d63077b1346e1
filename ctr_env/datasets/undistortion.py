"""Frames without lens distortion."""

from __future__ import annotations

from dataclasses import replace

import cv2
import numpy as np

from ctr_env.geometry import PinholeCamera

from .frame import Frame

__all__ = ["undistorted_frame"]


def undistorted_frame(frame: Frame) -> Frame:
    """The frame as the same camera without lens distortion would have seen it; the frame itself if it has none."""
    camera = frame.camera
    if not camera.distortion or frame.image is None:
        return frame
    straight: PinholeCamera = replace(camera, distortion=())
    K = camera.opencv_matrix
    image = cv2.undistort(frame.image, K, np.array(camera.distortion), newCameraMatrix=K)
    return replace(frame, image=np.asarray(image, dtype=np.uint8), camera=straight)
