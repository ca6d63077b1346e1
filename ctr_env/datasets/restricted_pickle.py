"""Reading pickled numbers, names, lists and dictionaries without unpickling."""

from __future__ import annotations

import pickletools
from collections.abc import Callable
from typing import Any

__all__ = ["read_plain"]

_MARK = object()
_Stack = list[Any]
_Memo = dict[int, Any]


def read_plain(data: bytes) -> Any:
    """What a pickle of plain values holds.

    Only operations that build numbers, strings, tuples, lists and dictionaries are known here; none of them can import
    or call anything, as :mod:`pickle` would.

    Raises:
        ValueError: If it is not a pickle, or holds anything else.
    """
    try:
        return _built(data)
    except (AttributeError, IndexError, KeyError, TypeError, UnicodeDecodeError) as error:
        raise ValueError(f"not a pickle of plain values: {type(error).__name__} {error}") from error


def _built(data: bytes) -> Any:
    stack: _Stack = []
    memo: _Memo = {}
    for operation, argument, _ in pickletools.genops(data):
        if operation.name == "STOP":
            return stack[-1]
        if operation.name not in _OPERATIONS:
            raise ValueError(f"a pickle with {operation.name}, which plain values do not need: it is not read")
        _OPERATIONS[operation.name](stack, memo, argument)
    raise ValueError("a pickle without an end")


def _since_mark(stack: _Stack) -> list[Any]:
    items = []
    while (item := stack.pop()) is not _MARK:
        items.append(item)
    return items[::-1]


def _pairs(items: list[Any]) -> dict[Any, Any]:
    return dict(zip(items[::2], items[1::2], strict=True))


def _nothing(stack: _Stack, memo: _Memo, argument: Any) -> None:
    """What versions and frames of a pickle ask for."""


def _push(stack: _Stack, memo: _Memo, argument: Any) -> None:
    stack.append(argument)


def _constant(make: Callable[[], Any]) -> Callable[[_Stack, _Memo, Any], None]:
    return lambda stack, memo, argument: stack.append(make())


def _marked(make: Callable[[list[Any]], Any]) -> Callable[[_Stack, _Memo, Any], None]:
    return lambda stack, memo, argument: stack.append(make(_since_mark(stack)))


def _tuple(count: int) -> Callable[[_Stack, _Memo, Any], None]:
    def operation(stack: _Stack, memo: _Memo, argument: Any) -> None:
        stack[-count:] = [tuple(stack[-count:])]

    return operation


def _append(stack: _Stack, memo: _Memo, argument: Any) -> None:
    item = stack.pop()
    stack[-1].append(item)


def _appends(stack: _Stack, memo: _Memo, argument: Any) -> None:
    items = _since_mark(stack)
    stack[-1].extend(items)


def _set_item(stack: _Stack, memo: _Memo, argument: Any) -> None:
    value, key = stack.pop(), stack.pop()
    stack[-1][key] = value


def _set_items(stack: _Stack, memo: _Memo, argument: Any) -> None:
    items = _since_mark(stack)
    stack[-1].update(_pairs(items))


def _put(stack: _Stack, memo: _Memo, argument: Any) -> None:
    memo[len(memo) if argument is None else argument] = stack[-1]


def _get(stack: _Stack, memo: _Memo, argument: Any) -> None:
    stack.append(memo[argument])


_OPERATIONS: dict[str, Callable[[_Stack, _Memo, Any], None]] = {
    **dict.fromkeys(("PROTO", "FRAME"), _nothing),
    **dict.fromkeys(("INT", "BININT", "BININT1", "BININT2", "LONG", "LONG1", "LONG4", "FLOAT", "BINFLOAT"), _push),
    **dict.fromkeys(("UNICODE", "BINUNICODE", "SHORT_BINUNICODE", "BINUNICODE8"), _push),
    **dict.fromkeys(("STRING", "BINSTRING", "SHORT_BINSTRING"), _push),
    "MARK": _constant(lambda: _MARK),
    "NONE": _constant(lambda: None),
    "NEWTRUE": _constant(lambda: True),
    "NEWFALSE": _constant(lambda: False),
    "EMPTY_DICT": _constant(dict),
    "EMPTY_LIST": _constant(list),
    "EMPTY_TUPLE": _constant(tuple),
    "DICT": _marked(_pairs),
    "LIST": _marked(list),
    "TUPLE": _marked(tuple),
    **{f"TUPLE{count}": _tuple(count) for count in (1, 2, 3)},
    "APPEND": _append,
    "APPENDS": _appends,
    "SETITEM": _set_item,
    "SETITEMS": _set_items,
    **dict.fromkeys(("PUT", "BINPUT", "LONG_BINPUT", "MEMOIZE"), _put),
    **dict.fromkeys(("GET", "BINGET", "LONG_BINGET"), _get),
}
