"""Recorded episodes as the quantities that the parts of an error model are fitted to."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ctr_env.estimators.error_model.covariance import COVARIANCE_NUMBERS, covariance_to_vector
from ctr_env.estimators.error_model.validity import history
from ctr_env.estimators.error_model.view import ArmView, twist_map, view_arm
from ctr_env.estimators.systematic_error import systematic_covariance
from ctr_env.geometry import PinholeCamera, matrix_twist
from ctr_env.scenes.robots.kinematics import RobotKinematics

from .episodes import EpisodeRecord

__all__ = ["EpisodeData", "camera_of", "episode_data"]

_COLUMNS = (6, COVARIANCE_NUMBERS, 6, 6)


@dataclass(frozen=True)
class EpisodeData:
    """One episode of T frames, of which V are valid.

    Attributes:
        features: ``(T, F)`` features of the views, then one column for each preset, not standardised.
        history: ``(T, 4)`` inputs of the validity chain.
        valid: ``(T,)`` bool.
        path: ``(V,)`` path from the first frame to each valid one.
        errors: ``(V, 6)`` error twists at the views' centres in units of the reported covariances' Cholesky factors.
        covariances: ``(V, 21)`` reported covariances relative to the views.
        gripper: ``(V, 6)`` the observed gripper's error twist (m, rad) in camera axes at its origin; NaN where it was
            not observed.
        pose_at_gripper: ``(V, 6)`` the pose's error twist there.
        rejected: ``(T - V, 2)`` error of poses that are not valid: distance (m) at the view's centre, angle (rad).
    """

    features: NDArray[np.float64]
    history: NDArray[np.float64]
    valid: NDArray[np.bool_]
    path: NDArray[np.float64]
    errors: NDArray[np.float64]
    covariances: NDArray[np.float64]
    gripper: NDArray[np.float64]
    pose_at_gripper: NDArray[np.float64]
    rejected: NDArray[np.float64]


def camera_of(record: EpisodeRecord) -> PinholeCamera:
    """The camera of an episode."""
    (fx, fy, cx, cy), (width, height) = record.intrinsics.tolist(), record.size.tolist()
    return PinholeCamera(fx, fy, cx, cy, width, height)


def episode_data(
    record: EpisodeRecord,
    kinematics: RobotKinematics,
    presets: Sequence[str],
    systematic: tuple[float, float],
) -> EpisodeData:
    """What a record says of the distributions.

    Args:
        record: The record.
        kinematics: The arm.
        presets: Presets in the order of their columns.
        systematic: Standard deviations (m, rad) of the systematic error in the reported covariances.
    """
    camera = camera_of(record)
    views = [
        view_arm(kinematics, q, T, camera) for q, T in zip(record.joint_positions, record.camera_T_base, strict=True)
    ]
    steps = [view.path_from(before) for view, before in zip(views, [None, *views[:-1]], strict=True)]
    chosen = [float(record.randomization == name) for name in presets]
    valid = record.valid.astype(bool)
    rows = [_frame(record, i, views[i], systematic_covariance(*systematic)) for i in np.flatnonzero(valid).tolist()]
    together = np.array(rows).reshape(len(rows), sum(_COLUMNS))
    errors, covariances, gripper, pose_at_gripper = np.split(together, np.cumsum(_COLUMNS)[:-1], axis=1)
    return EpisodeData(
        np.array([[*view.features, *chosen] for view in views]),
        _history(valid, steps),
        valid,
        np.cumsum(steps)[valid],
        errors,
        covariances,
        gripper,
        pose_at_gripper,
        np.array([_rejected(record, i, views[i]) for i in np.flatnonzero(~valid).tolist()]).reshape(-1, 2),
    )


def _frame(record: EpisodeRecord, i: int, view: ArmView, systematic: NDArray[np.float64]) -> NDArray[np.float64]:
    """``(39,)`` errors, covariance, gripper and pose at the gripper of a valid frame; see :class:`EpisodeData`."""
    T, ee = record.camera_T_base[i], record.camera_T_ee[i]
    error = matrix_twist(record.estimate[i], T)
    to_centre = twist_map(view.centre - T[:3, 3])
    covariance = to_centre @ record.covariance[i] @ to_centre.T
    fit = covariance - to_centre @ systematic @ to_centre.T
    seen = np.isfinite(record.gripper[i]).all()
    return np.concatenate(
        [
            np.linalg.solve(np.linalg.cholesky(covariance), to_centre @ error),
            covariance_to_vector(fit, view.factor),
            matrix_twist(record.gripper[i], ee) if seen else np.full(6, np.nan),
            twist_map(ee[:3, 3] - T[:3, 3]) @ error,
        ]
    )


def _rejected(record: EpisodeRecord, i: int, view: ArmView) -> NDArray[np.float64]:
    T = record.camera_T_base[i]
    error = twist_map(view.centre - T[:3, 3]) @ matrix_twist(record.estimate[i], T)
    return np.asarray(np.linalg.norm(error.reshape(2, 3), axis=1))


def _history(valid: NDArray[np.bool_], steps: Sequence[float]) -> NDArray[np.float64]:
    misses: int | None = None
    rows = []
    for each, step in zip(valid, steps, strict=True):
        rows.append(history(misses, step))
        misses = 0 if each else (misses or 0) + 1
    return np.array(rows)
