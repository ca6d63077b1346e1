"""Cameras and rigid transforms: the conventions that every other part shares."""

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
    "vector_to_pose",
]
