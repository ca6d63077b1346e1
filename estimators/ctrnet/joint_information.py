"""What one image says of the base's pose and of the joint offsets together, to first order."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ctr_env.datasets.frame import Frame

from .hypothesis import PoseHypothesis
from .robot_model import RobotView
from .setup import CameraSetup, Parameters
from .setup_equations import ImageMeasurement

__all__ = [
    "JointInformation",
    "indicated_offsets",
    "indicated_offsets_at",
    "joint_information",
    "offset_gain",
    "undetermined_share",
]

_MISMATCH_RAD = 0.1  # prior standard deviation of joint angles that may belong to another instant


@dataclass(frozen=True)
class JointInformation:
    """What one image says of the base's pose and of joint offsets together, to first order at an estimate.

    The parameters ``x`` are the error twist of ``PoseEstimate.covariance``, then the joint offsets: true joint
    positions less those of the frame, rad. The log-likelihood is ``gradient @ x - 0.5 * x @ information @ x`` up to a
    constant.

    Attributes:
        information: ``(6 + n, 6 + n)`` Fisher information.
        gradient: ``(6 + n,)`` derivative of the log-likelihood.
    """

    information: NDArray[np.float64]
    gradient: NDArray[np.float64]


def joint_information(view: RobotView, hypothesis: PoseHypothesis, keypoint_information: float) -> JointInformation:
    """The normal equations of keypoints and contour at a hypothesis, by pose and joint positions.

    Args:
        view: The image.
        hypothesis: After the last pass, with a pose.
        keypoint_information: Weight of keypoints relative to the contour: their errors are correlated.
    """
    n = len(view.joint_positions)
    setup = CameraSetup(hypothesis.camera_T_base, view.camera, np.zeros(n))
    frame = Frame(view.joint_positions, view.camera, view.time_s, view.image)
    measured = ImageMeasurement(view.model, frame, hypothesis, keypoint_information)
    found = measured.linearised(view, setup, Parameters(("joint_offsets",), n, view.camera.width))
    return JointInformation(found.information, found.force)


def indicated_offsets(found: JointInformation) -> NDArray[np.float64]:
    """``(n,)`` joint offsets (rad) with which the image would fit best, whatever the pose.

    To first order, and maximum a posteriori under a prior of 0.1 rad for each joint. They are large where the joint
    positions are not those of the image, for instance because they were read at another time.
    """
    information, gradient = _of_offsets(found)
    return np.asarray(np.linalg.solve(information, gradient))


def offset_gain(found: JointInformation) -> float:
    """By how much the log-posterior grows from no joint offsets to those of :func:`indicated_offsets`; not negative.

    To first order, with the best pose for each.
    """
    information, gradient = _of_offsets(found)
    return 0.5 * float(gradient @ np.linalg.solve(information, gradient))


def undetermined_share(found: JointInformation) -> float:
    """How much the image leaves open of joint offsets with a prior of 0.1 rad: their standard deviations over that.

    The mean over the joints, 0 to 1. Where it is near 1, for instance where little of the arm is in view, an image
    cannot tell whether the joint positions are its own.
    """
    information, _ = _of_offsets(found)
    return float(np.sqrt(np.clip(np.diag(np.linalg.inv(information)), 0.0, None)).mean()) / _MISMATCH_RAD


def _of_offsets(found: JointInformation) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Information ``(n, n)`` and gradient ``(n,)`` of the joint offsets whatever the pose, under the prior."""
    A, B, D = found.information[:6, :6], found.information[:6, 6:], found.information[6:, 6:]
    gain = np.linalg.pinv(A, hermitian=True)
    information = D - B.T @ gain @ B + np.eye(len(D)) / _MISMATCH_RAD**2
    return information, found.gradient[6:] - B.T @ gain @ found.gradient[:6]


def indicated_offsets_at(found: JointInformation) -> NDArray[np.float64]:
    """The same where the pose is known."""
    D = found.information[6:, 6:]
    return np.asarray(np.linalg.solve(D + np.eye(len(D)) / _MISMATCH_RAD**2, found.gradient[6:]))
