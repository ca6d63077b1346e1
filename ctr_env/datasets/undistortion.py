"""Frames without lens distortion."""

from __future__ import annotations

from dataclasses import replace

from ctr_env.geometry import undistort_image

from .frame import Frame

__all__ = ["undistorted_frame"]


def undistorted_frame(frame: Frame) -> Frame:
    """The frame that the same camera without lens distortion would have taken; the frame itself if it has none."""
    camera = frame.camera
    if not camera.distortion or frame.image is None:
        return frame
    return replace(frame, image=undistort_image(frame.image, camera), camera=camera.undistorted)
