"""The ``ctr-env`` command."""

from .main import main

__all__ = ["main"]
