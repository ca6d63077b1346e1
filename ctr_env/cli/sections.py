"""Configuration dataclasses as groups of options: how a command includes one, and reads it back."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import MISSING, Field, dataclass, field, fields
from typing import Any

__all__ = ["Section", "differing", "values"]


@dataclass(frozen=True)
class Section:
    """Annotation of a field whose configuration dataclass contributes its fields as options of the command.

    Attributes:
        hide: Fields that are no options.
        defaults: Defaults of options that differ from those of the dataclass.
    """

    hide: tuple[str, ...] = ()
    defaults: Mapping[str, Any] = field(default_factory=dict)


def values(options: Any) -> dict[str, Any]:
    """The options of a parsed dataclass by field name; those of its sections are merged into the result.

    The configuration of a nested choice (``estimator_config``) is a mapping of the values that differ from the
    defaults.
    """
    found: dict[str, Any] = {}
    for each in _visible(options):
        value = getattr(options, each.name)
        if _is_options(value):
            found |= values(value) if value.__option_prefix__ is None else {each.name: differing(value)}
        else:
            found[each.name] = value
    return found


def differing(options: Any) -> dict[str, Any]:
    """The values of a parsed configuration that differ from the defaults of its dataclass."""
    found: dict[str, Any] = {}
    original = {each.name: each for each in fields(type(options).__mro__[1])}
    for each in _visible(options):
        value = getattr(options, each.name)
        if _is_options(value):
            value = differing(value)
        if value != _default(original[each.name]):
            found[each.name] = value
    return found


def _visible(options: Any) -> list[Field[Any]]:
    hidden = getattr(options, "__option_hidden__", ())
    return [each for each in fields(options) if each.name not in hidden]


def _is_options(value: object) -> bool:
    return hasattr(value, "__option_prefix__")


def _default(each: Field[Any]) -> Any:
    if each.default is not MISSING:
        return each.default
    return each.default_factory() if each.default_factory is not MISSING else MISSING
