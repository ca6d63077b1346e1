"""Cameras, lens distortion and rigid transforms: the conventions that all other folders share."""

from .camera import PinholeCamera
from .transforms import (
    body_pose,
    inverse_covariance,
    look_at,
    moved,
    pose_error,
    pose_to_vector,
    transform,
    twist_between,
    vector_to_pose,
)
from .undistortion import undistort_image, undistort_pixels

__all__ = [
    "PinholeCamera",
    "body_pose",
    "inverse_covariance",
    "look_at",
    "moved",
    "pose_error",
    "pose_to_vector",
    "transform",
    "twist_between",
    "undistort_image",
    "undistort_pixels",
    "vector_to_pose",
]
