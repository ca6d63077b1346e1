"""Scenarios of the servoing benchmark: named sets of environment arguments."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any

from ctr_env.runs.configuration import require_choice

__all__ = ["SCENARIOS", "Scenario", "scenario_parameters"]


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
        "low_light": Scenario(
            "A tenth of the light, and the sensor noise of a high gain.",
            {
                "randomization.lights.brightness": {"uniform": [0.06, 0.14]},
                "randomization.lights.ambient": {"uniform": [0.06, 0.14]},
                "randomization.image.noise_std": _frame({"constant": 0.02}),
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
