"""Options that several sub-commands share."""

from __future__ import annotations

import argparse
import json
from collections.abc import Mapping
from typing import Any

__all__ = ["add_environment_options", "add_robot_option", "environment_config", "json_mapping", "preset_or_mapping"]


def add_robot_option(parser: argparse.ArgumentParser) -> None:
    """An option that names a robot, or the file that describes it."""
    parser.add_argument(
        "--robot", default="panda", metavar="NAME|FILE",
        help="panda, baxter, baxter_right, or a YAML file that describes another one (default: panda)",
    )  # fmt: skip


def add_environment_options(parser: argparse.ArgumentParser) -> None:
    """Options that choose an environment."""
    parser.add_argument("--robot", default="panda", metavar="NAME", help="panda or baxter (default: panda)")
    parser.add_argument("--task", default="servo", metavar="NAME", help="servo or track (default: servo)")
    parser.add_argument("--moving", metavar="WHAT", help="what moves in track: goal, camera or both (default: goal)")
    parser.add_argument(
        "--estimator", default="ground_truth", metavar="NAME",
        help="ground_truth, noisy, charuco, ctrnet, render_and_compare, sliding_window or pose_filter "
        "(default: ground_truth)",
    )  # fmt: skip
    parser.add_argument("--estimator-config", type=json_mapping, metavar="JSON", help="such as '{\"latency_s\": 0.1}'")
    parser.add_argument(
        "--controller-config", type=json_mapping, metavar="JSON", help='such as \'{"feature": "image"}\''
    )
    parser.add_argument(
        "--randomization", type=preset_or_mapping, default="none", metavar="PRESET|JSON",
        help="none, mild, strong, lab, workshop, or a JSON mapping of fields with an optional \"preset\" "
        "(default: none)",
    )  # fmt: skip
    parser.add_argument("--renderer", default="classic", metavar="NAME", help="classic (default), filament or mitsuba")
    parser.add_argument(
        "--width", type=int, metavar="PX", help="image width (default: what the estimator is meant for)"
    )
    parser.add_argument("--height", type=int, metavar="PX", help="image height (likewise)")


def environment_config(options: argparse.Namespace) -> dict[str, Any]:
    """Keyword arguments of the environment, but for robot and task, that were given."""
    names = (
        *(
            "moving",
            "estimator",
            "estimator_config",
            "controller_config",
            "randomization",
            "renderer",
            "width",
            "height",
        ),
    )
    return {name: getattr(options, name) for name in names if getattr(options, name) is not None}


def json_mapping(text: str) -> dict[str, Any]:
    """A JSON object from the command line.

    Raises:
        argparse.ArgumentTypeError: If it is not one.
    """
    try:
        value = json.loads(text)
    except json.JSONDecodeError as error:
        raise argparse.ArgumentTypeError(f"not JSON ({error}): {text!r}") from error
    if not isinstance(value, Mapping):
        raise argparse.ArgumentTypeError(f"a JSON object {{...}} is needed, not {text!r}")
    return dict(value)


def preset_or_mapping(text: str) -> str | dict[str, Any]:
    """A preset's name, or a JSON object.

    Raises:
        argparse.ArgumentTypeError: If it starts like an object and is none.
    """
    return json_mapping(text) if text.lstrip().startswith("{") else text
