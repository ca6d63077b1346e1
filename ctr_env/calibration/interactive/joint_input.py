"""Present joint angles of the robot: from a log, or typed by a person."""

from __future__ import annotations

import re

import numpy as np

from ctr_env.datasets.joint_limits import require_joints
from ctr_env.datasets.joint_log import JointLog, JointReading
from ctr_env.errors import DataError, UsageError
from ctr_env.scenes.robots.kinematics import RobotKinematics

__all__ = ["JointInput"]

_REST_RAD = 0.002  # change between two readings up to which the robot rests
_NEXT_ROW_S = 1.0  # time within which a log is written again


class JointInput:
    """Joint angles that belong to the live image."""

    def __init__(self, kinematics: RobotKinematics, log: JointLog | None = None) -> None:
        """Read a log, or wait for angles that are typed."""
        self._kinematics, self.log = kinematics, log
        self._typed: JointReading | None = None

    def type(self, text: str) -> None:
        """Set joint angles, as numbers in radians in the robot's order with commas or spaces between them.

        Raises:
            DataError: If they are not those of the robot.
            UsageError: If the angles come from a log.
        """
        if self.log is not None:
            raise UsageError(f"joint angles come from {self.log.file}; leave --joints out to type them")
        words = [word for word in re.split(r"[\s,;\[\]()]+", text) if word]
        try:
            positions = np.array([float(word) for word in words])
        except ValueError as error:
            wanted = ", ".join(self._kinematics.robot.arm_joints)
            raise DataError(f"joint angles are numbers in radians ({wanted}), not {text!r}") from error
        self._typed = JointReading(require_joints(self._kinematics, positions), 0.0)

    def read(self) -> JointReading | None:
        """The present joint angles; ``None`` where none have been typed yet.

        Raises:
            DataError: If the log has none.
            MissingFileError: If there is no log yet.
        """
        return self._typed if self.log is None else self.log.newest()

    def confirm_rest(self, before: JointReading) -> None:
        """Check that the robot rested from an earlier reading until now; a log is waited for, which may take a second.

        Raises:
            UsageError: If a joint moved, or the log is not written any more.
            DataError: If the log cannot be used.
            MissingFileError: If it is gone.
        """
        if self.log is not None:
            self.require_rest(before, self.log.next(_NEXT_ROW_S))

    def require_rest(self, before: JointReading, after: JointReading) -> None:
        """Check that the robot did not move between two readings.

        Raises:
            UsageError: If a joint did.
        """
        moved = np.abs(after.positions - before.positions)
        if moved.max() > _REST_RAD:
            name = self._kinematics.robot.arm_joints[int(moved.argmax())]
            raise UsageError(f"the robot moves: {name} changed by {moved.max():.3f} rad meanwhile; let it rest")
