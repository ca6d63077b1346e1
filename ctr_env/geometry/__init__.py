"""Cameras and rigid transforms: the conventions that every other part shares."""

from .camera import PinholeCamera
from .transforms import look_at, pose_error, pose_to_vector, transform, twist_between, vector_to_pose

__all__ = [
    "PinholeCamera",
    "look_at",
    "pose_error",
    "pose_to_vector",
    "transform",
    "twist_between",
    "vector_to_pose",
]
