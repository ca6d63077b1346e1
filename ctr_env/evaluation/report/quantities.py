"""The metrics that a report shows: their labels, units and meaning."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

__all__ = ["ACCURACY", "ALL", "CONSTRAINTS", "ESTIMATION", "MOTION", "OBSERVATION", "Quantity", "quantity"]

_DEG = float(np.degrees(1.0))


@dataclass(frozen=True)
class Quantity:
    """A metric of an episode as it is shown to a reader.

    Attributes:
        key: Name of the metric in the rows of a study.
        label: Its name in words.
        unit: Unit that it is shown in; empty for ratios and counts.
        scale: What a value is multiplied by to be in that unit.
        meaning: One sentence.
    """

    key: str
    label: str
    unit: str
    scale: float
    meaning: str

    @property
    def heading(self) -> str:
        """Label and unit."""
        return f"{self.label} ({self.unit})" if self.unit else self.label


ACCURACY = (
    Quantity(
        *("true_position_error_m", "true position error", "mm", 1e3),
        "Distance between gripper and goal in the simulator, mean of the last second.",
    ),
    Quantity(
        *("true_rotation_error_rad", "true rotation error", "deg", _DEG),
        "Angle between gripper and goal in the simulator, mean of the last second.",
    ),
    Quantity(
        *("settling_time_s", "settling time", "s", 1.0),
        "Time after which both true errors stay within the tolerances of success, or with a block to be grasped or "
        "pushed, after which the episode stays a success; undefined if they do not.",
    ),
)
"""What the robot achieved."""

ESTIMATION = (
    Quantity(
        *("apparent_position_error_m", "apparent position error", "mm", 1e3),
        "Distance between gripper and goal as the estimate and the encoders have it, mean of the last second.",
    ),
    Quantity(
        *("apparent_rotation_error_rad", "apparent rotation error", "deg", _DEG),
        "Angle between gripper and goal as the estimate and the encoders have it, mean of the last second.",
    ),
    Quantity(
        *("estimate_position_error_m", "estimate position error", "mm", 1e3),
        "Distance between estimated and true camera-to-base pose, mean of the last second.",
    ),
    Quantity(
        *("estimate_rotation_error_rad", "estimate rotation error", "deg", _DEG),
        "Angle between estimated and true camera-to-base pose, mean of the last second.",
    ),
    Quantity("valid_share", "valid estimates", "%", 100.0, "Share of the frames with a valid estimate."),
)
"""What the estimator achieved, and what the controller believed."""

OBSERVATION = (
    Quantity(
        *("episode_estimate_position_error_m", "estimate position error, whole episode", "mm", 1e3),
        "Distance between estimated and true camera-to-base pose, mean of the episode.",
    ),
    Quantity(
        *("episode_estimate_rotation_error_rad", "estimate rotation error, whole episode", "deg", _DEG),
        "Angle between estimated and true camera-to-base pose, mean of the episode.",
    ),
    Quantity(
        *("estimate_position_std_m", "claimed position deviation", "mm", 1e3),
        "Standard deviation of the estimated position by its covariance, mean of the last second.",
    ),
    Quantity(
        *("episode_estimate_position_std_m", "claimed position deviation, whole episode", "mm", 1e3),
        "The same, mean of the episode.",
    ),
    Quantity("visible_share", "visible share", "%", 100.0, "Share of the arm that is visible, mean of the episode."),
)
"""How well the arm could be observed."""

MOTION = (
    Quantity(
        *("settling_time_5pct_s", "settling time (5 %)", "s", 1.0),
        "Time after which the true errors stay below 5 % of their first values.",
    ),
    Quantity(
        *("apparent_settling_time_s", "apparent settling time", "s", 1.0),
        "Time after which the apparent errors stay within the tolerances of success.",
    ),
    Quantity(
        "overshoot_m", "overshoot", "mm", 1e3, "Largest distance beyond the goal, along the first direction to it."
    ),
    Quantity("path_ratio", "path ratio", "", 1.0, "Length of the gripper's path divided by the distance covered."),
)
"""How the gripper approached its goal."""

CONSTRAINTS = (
    Quantity(
        *("max_image_excursion", "image excursion", "", 1.0),
        "Largest distance of the gripper from the image centre, in halves of its size; out of view above 1.",
    ),
    Quantity(
        "lost_from_view_share", "lost from view", "%", 100.0, "Share of the frames with the gripper outside the image."
    ),
    Quantity("limit_hits", "limit hits", "", 1.0, "Number of times that a joint reached its limit."),
    Quantity("joint_limit_time_s", "time at a limit", "s", 1.0, "Time with a joint near its stop."),
    Quantity(
        "peak_joint_velocity_rad_s", "peak joint velocity", "rad/s", 1.0, "Largest joint velocity of the episode."
    ),
    Quantity("peak_joint_jerk_rad_s3", "peak joint jerk", "rad/s³", 1.0, "Largest joint jerk of the episode."),
)
"""How close it came to the borders of image and joints."""

ALL = (*ACCURACY, *ESTIMATION, *OBSERVATION, *MOTION, *CONSTRAINTS)
"""All quantities that have a label."""

_BY_KEY = {each.key: each for each in ALL}


def quantity(key: str) -> Quantity:
    """The quantity of a metric; one that is not listed here is shown as it is stored."""
    return _BY_KEY.get(key, Quantity(key, key.replace("_", " "), "", 1.0, ""))
