"""Tables of configurations, registries and randomisation, read from the code."""

from __future__ import annotations

import dataclasses
import importlib
import inspect
from collections.abc import Mapping
from typing import Any

from dataclass_docs import field_rows
from markup import code, plain, table

from ctr_env import errors as errors_module
from ctr_env.scenes.randomization.fields import FIELDS, Field
from ctr_env.scenes.randomization.presets import PRESETS, preset_rules
from ctr_env.scenes.robots.catalogue import ROBOTS

_USUAL_DISTANCE = (0.9, 1.5)  # the Panda's; presets scale it
_DRAWN_ALWAYS = ("none", "mild", "strong", "hard")
_ESTIMATORS = {
    "charuco": "pose of a ChArUco board in the gripper, detected in the image",
    "ctrnet": "learned, markerless: mask, keypoints, PnP, contour alignment",
    "ctrnet_model": "the true pose with errors drawn from a model fitted to those of `ctrnet`; renders nothing",
    "ground_truth": "the true pose",
    "noisy": "the true pose with bias, white noise, drift, latency, dropout and outliers",
    "perturbed": "another estimator with delay, lower rate, dropouts, pose errors or wrong inputs",
    "pose_filter": "Kalman filter over another estimator's poses: cameras that move",
    "render_and_compare": "another estimator's pose, refined by differentiable rendering of the silhouette",
    "sliding_window": "robust mean over another estimator's poses: cameras that stand still",
}
_CONTROLLERS = {
    "hybrid": "2½-D visual servoing: image position and depth of the gripper's origin, and its rotation",
    "ibvs": "image-based visual servoing: image positions of points on the gripper",
    "mpc": "model predictive control over a horizon, with the arm's dynamics",
    "open_loop": "the goal of the first estimates, approached by the encoders",
    "pbvs": "position-based visual servoing",
    "switched": "position-based; image-based where the gripper is about to leave the image",
}


def fields(path: str) -> str:
    """Fields of the dataclass ``module:Class``."""
    module, _, name = path.partition(":")
    rows = []
    for field, kind, default, doc in field_rows(getattr(importlib.import_module(module), name)):
        standard = f", default {code(default)}" if default else ""
        rows.append((f"**{code(field)}**<br><small>{code(kind)}{standard}</small>", plain(doc)))
    return table(("field", "meaning"), rows)


def randomization() -> str:
    """Every field that can be randomised, with its distribution in the three presets that differ by strength."""
    rules = {name: preset_rules(name, _USUAL_DISTANCE) for name in _DRAWN_ALWAYS}
    parts = []
    for group in dict.fromkeys(name.partition(".")[0] for name in FIELDS):
        rows = []
        for name, field in FIELDS.items():
            if name.partition(".")[0] == group:
                drawn = [_distribution(rules[preset][name], field) for preset in _DRAWN_ALWAYS]
                rows.append((code(name), f"{plain(field.doc)}{_shape(field)}", *drawn))
        parts.append(f"### `{group}`\n\n" + table(("field", "meaning", *_DRAWN_ALWAYS), rows))
    return "\n".join(parts)


def presets() -> str:
    """What the scene presets (those that stand for a place) set."""
    places = [name for name in PRESETS if name not in _DRAWN_ALWAYS]
    rules = {name: preset_rules(name, _USUAL_DISTANCE) for name in places}
    nominal = {name: {"constant": field.nominal} for name, field in FIELDS.items()}
    rows = []
    for name, field in FIELDS.items():
        if any(rules[place][name] != nominal[name] for place in places):
            rows.append((code(name), *(_distribution(rules[place][name], field) for place in places)))
    return table(("field", *places), rows)


def robots() -> str:
    """The robots that come with the package."""
    rows = [
        (code(name), str(len(robot.arm_joints)), code(robot.base_link), code(robot.end_effector), _list(robot.home))
        for name, robot in ROBOTS.items()
    ]
    return table(("name", "joints", "base link", "end effector", "home, rad"), rows)


def renderers() -> str:
    """Names of the renderers."""
    from ctr_env.scenes.rendering.registry import RENDERERS

    return ", ".join(code(name) for name in RENDERERS)


def errors() -> str:
    """Exceptions by cause."""
    rows = []
    for name in errors_module.__all__:
        cls = getattr(errors_module, name)
        builtin = [base.__name__ for base in cls.__bases__ if base.__module__ == "builtins"]
        rows.append((code(name), ", ".join(map(code, builtin)), plain(inspect.getdoc(cls) or "")))
    return table(("exception", "also a", "raised when"), rows)


def estimators() -> str:
    """The registry of estimators, then the settings of each."""
    from ctr_env.estimators.registry import estimator_entries

    return _registry(estimator_entries(), _ESTIMATORS)


def controllers() -> str:
    """The registry of controllers, then the settings of each."""
    from ctr_env.controllers.registry import controller_entries

    return _registry(controller_entries(), _CONTROLLERS)


def _registry(entries: Mapping[str, Any], meanings: Mapping[str, str]) -> str:
    flags = [each.name for each in dataclasses.fields(next(iter(entries.values()))) if each.type == "bool"]
    rows = [
        (f"[`{name}`](#{name})", meanings[name], *("yes" if getattr(entry, flag) else "–" for flag in flags))
        for name, entry in entries.items()
    ]
    parts = [table(("name", "description", *(code(flag) for flag in flags)), rows)]
    for name, entry in entries.items():
        kind = entry.config_type if hasattr(entry, "config_type") else entry.config
        settings = "No settings.\n" if kind is None else fields(f"{kind.__module__}:{kind.__qualname__}")
        parts.append(f"### `{name}` {{ #{name} }}\n\n{settings}")
    return "\n".join(parts)


def _distribution(rule: Any, field: Field) -> str:
    """A rule in a cell: ``U(a, b)``, ``N(mean, std)``, a list of choices; a dash where it is the nominal value."""
    data = dict(rule) if isinstance(rule, Mapping) else {"constant": rule}
    frame = " per frame" if data.pop("when", "episode") == "frame" else ""
    ((kind, value),) = data.items()
    if kind == "constant":
        return "–" if value == field.nominal and not frame else f"{_list(value)}{frame}"
    if kind == "choice":
        numbers = list(value)
        run = numbers == list(range(int(numbers[0]), int(numbers[0]) + len(numbers)))
        text = f"{numbers[0]:g} … {numbers[-1]:g}" if run and len(numbers) > 5 else _list(numbers)
        if len(numbers) > 12 and not run:
            text = f"{len(numbers)} values from {min(numbers):.3g} to {max(numbers):.3g}"
        return f"one of {text}{frame}"
    names = {"uniform": "U", "log_uniform": "logU", "normal": "N"}
    return f"{names[kind]}({_list(value)}){frame}"


def _list(value: Any) -> str:
    values = value if isinstance(value, list | tuple) else [value]
    return ", ".join(f"{x:.3g}" for x in values)


def _shape(field: Field) -> str:
    return f" `({', '.join(map(str, field.shape))}{',' if len(field.shape) == 1 else ''})`" if field.shape else ""
