"""Controllers by name: how each is made from its configuration."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Any

from ctr_env.errors import ConfigurationError
from ctr_env.runs.configuration import require_choice
from ctr_env.runs.importing import import_factory, names_factory
from ctr_env.scenes.robots.kinematics import RobotKinematics

from .base import Controller
from .config import PBVSConfig
from .hybrid import HybridConfig, HybridController
from .ibvs import IBVSConfig, IBVSController
from .mpc import MPCConfig, make_mpc
from .open_loop import OpenLoopConfig, OpenLoopController
from .pbvs_controller import PBVSController
from .switched import SwitchedConfig, SwitchedController

__all__ = [
    "ControllerEntry",
    "Factory",
    "controller_entries",
    "controller_names",
    "make_controller",
    "register_controller",
]

Factory = Callable[[RobotKinematics, Any, float], Controller]
"""Makes a controller from the arm's kinematics, its configuration (a mapping of fields, or the config object) and the
time between two commands, seconds."""


@dataclass(frozen=True, kw_only=True)
class ControllerEntry:
    """A registered controller: how it is made, and its configuration.

    Whether it needs to see the gripper depends on its configuration: ask :attr:`Controller.needs_gripper`.
    """

    factory: Factory
    """Makes the controller."""
    config: type[Any] | None = None
    """Config dataclass; ``None``: no configuration that is known here."""
    tracking: Mapping[str, Any] = field(default_factory=dict)
    """Fields of the configuration whose defaults differ where goal or camera move."""


_FOLLOW = {"feed_forward": "estimate"}
_ENTRIES: dict[str, ControllerEntry] = {
    "hybrid": ControllerEntry(factory=HybridController, config=HybridConfig, tracking=_FOLLOW),
    "ibvs": ControllerEntry(factory=IBVSController, config=IBVSConfig, tracking=_FOLLOW),
    "mpc": ControllerEntry(factory=make_mpc, config=MPCConfig, tracking=_FOLLOW),
    "open_loop": ControllerEntry(factory=OpenLoopController, config=OpenLoopConfig),
    "pbvs": ControllerEntry(factory=PBVSController, config=PBVSConfig, tracking=_FOLLOW),
    "switched": ControllerEntry(factory=SwitchedController, config=SwitchedConfig, tracking=_FOLLOW),
}


def controller_names() -> tuple[str, ...]:
    """Names that :func:`make_controller` accepts, in alphabetical order."""
    return tuple(sorted(_ENTRIES))


def controller_entries() -> Mapping[str, ControllerEntry]:
    """The registered controllers by name, in alphabetical order."""
    return MappingProxyType({name: _ENTRIES[name] for name in controller_names()})


def register_controller(
    name: str,
    factory: Factory,
    *,
    config: type[Any] | None = None,
    tracking: Mapping[str, Any] = MappingProxyType({}),
) -> None:
    """Make a controller available by name.

    Args:
        name: Name for ``controller="..."``.
        factory: Called with the arm's kinematics, the user's configuration (an empty mapping if there is none) and the
            time between two commands (s).
        config: Config dataclass, which makes its fields options of the command line.
        tracking: See :attr:`ControllerEntry.tracking`.

    Raises:
        ConfigurationError: If the name is taken.
    """
    if name in _ENTRIES:
        raise ConfigurationError(f"a controller named {name!r} exists already; names: {', '.join(controller_names())}")
    _ENTRIES[name] = ControllerEntry(factory=factory, config=config, tracking=dict(tracking))


def make_controller(
    controller: str | Controller,
    config: Any,
    kinematics: RobotKinematics,
    dt: float = 1.0 / 30.0,
    *,
    tracking: bool = False,
) -> Controller:
    """A controller by name and configuration; an object is returned as it is.

    Args:
        controller: A registered name, ``"module:factory"`` of a :data:`Factory` in a module of your own, or a
            controller.
        config: Its configuration: a mapping of fields, an object of its config class, or ``None`` for the defaults.
        kinematics: The arm.
        dt: Time between two commands, seconds.
        tracking: Whether goal or camera move: the defaults are then those of :attr:`ControllerEntry.tracking`.

    Raises:
        ConfigurationError: If the name or a configuration field is unknown, a factory makes no controller, or an object
            comes with a configuration.
    """
    if isinstance(controller, Controller):
        if config:
            raise ConfigurationError(
                "controller_config configures a controller given by name; an object is configured already"
            )
        return controller
    if names_factory(controller):
        return _own(controller, import_factory(controller)(kinematics, {} if config is None else config, dt))
    require_choice("controller", controller, controller_names())
    entry = _ENTRIES[controller]
    if tracking and isinstance(config, Mapping | None):
        config = {**entry.tracking, **(config or {})}
    return entry.factory(kinematics, {} if config is None else config, dt)


def _own(name: str, made: object) -> Controller:
    if not isinstance(made, Controller):
        raise ConfigurationError(f"{name!r} must make a Controller, not {type(made).__name__}")
    return made
