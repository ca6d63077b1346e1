"""Proposals of the next joint configuration while images are taken."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cached_property

import numpy as np
from numpy.typing import NDArray
from scipy.spatial.transform import RigidTransform

from ctr_env.calibration.next_configuration import NextConfiguration, PoseInformation, ranked
from ctr_env.calibration.reachable import ReachableConfigurations
from ctr_env.geometry import PinholeCamera
from ctr_env.scenes.robots.kinematics import RobotKinematics

from .evidence import Evidence

__all__ = ["Proposals"]

_CANDIDATES = 150


class Proposals:
    """Proposes the most informative joint configuration that the arm reaches by a straight motion in joint space."""

    def __init__(self, kinematics: RobotKinematics, camera: PinholeCamera, seed: int = 0) -> None:
        """Prepare for a robot and a camera without lens distortion; draws follow from the seed."""
        self._kinematics, self._camera, self._seed = kinematics, camera, seed

    @cached_property
    def _reachable(self) -> ReachableConfigurations:
        return ReachableConfigurations(self._kinematics.robot, self._camera)

    def best(
        self,
        pose: RigidTransform,
        evidence: Evidence | None,
        start: NDArray[np.float64] | None,
        unwanted: Sequence[NDArray[np.float64]] = (),
    ) -> NextConfiguration | None:
        """The best proposal; ``None`` if no sampled joint configuration is in view and reachable.

        Args:
            pose: ``camera_T_base`` as far as it is known.
            evidence: What the images taken say; ``None``: there are none.
            start: ``(n,)`` present joint positions, rad; ``None``: unknown, so that no path is checked.
            unwanted: ``(n,)`` joint positions to keep away from, rad: proposals that were turned down, and those of
                images without a valid estimate.
        """
        taken = [] if evidence is None else list(evidence.configurations)
        independent = None if evidence is None else evidence.fused.independent
        rng = np.random.default_rng([self._seed, len(taken), len(unwanted)])
        candidates = self._reachable.sample(pose, _CANDIDATES, rng)
        information = PoseInformation.scaled(self._kinematics, self._camera, pose, taken, independent)
        for each in ranked(candidates, [*taken, *unwanted], information, independent):
            if start is None or self._reachable.path_is_free(start, each.joint_positions):
                return each
        return None
