"""Options from YAML files."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

import yaml

from ctr_env.errors import ConfigurationError, MissingFileError

__all__ = ["arguments_of", "check_keys", "flat_options", "preset_or_file", "read_mapping"]

_FILES = (".yaml", ".yml", ".json")
_MAPPINGS = ("randomization",)  # options whose value may be a mapping
_NAME = "name"  # estimator: {name: ctrnet, passes: 1} is short for estimator: ctrnet, estimator.passes: 1


def read_mapping(path: Path) -> dict[str, Any]:
    """The mapping in a YAML or JSON file.

    Raises:
        MissingFileError: If there is no such file.
        ConfigurationError: If it holds no mapping.
    """
    if not path.is_file():
        raise MissingFileError(f"no such file: {path}")
    try:
        content = yaml.safe_load(path.read_text())
    except (yaml.YAMLError, UnicodeDecodeError) as error:
        first = str(error).splitlines()[0]
        raise ConfigurationError(f"{path} is not YAML: {first}") from error
    if not isinstance(content, Mapping):
        raise ConfigurationError(f"{path} must hold a mapping of options, not {type(content).__name__}")
    return {str(name): value for name, value in content.items()}


def preset_or_file(word: str) -> str | dict[str, Any]:
    """The name of a preset as it is; the mapping in a YAML or JSON file, or in JSON text.

    Raises:
        MissingFileError: If the word names a file that does not exist.
        ConfigurationError: If the file holds no mapping.
    """
    if word.lstrip().startswith("{"):
        value: dict[str, Any] = json.loads(word)
        return value
    return read_mapping(Path(word)) if word.endswith(_FILES) else word


def flat_options(mapping: Mapping[str, Any], prefix: str = "") -> dict[str, Any]:
    """Options by their full name (underscores, dots between levels) from nested mappings or dotted keys."""
    found: dict[str, Any] = {}
    for key, value in mapping.items():
        name = prefix + str(key).replace("-", "_")
        if not isinstance(value, Mapping) or name in _MAPPINGS:
            found[name] = value
        else:
            inner = {str(each): content for each, content in value.items()}
            if _NAME in inner:
                found[name] = inner.pop(_NAME)
            found |= flat_options(inner, f"{name}.")
    return found


def check_keys(path: Path, options: Iterable[str], valid: Iterable[str]) -> None:
    """Reject options that the command does not have.

    Raises:
        ConfigurationError: With the unknown keys and the valid ones.
    """
    valid = [name for name in valid if name != "config"]
    unknown = [name for name in options if name not in valid]
    if unknown:
        raise ConfigurationError(f"{path}: unknown key {', '.join(unknown)}; valid keys: {', '.join(valid)}")


def arguments_of(options: Mapping[str, Any]) -> list[str]:
    """The command-line words of options, with hyphens in their names."""
    words: list[str] = []
    for name, value in options.items():
        *prefix, last = name.replace("_", "-").split(".")
        flag = "--" + ".".join([*prefix, last])
        if isinstance(value, bool):
            words.append("--" + ".".join([*prefix, last if value else f"no-{last}"]))
        elif isinstance(value, list):
            words += [flag, *map(str, value)]
        else:
            words += [flag, json.dumps(value) if isinstance(value, Mapping) else str(value)]
    return words
