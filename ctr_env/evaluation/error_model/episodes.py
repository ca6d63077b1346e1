"""Recorded episodes of an estimator: what it reported, and what was true."""

from __future__ import annotations

from dataclasses import dataclass, fields
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ctr_env.envs import ServoEnv
from ctr_env.runs.files import replacing

__all__ = ["EpisodeRecord", "frame_row"]


@dataclass(frozen=True)
class EpisodeRecord:
    """The frames of one episode that an estimator was given, in order of time.

    Attributes:
        seed: Seed of the reset.
        randomization: Preset of the environment.
        size: ``(2,)`` width and height of the images, pixels.
        intrinsics: ``(4,)`` fx, fy, cx, cy, pixels.
        time_s: ``(T,)`` seconds.
        joint_positions: ``(T, n)`` as measured, rad.
        camera_T_base: ``(T, 4, 4)`` true poses.
        camera_T_ee: ``(T, 4, 4)`` true poses of the end effector.
        estimate: ``(T, 4, 4)`` estimated ``camera_T_base``.
        gripper: ``(T, 4, 4)`` observed ``camera_T_ee``; NaN where it was not observed.
        covariance: ``(T, 6, 6)`` reported covariances.
        valid: ``(T,)`` bool.
        reason: ``(T,)`` why not valid.
    """

    seed: int
    randomization: str
    size: NDArray[np.int64]
    intrinsics: NDArray[np.float64]
    time_s: NDArray[np.float64]
    joint_positions: NDArray[np.float64]
    camera_T_base: NDArray[np.float64]
    camera_T_ee: NDArray[np.float64]
    estimate: NDArray[np.float64]
    gripper: NDArray[np.float64]
    covariance: NDArray[np.float64]
    valid: NDArray[np.bool_]
    reason: NDArray[np.str_]

    def save(self, path: Path) -> None:
        """Write as NPZ."""
        with replacing(path) as scratch:
            np.savez_compressed(scratch, **{each.name: getattr(self, each.name) for each in fields(self)})

    @classmethod
    def load(cls, path: Path) -> EpisodeRecord:
        """Read a file of :meth:`save`, without unpickling."""
        with np.load(path, allow_pickle=False) as data:
            arrays: dict[str, Any] = {each.name: data[each.name] for each in fields(cls)}
        arrays |= {"seed": int(arrays["seed"]), "randomization": str(arrays["randomization"])}
        return cls(**arrays)


def frame_row(env: ServoEnv) -> dict[str, Any]:
    """The entries of :class:`EpisodeRecord` for the newest frame of an environment."""
    now = env.snapshot
    gripper = now.estimate.camera_T_ee
    return {
        "time_s": now.time_s,
        "joint_positions": now.joint_positions,
        "camera_T_base": now.camera_T_base_matrix,
        "camera_T_ee": now.camera_T_base_matrix @ now.base_T_ee_matrix,
        "estimate": now.estimate.camera_T_base.as_matrix(),
        "gripper": np.full((4, 4), np.nan) if gripper is None else gripper.as_matrix(),
        "covariance": now.estimate.covariance,
        "valid": now.estimate.valid,
        "reason": now.estimate.reason,
    }
