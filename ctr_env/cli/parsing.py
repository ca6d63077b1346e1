"""From a command line to a command's options.

A command line is read in two steps. The names that choose a registry entry (``--estimator ctrnet``) come first: they
decide which nested options (``--estimator.passes``) there are. Then ``tyro`` parses all words.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any, TypeVar

import tyro

from .command import Command
from .config_file import arguments_of, check_keys, flat_options, read_mapping
from .help_text import plain_text
from .option_class import OptionClass

__all__ = ["parse"]

AnyCommand = TypeVar("AnyCommand", bound=Command)


def parse(kind: type[AnyCommand], words: Sequence[str]) -> AnyCommand:
    """The options in the words after a command's name.

    Words that ``tyro`` rejects end the process with status 2, and ``--help`` with 0.

    Raises:
        ConfigurationError: If a chosen name is unknown, or a configuration file is not valid.
        MissingFileError: If the configuration file does not exist.
    """
    path = _last(words, "config")
    given = {} if path is None else flat_options(read_mapping(Path(path)))
    given = _without_replaced(given, words)
    options = OptionClass(_chooser(words, given))
    made = options.make(kind)
    if path is not None:
        check_keys(Path(path), given, options.names)
    arguments = _with_values([*arguments_of(given), *words], options.switches)
    found: AnyCommand = tyro.cli(
        made, args=arguments, prog=f"ctr-env {kind.name}", description=plain_text(kind.__doc__ or "")
    )
    return replace(found, words=(kind.name, *words))


def _chooser(words: Sequence[str], given: Mapping[str, Any]) -> Callable[[str], str | None]:
    def chosen(option: str) -> str | None:
        name = _last(words, option)
        return name if name is not None else given.get(option)

    return chosen


def _last(words: Sequence[str], option: str) -> str | None:
    """The last value of an option among words, ``--option VALUE`` or ``--option=VALUE``."""
    found, flag = None, f"--{option}".replace("_", "-")
    for i, word in enumerate(words):
        name, equals, value = word.partition("=")
        if name.replace("_", "-") == flag:
            found = value if equals else next(iter(words[i + 1 : i + 2]), None)
    return found


def _without_replaced(given: Mapping[str, Any], words: Sequence[str]) -> dict[str, Any]:
    """The options of a file without the nested ones of a choice that the command line changes."""
    replaced = [name for name, value in given.items() if _last(words, name) not in (None, str(value))]
    return {name: value for name, value in given.items() if not any(name.startswith(f"{each}.") for each in replaced)}


def _with_values(words: Sequence[str], switches: Sequence[str]) -> list[str]:
    """The words with ``--NAME True`` and ``--NAME False`` in place of ``--NAME`` and ``--no-NAME`` for switches."""
    flags = {"--" + name.replace("_", "-"): "True" for name in switches}
    negated = {flag.replace("--", "--no-", 1): flag for flag in flags}
    found: list[str] = []
    for word in words:
        flag = word.replace("_", "-")
        if flag in negated:
            found += [negated[flag], "False"]
        else:
            found += [flag, flags[flag]] if flag in flags else [word]
    return found
