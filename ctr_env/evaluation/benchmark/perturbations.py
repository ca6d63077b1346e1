"""Perturbations of the servoing benchmark: one quantity each, with the levels of ``servo-bench-v1``."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any

from ctr_env.errors import ConfigurationError
from ctr_env.runs.configuration import require_choice

__all__ = ["DOMAINS", "PERTURBATIONS", "Perturbation", "perturbation_parameters"]

DOMAINS: Mapping[str, tuple[str, str]] = MappingProxyType(
    {
        "classic": ("classic", "plain"),
        "classic-lab": ("classic", "lab"),
        "classic-workshop": ("classic", "workshop"),
        "filament": ("filament", "plain"),
        "filament-lab": ("filament", "lab"),
        "filament-workshop": ("filament", "workshop"),
    }
)
"""Renderer and room by the name of a domain; networks are trained on images of ``classic``."""


@dataclass(frozen=True)
class Perturbation:
    """One axis of perturbations.

    Attributes:
        doc: Meaning and unit of a level.
        levels: Levels of ``servo-bench-v1``, the unperturbed one first.
        visual: Whether it changes images only, so that estimators without images are not affected.
        estimator: Whether it is the field of that name of
            :class:`~ctr_env.estimators.perturbed.PerturbedConfig`.
        scene: Maps a level to parameters of the environment; none where only the estimator is perturbed.
    """

    doc: str
    levels: tuple[Any, ...]
    visual: bool = False
    estimator: bool = False
    scene: Callable[[Any], Mapping[str, Any]] | None = None


def _field(name: str, form: Callable[[float], Any]) -> Callable[[Any], Mapping[str, Any]]:
    return lambda level: {f"randomization.{name}": form(level)}


def _brightness(level: float) -> Mapping[str, Any]:
    return {"randomization.lights.brightness": level, "randomization.lights.ambient": level}


def _domain(level: str) -> Mapping[str, Any]:
    require_choice("perturbation.domain", level, tuple(DOMAINS))
    renderer, room = DOMAINS[level]
    return {"renderer": renderer, "randomization.room": room}


PERTURBATIONS: Mapping[str, Perturbation] = MappingProxyType(
    {
        "delay_s": Perturbation(
            "Time from a frame to its estimate, s.", (0.0, 0.033, 0.067, 0.1, 0.2, 0.4), estimator=True
        ),
        "rate_hz": Perturbation("Frames per second.", (30.0, 15.0, 10.0, 5.0, 2.0, 1.0), estimator=True),
        "dropout": Perturbation("Share of frames that are lost.", (0.0, 0.1, 0.3, 0.5, 0.7, 0.9), estimator=True),
        "pixel_noise_px": Perturbation(
            "Standard deviation of noise on the keypoints' pixels.", (0.0, 0.5, 1.0, 2.0, 4.0, 8.0), estimator=True
        ),
        "image_noise": Perturbation(
            "Standard deviation of noise on the image's values, as a share of full scale.",
            (0.0, 0.02, 0.05, 0.1, 0.2, 0.4),
            visual=True,
            scene=_field("image.noise_std", lambda level: {"constant": level, "when": "frame"}),
        ),
        "position_bias_m": Perturbation(
            "Length of a constant position error of the estimate, m.",
            (0.0, 0.005, 0.01, 0.02, 0.05, 0.1),
            estimator=True,
        ),
        "rotation_bias_rad": Perturbation(
            "Angle of a constant rotation error of the estimate, rad.",
            (0.0, 0.005, 0.01, 0.02, 0.05, 0.1),
            estimator=True,
        ),
        "focal_error": Perturbation(
            "Relative error of the focal length that the estimator believes.",
            (0.0, -0.1, -0.05, -0.02, 0.02, 0.05, 0.1),
            estimator=True,
        ),
        "lens_k1": Perturbation(
            "Radial lens distortion (OpenCV's k1) that the estimator ignores.",
            (0.0, -0.3, -0.2, -0.1, -0.05, 0.05, 0.1),
            estimator=True,
            scene=_field("lens.k1", float),
        ),
        "joint_bias_rad": Perturbation(
            "Standard deviation of constant offsets of the joint encoders, rad.",
            (0.0, 0.002, 0.005, 0.01, 0.02, 0.05),
            scene=_field("sensors.joint_bias", lambda level: {"normal": [0.0, level]}),
        ),
        "joint_skew_s": Perturbation(
            "Age of the joint positions that come with an image, s.", (0.0, 0.02, 0.05, 0.1, 0.2, 0.4), estimator=True
        ),
        "brightness": Perturbation(
            "All lights, as a multiple of the nominal brightness.",
            (1.0, 2.0, 0.5, 0.25, 0.1, 0.05),
            visual=True,
            scene=_brightness,
        ),
        "clutter": Perturbation(
            "Number of objects around the robot.",
            (0, 3, 6, 9, 12),
            visual=True,
            scene=_field("clutter.count", float),
        ),
        "domain": Perturbation(f"Renderer and room: {', '.join(DOMAINS)}.", tuple(DOMAINS), visual=True, scene=_domain),
    }
)
"""Perturbations by name, ``perturbation.NAME`` in a study."""


def perturbation_parameters(levels: Mapping[str, Any]) -> tuple[dict[str, Any], dict[str, Any]]:
    """What perturbations change.

    Args:
        levels: Level by name of the perturbation.

    Returns:
        Fields of :class:`~ctr_env.estimators.perturbed.PerturbedConfig`, and parameters of the environment.

    Raises:
        ConfigurationError: If a perturbation is unknown, or two of them change the same parameter.
    """
    estimator: dict[str, Any] = {}
    scene: dict[str, Any] = {}
    for name, level in levels.items():
        require_choice("perturbation", name, tuple(PERTURBATIONS))
        perturbation = PERTURBATIONS[name]
        if perturbation.estimator:
            estimator[name] = level
        if perturbation.scene is not None:
            try:
                changed = perturbation.scene(level)
            except (TypeError, ValueError) as error:
                raise ConfigurationError(f"perturbation.{name}: {error}") from error
            for key in scene.keys() & changed.keys():
                raise ConfigurationError(f"two perturbations change {key}: {', '.join(levels)}")
            scene |= changed
    return estimator, scene
