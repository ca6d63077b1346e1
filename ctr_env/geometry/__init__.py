"""Cameras, lens distortion and rigid transforms: the conventions that all other folders share."""

from .camera import PinholeCamera
from .deferred_transform import DeferredTransform
from .finite import all_finite
from .matrices import (
    inverse_matrix,
    matrix_error,
    matrix_twist,
    moved_matrix,
    pose_from_matrix,
    pose_matrix,
    rotation_matrix,
    rotation_vector,
)
from .transforms import (
    body_matrix,
    body_pose,
    inverse_covariance,
    look_at,
    matrix_to_vector,
    moved,
    pose_error,
    pose_to_vector,
    transform,
    twist_between,
    vector_to_pose,
)
from .undistortion import undistort_image, undistort_pixels

__all__ = [
    "DeferredTransform",
    "PinholeCamera",
    "all_finite",
    "body_matrix",
    "body_pose",
    "inverse_covariance",
    "inverse_matrix",
    "look_at",
    "matrix_error",
    "matrix_to_vector",
    "matrix_twist",
    "moved",
    "moved_matrix",
    "pose_error",
    "pose_from_matrix",
    "pose_matrix",
    "pose_to_vector",
    "rotation_matrix",
    "rotation_vector",
    "transform",
    "twist_between",
    "undistort_image",
    "undistort_pixels",
    "vector_to_pose",
]
