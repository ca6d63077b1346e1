"""Option classes: a dataclass in the form that ``tyro`` makes a command line of."""

from __future__ import annotations

import types
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, fields, make_dataclass
from typing import Annotated, Any, Literal, Union, get_args, get_origin, get_type_hints

from tyro.conf import Fixed, Suppress, arg
from tyro.constructors import PrimitiveConstructorSpec

from .choices import CONFIGURATIONS, NAMES, metavar
from .config_file import preset_or_file
from .help_text import field_help
from .sections import Section

__all__ = ["OptionClass"]

_CONFIG = "_config"  # the field ESTIMATOR_config holds the configuration of the entry that ESTIMATOR names
_PRESET_OR_FILE = PrimitiveConstructorSpec(
    nargs=1,
    metavar="PRESET|FILE",
    instance_from_str=lambda words: preset_or_file(words[0]),
    is_instance=lambda value: isinstance(value, str | Mapping),
    str_from_instance=lambda value: [str(value)],
)


@dataclass(frozen=True)
class OptionClass:
    """Makes option classes for one command line.

    An option class is a subclass of a dataclass with the same fields and no ``__post_init__``: its instances hold
    values that are checked later, when the original is constructed from them. It differs in these fields:

    - one annotated with :class:`~ctr_env.cli.sections.Section` becomes the option class of its dataclass, unprefixed;
    - ``NAME_config`` beside ``NAME`` becomes the option class of the chosen entry's configuration class, with the
      prefix ``NAME.``;
    - of a name or an object (``str | PoseEstimator``) only the name is an option.

    Attributes:
        chosen: The name given for an option such as ``estimator``; ``None`` if it is not given.
        names: Option names made so far, with prefix and underscores.
        switches: Of these, the options ``--NAME`` and ``--no-NAME`` that may also be left out (``bool | None``).
    """

    chosen: Callable[[str], str | None]
    names: list[str] = field(default_factory=list)
    switches: list[str] = field(default_factory=list)

    def make(self, kind: type, prefix: str | None = None, section: Section | None = None) -> type:
        """The option class of a dataclass.

        Args:
            kind: The dataclass.
            prefix: Prefix of its options; ``None``: no prefix.
            section: Fields to hide and other defaults.

        Raises:
            ConfigurationError: If a chosen name is not in its registry.
        """
        section, texts = section or Section(), field_help(kind)
        hints = get_type_hints(kind, include_extras=True)
        defaults = {each.name: each.default for each in fields(kind)} | dict(section.defaults)
        hidden, changed = [*section.hide], []
        for each in fields(kind):
            if each.name in section.hide:
                changed.append(_hidden(each.name, each))
                continue
            hint, default = self._option(each.name, hints, prefix, defaults, texts.get(each.name))
            if hint is None:
                hidden.append(each.name)
                changed.append(_hidden(each.name, each))
            elif default is not None:
                changed.append((each.name, hint, field(default_factory=default)))
            elif each.name in section.defaults:
                changed.append((each.name, hint, field(default=section.defaults[each.name])))
            elif hint is not hints[each.name]:
                changed.append((each.name, hint, each))
        return make_dataclass(
            kind.__name__, changed, bases=(kind,), frozen=True, kw_only=True,
            namespace={
                "__post_init__": lambda self: None, "__option_prefix__": prefix, "__option_hidden__": tuple(hidden),
                "__module__": kind.__module__, "__doc__": kind.__doc__,
            },
        )  # fmt: skip

    def _option(
        self,
        name: str,
        hints: Mapping[str, Any],
        prefix: str | None,
        defaults: Mapping[str, Any],
        text: str | None,
    ) -> tuple[Any, type | None]:
        """Type of an option and, of a group, its default; ``None`` as type: no option."""
        hint = hints[name]
        if get_origin(hint) is Annotated:
            found = next((each for each in get_args(hint)[1:] if isinstance(each, Section)), None)
            if found is not None:
                group = self.make(get_args(hint)[0], prefix, found)
                return Annotated[group, arg(name="")], group
        chooser = name.removesuffix(_CONFIG)
        if name.endswith(_CONFIG) and chooser in CONFIGURATIONS:
            return self._choice(chooser, defaults.get(chooser, "pbvs"), prefix)
        if get_origin(hint) is Annotated and Suppress in get_args(hint):
            return hint, None
        self.names.append(_joined(prefix, name))
        if name in NAMES:
            return Annotated[Literal[NAMES[name]()], arg(help=text)], None
        if hint == bool | None:
            self.switches.append(_joined(prefix, name))
            text = f"{text} (or --no-{name.replace('_', '-')})"
        return _documented(_plain(hint), name, defaults[name], text), None

    def _choice(self, chooser: str, default: str, prefix: str | None) -> tuple[Any, type | None]:
        full = _joined(prefix, chooser)
        entry = self.chosen(full) or default
        configuration = CONFIGURATIONS[chooser](entry)
        if configuration is None:
            return None, None
        group = self.make(configuration, full)
        return Annotated[group, arg(name=chooser, help=f"Options of {chooser} {entry}.")], group


def _joined(prefix: str | None, name: str) -> str:
    return name if prefix is None else f"{prefix}.{name}"


def _plain(hint: Any) -> Any:
    """The part of a type that can be written on a command line."""
    if get_origin(hint) not in (Union, types.UnionType):
        return hint
    parts = get_args(hint)
    if str in parts and any(get_origin(part) is not None and issubclass(get_origin(part), Mapping) for part in parts):
        return Annotated[Any, _PRESET_OR_FILE]
    if str in parts and any(isinstance(part, type) and part.__module__.startswith("ctr_env.") for part in parts):
        return str | None if type(None) in parts else str
    return hint


def _documented(hint: Any, name: str, default: Any, text: str | None) -> Any:
    """A type with its help text, the placeholder of its values, and without a default that says nothing."""
    placeholder = metavar(name)
    parts = [part for part in get_args(hint) if part is not type(None)]
    if placeholder is None and default is None and len(parts) == 1:
        placeholder = "" if parts == [bool] else getattr(parts[0], "__name__", str(parts[0])).upper()
    return Annotated[
        hint, arg(help=text, metavar=placeholder, help_behavior_hint="" if default in (None, ()) else None)
    ]


def _hidden(name: str, original: Any) -> tuple[str, Any, Any]:
    return name, Annotated[Any, Fixed, Suppress], original
