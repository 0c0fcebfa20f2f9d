"""Errors told without their values: an exception's text, a line of code or a local variable may hold a patient's name.

Logs and the failures that RQ keeps in Redis say which exception it was and where, which finds the fault; what it was
about is asked of the database, by people who may.
"""

from __future__ import annotations

import re
import sys
import traceback
from collections.abc import Iterator, MutableMapping
from types import TracebackType
from typing import Any

MOST_FRAMES = 40
PLACE = re.compile(r'^  File "[^"]*", line \d+, in \S+$')
KIND = re.compile(r"^([A-Za-z_][\w.]*)(:.*)?$")


def told(error: BaseException | None) -> str:
    """The exception and those behind it: kind and places, innermost last; no messages."""
    return "\n".join(_lines(error, set()))


def withhold_values(logger: Any, method: str, event: MutableMapping[str, Any]) -> MutableMapping[str, Any]:
    """A log processor that turns `exc_info` into such a text."""
    exc_info = event.pop("exc_info", None)
    error = _error(exc_info)
    if error is not None:
        event["exception"] = told(error)
    return event


def without_values(text: str) -> str:
    """What is left of a formatted traceback: its places and the kinds of its exceptions."""
    kept = []
    for line in text.splitlines():
        if PLACE.match(line):
            kept.append(line)
        elif found := KIND.match(line):
            kept.append(found[1])
    return "\n".join(kept)


def _lines(error: BaseException | None, seen: set[int]) -> Iterator[str]:
    if error is None or id(error) in seen:
        return
    seen.add(id(error))
    behind = error.__cause__ or (None if error.__suppress_context__ else error.__context__)
    yield from _lines(behind, seen)
    yield from _places(error.__traceback__)
    yield f"{type(error).__module__}.{type(error).__qualname__}"


def _places(trace: TracebackType | None) -> list[str]:
    frames = [(frame.f_code, line) for frame, line in traceback.walk_tb(trace)][-MOST_FRAMES:]
    return [f'  File "{code.co_filename}", line {line}, in {code.co_name}' for code, line in frames]


def _error(exc_info: Any) -> BaseException | None:
    if isinstance(exc_info, BaseException):
        return exc_info
    if isinstance(exc_info, tuple):
        return exc_info[1]
    return sys.exc_info()[1] if exc_info else None
