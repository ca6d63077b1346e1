"""The frames of recorded episodes as an error model would have reported them, beside what the estimator reported."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ctr_env.datasets.frame import Frame
from ctr_env.estimators import GroundTruth, PoseEstimate
from ctr_env.estimators.error_model.estimator import CtRNetModelEstimator
from ctr_env.estimators.error_model.view import twist_map, view_arm
from ctr_env.geometry import matrix_twist, pose_from_matrix
from ctr_env.scenes.robots.kinematics import RobotKinematics

from .dataset import camera_of
from .episodes import EpisodeRecord

__all__ = ["Reported", "replayed", "reported"]


@dataclass(frozen=True)
class Reported:
    """Estimates of one episode of T frames, judged by the truth.

    Attributes:
        randomization: Preset.
        valid: ``(T,)`` bool.
        error: ``(T, 6)`` error twists at the views' centres, camera axes, m and rad.
        base_error: ``(T, 2)`` distance (m) and angle (rad) between estimated and true ``camera_T_base``.
        nees: ``(T,)`` normalised squared errors.
        path: ``(T,)`` path from the first frame.
        distance: ``(T,)`` of the view's centre, metres.
        visible_share: ``(T,)`` of the arm's points.
    """

    randomization: str
    valid: NDArray[np.bool_]
    error: NDArray[np.float64]
    base_error: NDArray[np.float64]
    nees: NDArray[np.float64]
    path: NDArray[np.float64]
    distance: NDArray[np.float64]
    visible_share: NDArray[np.float64]


def reported(records: Sequence[EpisodeRecord], kinematics: RobotKinematics) -> list[Reported]:
    """What the recorded estimator reported."""
    return [_judged(r, kinematics, r.estimate, r.covariance, r.valid.astype(bool)) for r in records]


def replayed(
    estimator: CtRNetModelEstimator, records: Sequence[EpisodeRecord], kinematics: RobotKinematics, seed: int
) -> list[Reported]:
    """What an error model reports of the same frames.

    Args:
        estimator: With the model; its preset must be that of the records.
        records: The frames.
        kinematics: The arm.
        seed: Seed of the draws.
    """
    return [_replayed(estimator, record, kinematics, np.random.default_rng([seed, record.seed])) for record in records]


def _replayed(
    estimator: CtRNetModelEstimator, record: EpisodeRecord, kinematics: RobotKinematics, rng: np.random.Generator
) -> Reported:
    camera, found = camera_of(record), list[PoseEstimate]()
    estimator.reset(rng)
    for i, time_s in enumerate(record.time_s.tolist()):
        poses = (pose_from_matrix(poses[i]) for poses in (record.camera_T_base, record.camera_T_ee))
        estimator.observe_truth(GroundTruth(time_s, *poses))
        found.append(estimator.estimate(Frame(record.joint_positions[i], camera, time_s)))
    return _judged(
        record,
        kinematics,
        np.array([estimate.camera_T_base.as_matrix() for estimate in found]),
        np.array([estimate.covariance for estimate in found]),
        np.array([estimate.valid for estimate in found]),
    )


def _judged(
    record: EpisodeRecord,
    kinematics: RobotKinematics,
    estimate: NDArray[np.float64],
    covariance: NDArray[np.float64],
    valid: NDArray[np.bool_],
) -> Reported:
    camera, truth = camera_of(record), record.camera_T_base
    views = [view_arm(kinematics, q, T, camera) for q, T in zip(record.joint_positions, truth, strict=True)]
    twists = [matrix_twist(a, b) for a, b in zip(estimate, truth, strict=True)]
    return Reported(
        record.randomization,
        valid,
        np.array([twist_map(v.centre - T[:3, 3]) @ e for v, T, e in zip(views, truth, twists, strict=True)]),
        np.array([np.linalg.norm(twist.reshape(2, 3), axis=1) for twist in twists]),
        np.array([e @ np.linalg.solve(C, e) for C, e in zip(covariance, twists, strict=True)]),
        np.cumsum([view.path_from(before) for view, before in zip(views, [None, *views[:-1]], strict=True)]),
        np.array([np.linalg.norm(view.centre) for view in views]),
        np.array([view.features[2] for view in views]),
    )
