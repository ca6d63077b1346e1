"""API pages: which objects of which modules mkdocstrings documents."""

from __future__ import annotations

import importlib
import inspect
import pkgutil
import tomllib
from pathlib import Path

from markup import code, plain, table

import ctr_env
from ctr_env import errors

_ROOT = Path(__file__).resolve().parents[2]


def public() -> str:
    """The names of the public API in the order of ``ctr_env.__all__``, exceptions last."""
    names = [name for name in ctr_env.__all__ if not name.startswith("__")]
    names.sort(key=lambda name: name in errors.__all__)
    return "\n\n".join(f"::: ctr_env.{name}" for name in names)


def modules(*packages: str) -> str:
    """A section for each public module below some packages (or modules), except for the command line."""
    parts = []
    for package in packages:
        found = importlib.import_module(package)
        names = [package]
        if hasattr(found, "__path__"):
            names = sorted(module.name for module in pkgutil.walk_packages(found.__path__, f"{package}."))
        for name in names:
            if not any(part.startswith("_") for part in name.split(".")) and _documented(name):
                parts.append(f"::: {name}")
    return "\n\n".join(parts)


def layers() -> str:
    """The import layers of the contracts in ``pyproject.toml``, uppermost first."""
    contracts = tomllib.loads((_ROOT / "pyproject.toml").read_text())["tool"]["importlinter"]["contracts"]
    parts = []
    for contract in contracts:
        if contract["type"] == "layers":
            rows = [(" &#124; ".join(code(name.strip()) for name in layer.split("|")),) for layer in contract["layers"]]
            parts.append(table((f"layers of {code(*contract['containers'])}",), rows))
    return "\n".join(parts)


def stages(*names: str) -> str:
    """Modules below ``estimators/``, in the order of the stages, with the first line of their docstrings."""
    rows = []
    for name in names:
        module = importlib.import_module(f"ctr_env.estimators.{name}")
        summary = plain((inspect.getdoc(module) or "").partition("\n\n")[0])
        rows.append((code(f"estimators/{name.replace('.', '/')}.py"), summary))
    return table(("module", "stage"), rows)


def _documented(name: str) -> bool:
    """Whether a module defines public names, rather than collecting those of others."""
    module = importlib.import_module(name)
    return not hasattr(module, "__path__") and bool(getattr(module, "__all__", ()))
