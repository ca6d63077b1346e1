"""What the loop believes of itself: apparent error, and the estimate's own."""

from __future__ import annotations

from scipy.spatial.transform import RigidTransform

from ctr_env.geometry import pose_error

from .observation import Snapshot

__all__ = ["Belief"]


class Belief:
    """Errors that hang on the pose estimate, kept from the newest valid one.

    A late estimate is judged by the instant that it was made from: the gripper, the goal and the truth of that frame.

    Attributes:
        known: Whether there has been a valid estimate yet; errors are zero until then.
        apparent_error: Distance (m) and angle (rad) between the goal in the camera frame and where encoders and
        estimate
            put the gripper there. Papers usually quote this one.
        base_T_goal: The goal in the base frame, from an estimate and the goal as seen in the very frame that it was
        made
            from.
        estimate_error: Distance (m) and angle (rad) between estimated and true ``camera_T_base``.
    """

    def __init__(self) -> None:
        """Start without any belief."""
        self.known = False
        self.apparent_error = (0.0, 0.0)
        self.estimate_error = (0.0, 0.0)
        self.base_T_goal: RigidTransform | None = None
        self._past: dict[float, tuple[Snapshot, RigidTransform]] = {}

    def update(self, now: Snapshot, measured_base_T_ee: RigidTransform) -> None:
        """Take a new instant and the gripper's pose by its encoders."""
        self._past[round(now.time_s, 6)] = (now, measured_base_T_ee)
        estimate = now.estimate
        if not estimate.valid:
            return
        made = round(estimate.time_s, 6)
        self._past = {time: entry for time, entry in self._past.items() if time >= made}
        then, base_T_ee = self._past[made]
        self.base_T_goal = estimate.camera_T_base.inv() * then.camera_T_goal
        self.known = True
        self.apparent_error = pose_error(base_T_ee, self.base_T_goal)  # the same in any frame
        self.estimate_error = pose_error(estimate.camera_T_base, then.camera_T_base)
