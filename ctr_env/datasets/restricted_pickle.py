"""Reading pickled numbers, strings, lists and dictionaries without importing anything."""

from __future__ import annotations

import io
import pickle
from typing import Any, NoReturn

from ctr_env.errors import DataError

__all__ = ["read_plain"]


class _PlainUnpickler(pickle.Unpickler):
    """Unpickles built-in containers and scalars; all other objects need a global, and none is given out."""

    def find_class(self, module: str, name: str) -> NoReturn:
        """Reject every class and function, those of arrays included."""
        raise pickle.UnpicklingError(f"it needs {module}.{name}")

    def persistent_load(self, pid: Any) -> NoReturn:
        """Reject objects that are kept outside the pickle."""
        raise pickle.UnpicklingError("it refers to objects outside of it")


def read_plain(data: bytes) -> Any:
    """The value of a pickle of numbers, strings, tuples, lists, sets and dictionaries.

    Raises:
        DataError: If it is not a pickle, or needs a class or a function.
    """
    try:
        return _PlainUnpickler(io.BytesIO(data)).load()
    except Exception as error:  # damaged pickles raise almost anything
        raise DataError(f"not a pickle of plain values: {error}") from error
