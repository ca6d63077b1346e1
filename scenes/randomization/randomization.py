"""Randomisation as data: a distribution and a trigger for every field."""

from __future__ import annotations

import zlib
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ctr_env.errors import ConfigurationError, DataError
from ctr_env.runs.configuration import require_choice
from ctr_env.scenes.world.rooms import ROOMS

from .distributions import Distribution, distribution_from_data
from .fields import FIELDS, Field
from .presets import preset_room, preset_rules

__all__ = ["Draws", "Randomization", "Rule", "check_draws", "make_randomization"]

Draws = dict[str, NDArray[np.float64]]
"""Drawn values by field name."""

_WHEN = ("episode", "frame")
_UNUSED = np.random.default_rng(0)
"""Stands for the generator of draws that need none: making one takes as long as ten of these draws."""


@dataclass(frozen=True)
class Rule:
    """Distribution and trigger of one field."""

    distribution: Distribution
    when: str = "episode"
    """``"episode"`` (once, at reset) or ``"frame"`` (for every image)."""


@dataclass(frozen=True)
class Randomization:
    """A rule for every field.

    Every field and episode has its own random stream. Changing the rule of one field leaves the draws of all others
    unchanged, so that two settings can be compared on otherwise equal episodes.
    """

    rules: Mapping[str, Rule]
    room: str = "plain"
    """Name of the room, one of :data:`~ctr_env.scenes.world.rooms.ROOMS`."""

    @cached_property
    def per_frame(self) -> bool:
        """Whether any field is drawn for every image."""
        return any(rule.when == "frame" for rule in self.rules.values())

    def for_episodes(self, pushing: bool = False) -> Randomization:
        """The rules without those of fields that are made for single images, or for other tasks.

        Args:
            pushing: Whether a block is pushed.

        Raises:
            ConfigurationError: If one of these is not nominal.
        """
        rules = {name: rule for name, rule in self.rules.items() if pushing or not FIELDS[name].pushing}
        for name in [name for name in rules if FIELDS[name].still]:
            if rules.pop(name) != _rule(FIELDS[name], FIELDS[name].nominal):
                raise ConfigurationError(
                    f"{name} (as the preset hard) is made for single images (ctr-env generate, evaluate), not for "
                    f"episodes; leave it at its nominal value, {FIELDS[name].nominal}"
                )
        return Randomization(rules, self.room)

    def changed(self, *groups: str) -> tuple[str, ...]:
        """Names of the fields in some groups whose rules are not their nominal values."""
        return tuple(
            name
            for name, rule in self.rules.items()
            if name.partition(".")[0] in groups and rule != _rule(FIELDS[name], FIELDS[name].nominal)
        )

    def draw(
        self,
        seed: int,
        sizes: Mapping[str, int],
        when: str = "episode",
        index: int = 0,
        groups: tuple[str, ...] | None = None,
    ) -> Draws:
        """Draw the fields with one trigger.

        Args:
            seed: Seed of the episode.
            sizes: Values of the symbolic sizes in field shapes (see
                :class:`~ctr_env.scenes.randomization.fields.Field`).
            when: ``"episode"`` or ``"frame"``.
            index: Number of the frame, or of the attempt where rejected draws are repeated.
            groups: Groups of the fields to draw (``"camera"`` is the group of ``"camera.fov"``); ``None``: all.
        """
        draws = {}
        for name, rule in self.rules.items():
            if rule.when == when and (groups is None or name.partition(".")[0] in groups):
                rng = _UNUSED
                if rule.distribution.random:
                    rng = np.random.default_rng([seed, zlib.crc32(name.encode()), _WHEN.index(when), index])
                draws[name] = rule.distribution.sample(rng, FIELDS[name].shape_for(sizes))
        return draws


def make_randomization(
    config: str | Mapping[str, Any] = "none", camera_distance: tuple[float, float] = (0.9, 1.5)
) -> Randomization:
    """A randomisation from its plain-data form.

    Args:
        config: Name of a preset, or a mapping of field names to distributions that override those of the preset under
            the key ``"preset"`` (default ``"none"``). Distributions have the form of
            :func:`~ctr_env.scenes.randomization.distributions.distribution_from_data` and may contain the trigger
            under ``"when"``: ``{"preset": "mild", "lights.brightness": {"uniform": [0.2, 2.0]}, "image.noise_std":
            {"constant": 0.02, "when": "frame"}}``. The key ``"room"`` names another room than the preset's.
        camera_distance: Nominal range of camera distances, metres; presets widen it.

    Raises:
        ConfigurationError: If a preset, room, field or trigger is unknown, or a distribution is malformed.
    """
    entries = {"preset": config} if isinstance(config, str) else dict(config)
    preset = entries.pop("preset", "none")
    rules = {name: _rule(FIELDS[name], data) for name, data in preset_rules(preset, camera_distance).items()}
    room = entries.pop("room", None) or preset_room(preset)
    require_choice("randomisation room", room, tuple(ROOMS))
    for name, data in entries.items():
        require_choice("randomisation field", name, sorted(FIELDS))
        rules[name] = _rule(FIELDS[name], data)
    return Randomization(rules, room)


def check_draws(draws: Mapping[str, Any], sizes: Mapping[str, int]) -> Draws:
    """Recorded draws as arrays, for replay.

    Raises:
        DataError: If a name is unknown or a value does not have its field's shape.
    """
    checked = {}
    for name, value in draws.items():
        if name not in FIELDS:
            raise DataError(f"unknown draw {name!r}; valid names: {', '.join(sorted(FIELDS))}")
        array = np.asarray(value, dtype=float)
        shape = FIELDS[name].shape_for(sizes)
        if array.shape != shape:
            raise DataError(f"draw {name!r} must have shape {shape}, not {array.shape}")
        checked[name] = array
    return checked


def _rule(field: Field, data: Any) -> Rule:
    when = "episode"
    if isinstance(data, Mapping) and "when" in data:
        data = dict(data)
        when = data.pop("when")
    if when not in _WHEN:
        raise ConfigurationError(f"{field.name}: unknown trigger {when!r}; valid names: {', '.join(_WHEN)}")
    if when == "frame" and not field.per_frame:
        raise ConfigurationError(f"{field.name} can only be drawn per episode, not per frame")
    try:
        distribution = distribution_from_data(data)
        distribution.sample(np.random.default_rng(0), field.shape_for({}))
    except (ValueError, TypeError) as error:
        raise ConfigurationError(f"{field.name}: {error}") from error
    return Rule(distribution, when)
