"""Scenarios of the servoing benchmark: named sets of environment arguments."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any

import numpy as np

from ctr_env.runs.configuration import require_choice
from ctr_env.scenes.world.textures import TEXTURES

__all__ = ["SCENARIOS", "Scenario", "scenario_parameters"]

_PI = float(np.pi)
_HALF_TURN = 177.0 / 180.0 * _PI  # rad


@dataclass(frozen=True)
class Scenario:
    """A situation in which systems are compared.

    Attributes:
        doc: What is special about it.
        parameters: Parameters of a study's cell (dotted keys) that bring it about; everything else, such as the
            randomisation preset, is the study's.
        visual: Whether it changes images only, so that estimators without images are not affected.
    """

    doc: str
    parameters: Mapping[str, Any]
    visual: bool = False


def _rotation(angle: float) -> dict[str, Any]:
    """A goal rotated about the optical axis of a camera that looks down, along the gripper."""
    return {
        "randomization.task.optical_rotation": {"choice": [-angle, angle]},
        "randomization.camera.elevation": {"uniform": [1.15, 1.45]},
        "randomization.camera.min_arm_in_view": 0.4,
    }


def _frame(data: Mapping[str, Any]) -> dict[str, Any]:
    return {**data, "when": "frame"}


SCENARIOS: Mapping[str, Scenario] = MappingProxyType(
    {
        "static": Scenario("Goal and camera stand still.", {}),
        "moving_goal": Scenario(
            "The goal oscillates in all six coordinates, by 5 cm and 0.1 rad within 6 to 10 s.",
            {"task": "track", "moving": "goal"},
        ),
        "moving_camera": Scenario(
            "The camera orbits the arm by up to 0.25 rad within 12 s, and sways as if hand-held.",
            {"task": "track", "moving": "camera"},
        ),
        "rotation_90": Scenario(
            "The goal is the start rotated by 90° about the optical axis of a camera above, and moved by up to 5 cm.",
            _rotation(np.pi / 2) | {"randomization.task.optical_offset": {"uniform": [-0.05, 0.05]}},
        ),
        "rotation_180": Scenario(
            "The same with 177°: the shorter way round is defined, and stays so with noise.",
            _rotation(_HALF_TURN) | {"randomization.task.optical_offset": {"uniform": [-0.05, 0.05]}},
        ),
        "retreat": Scenario(
            "A rotation by 177° about the optical axis, on which the gripper lies: image-based control moves the "
            "gripper along the axis (Chaumette, 1998).",
            _rotation(_HALF_TURN)
            | {
                "randomization.camera.on_gripper": 1.0,
                "randomization.camera.look_at": 0.0,
                "randomization.camera.principal_point": 0.5,
            },
        ),
        "near_joint_limits": Scenario(
            "A joint arrives within 0.12 rad of one of its stops.",
            {"randomization.task.max_stop_distance": 0.12, "randomization.task.goal": {"uniform": [-0.45, 0.45]}},
        ),
        "near_singularity": Scenario(
            "The arm arrives where the smallest singular value of its Jacobian is below 0.035 m/rad (a radian counts "
            "0.3 m): a quarter to a third of its value at home.",
            {"randomization.task.max_singular_value": 0.035, "randomization.task.goal": {"uniform": [-0.8, 0.8]}},
        ),
        "partly_out_of_view": Scenario(
            "A fifth to six tenths of the arm are in the image, the goal among it.",
            {
                "randomization.camera.min_arm_in_view": 0.2,
                "randomization.camera.max_arm_in_view": 0.6,
                "randomization.camera.look_at": {"uniform": [-0.5, 0.5]},
            },
        ),
        "occluded": Scenario(
            "Three objects stand between camera and arm.",
            {
                "randomization.occluders.count": 3.0,
                "randomization.occluders.depth": {"uniform": [0.5, 0.75]},
                "randomization.occluders.offset": {"uniform": [-0.45, 0.45]},
                "randomization.occluders.size": {"uniform": [0.08, 0.2]},
                "randomization.occluders.rotation": {"uniform": [-_PI, _PI]},
                "randomization.occluders.colour": {"uniform": [0.05, 0.95]},
            },
            visual=True,
        ),
        "low_light": Scenario(
            "A tenth of the light, and the sensor noise of a high gain.",
            {
                "randomization.lights.brightness": {"uniform": [0.06, 0.14]},
                "randomization.lights.ambient": {"uniform": [0.06, 0.14]},
                "randomization.image.noise_std": _frame({"constant": 0.02}),
            },
            visual=True,
        ),
        "lab_clutter": Scenario(
            "The scene preset of a laboratory with a second arm, and twelve objects around the robot.",
            {
                "randomization.room": "lab",
                "randomization.clutter.count": 12.0,
                "randomization.clutter.azimuth": {"uniform": [-_PI, _PI]},
                "randomization.clutter.distance": {"uniform": [1.1, 2.2]},
                "randomization.clutter.height": {"uniform": [0.1, 1.6]},
                "randomization.clutter.size": {"log_uniform": [0.03, 0.25]},
                "randomization.clutter.rotation": {"uniform": [-_PI, _PI]},
                "randomization.clutter.colour": {"uniform": [0.05, 0.95]},
                "randomization.clutter.texture": {"choice": list(range(len(TEXTURES)))},
            },
            visual=True,
        ),
    }
)
"""Scenarios by name."""


def scenario_parameters(name: str) -> Mapping[str, Any]:
    """The parameters of a scenario.

    Raises:
        ConfigurationError: If the name is unknown.
    """
    require_choice("scenario", name, tuple(SCENARIOS))
    return SCENARIOS[name].parameters
