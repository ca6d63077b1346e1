"""YAML with the line of every value, so that a mistake can be found."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

import yaml

from ctr_env.errors import ConfigurationError

__all__ = ["Lines", "read_yaml"]

Path = tuple[str | int, ...]
Lines = dict[Path, int]
"""Line, from 1, of every value by its keys and indices from the top."""


class _Loader(yaml.SafeLoader):
    """Reads ``1e-3`` as a number, as YAML 1.2 does."""


_Loader.yaml_implicit_resolvers = {
    first: [pair for pair in pairs if pair[0] != "tag:yaml.org,2002:float"]
    for first, pairs in yaml.SafeLoader.yaml_implicit_resolvers.items()
}
_Loader.add_implicit_resolver(
    "tag:yaml.org,2002:float",
    re.compile(r"[-+]?(\d+\.?\d*([eE][-+]?\d+)|\d+\.\d*|\.\d+([eE][-+]?\d+)?)|[-+]?\.(inf|Inf|INF)|\.(nan|NaN|NAN)"),
    list("-+0123456789."),
)


def read_yaml(text: str, name: str) -> tuple[Any, Lines]:
    """The content of a YAML document, and the line of each of its values.

    Args:
        text: The document.
        name: What messages call it.

    Raises:
        ConfigurationError: If it is not YAML, or a key stands twice in a mapping; the message names the line.
    """
    loader = _Loader(text)
    try:
        node = loader.get_single_node()
        lines = {} if node is None else dict(_lines(node, (), name))
        return (None if node is None else loader.construct_document(node)), lines
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        line = "" if mark is None else f", line {mark.line + 1}"
        raise ConfigurationError(f"{name}{line}: {error.problem or error.context}") from error
    except yaml.YAMLError as error:
        raise ConfigurationError(f"{name} is not YAML: {error}") from error
    finally:
        loader.dispose()


def _lines(node: yaml.Node, path: Path, name: str) -> Iterator[tuple[Path, int]]:
    yield path, node.start_mark.line + 1
    if isinstance(node, yaml.MappingNode):
        seen: set[str] = set()
        for key, value in node.value:
            if key.value in seen:
                raise ConfigurationError(f"{name}, line {key.start_mark.line + 1}: key {key.value!r} is given twice")
            seen.add(key.value)
            yield from _lines(value, (*path, key.value), name)
            yield (*path, key.value), key.start_mark.line + 1  # of the key, where the value begins below it
    elif isinstance(node, yaml.SequenceNode):
        for index, value in enumerate(node.value):
            yield from _lines(value, (*path, index), name)
