"""Whether a servo reaches a goal from a joint configuration without planning."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray
from scipy.spatial.transform import RigidTransform

from ctr_env.controllers import PBVSController, ServoGoal, ServoState
from ctr_env.geometry import matrix_error
from ctr_env.scenes.world.scene import Scene

__all__ = ["ReachabilityCheck"]

_DT = 0.1
_FIRST_STEPS, _NEXT_STEPS = 35, 10
_TOLERANCE = (1e-3, 5e-3)  # metres, radians: at the initial goal
_FOLLOWING = (0.02, 0.05)  # at the waypoints of a moving one


class ReachabilityCheck:
    """Kinematic servo with the packaged controller at a coarse time step.

    It uses the controller's default settings whatever those of the environment are, so that episodes do not depend on
    them.
    """

    def __init__(self, scene: Scene) -> None:
        """Check goals for a scene's robot; the scene serves to find contacts."""
        self._scene = scene
        self._controller = PBVSController(scene.kinematics, {"continuity_rate": 0.0}, dt=_DT)

    def arrival(
        self, start: NDArray[np.float64], waypoints: Sequence[RigidTransform], patience: float = 1.0
    ) -> NDArray[np.float64] | None:
        """Servo to each ``base_T_goal`` in turn from ``(n,)`` joint positions.

        Args:
            start: Start of the servo, rad.
            waypoints: The goals.
            patience: Time for the first goal as a multiple of the usual 3.5 s.

        Returns:
            ``(n,)`` joint positions at the first waypoint; ``None`` if a waypoint is missed or a contact occurs.
        """
        self._controller.reset()
        q, time, first = start.copy(), 0.0, None
        for number, pose in enumerate(waypoints):
            goal = pose.as_matrix()
            tolerance = _TOLERANCE if number == 0 else _FOLLOWING
            steps = round(patience * _FIRST_STEPS) if number == 0 else _NEXT_STEPS
            for step in range(steps):
                command = self._controller.command(ServoGoal(pose, time), ServoState(q, time))
                q, time = q + _DT * command.joint_velocities, time + _DT
                if step % 2 == 0 and self._touches(q):
                    return None
                if _near(self._scene.kinematics.ee_matrix(q), goal, tolerance):
                    break
            else:
                return None
            first = q.copy() if first is None else first
        return None if self._touches(start) else first

    def _touches(self, joint_positions: NDArray[np.float64]) -> bool:
        self._scene.pose_arm(joint_positions)
        return self._scene.touches()


def _near(pose: NDArray[np.float64], goal: NDArray[np.float64], tolerance: tuple[float, float]) -> bool:
    distance, angle = matrix_error(pose, goal)
    return distance < tolerance[0] and angle < tolerance[1]
