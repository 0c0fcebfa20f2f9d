"""Values as REST clients write them: ids, instants with an offset, days."""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import UTC, date, datetime, time
from typing import Any

from drf_spectacular.utils import extend_schema_field
from rest_framework import serializers

from carebridge.errors import InvalidInput

LARGEST_ID = 2**63 - 1
_OFFSET_SPACE = re.compile(r" (?=\d\d:?\d\d$)")
FIRST_YEAR, LAST_YEAR = 1900, 2200


def parse_instant(text: object) -> datetime:
    """An ISO 8601 time with its offset, as a UTC instant. Raises ValueError with a sentence.

    A `+` that a client forgot to escape arrives as a space; the meaning is plain, so it is accepted.
    """
    if not isinstance(text, str):
        raise ValueError("Write the time as text, such as 2026-03-02T09:15:00+00:00.")
    try:
        moment = datetime.fromisoformat(_OFFSET_SPACE.sub("+", text.strip()))
    except ValueError:
        raise ValueError("Write the time as in 2026-03-02T09:15:00+00:00.") from None
    if moment.tzinfo is None:
        raise ValueError("Give the time with its offset from UTC, such as 2026-03-02T09:15:00+00:00.")
    if not FIRST_YEAR <= moment.year <= LAST_YEAR:
        raise ValueError("This year is outside the calendar.")
    return moment.astimezone(UTC)


def parse_day(text: str) -> date:
    """A day as YYYY-MM-DD. Raises ValueError with a sentence."""
    try:
        day = date.fromisoformat(text) if re.fullmatch(r"\d{4}-\d\d-\d\d", text, re.ASCII) else None
    except ValueError:
        day = None
    if day is None or not FIRST_YEAR <= day.year <= LAST_YEAR:
        raise ValueError("Write the day as YYYY-MM-DD, and one that the calendar has.")
    return day


def parse_clock(text: str) -> time:
    """A local time of day as HH:MM. Raises ValueError with a sentence."""
    try:
        if re.fullmatch(r"\d\d:\d\d", text, re.ASCII):
            return time.fromisoformat(text)
    except ValueError:
        pass
    raise ValueError("Write the time of day as HH:MM.")


def parse_id(text: object) -> int:
    """The id of a directory row. Raises ValueError with a sentence when it can't be one."""
    if isinstance(text, bool) or not re.fullmatch(r"\d{1,19}", str(text), re.ASCII) or int(str(text)) > LARGEST_ID:
        raise ValueError("Use the id of a row of the directory.")
    return int(str(text))


@extend_schema_field({"type": "string", "format": "date-time", "examples": ["2026-03-02T09:15:00+00:00"]})
class InstantField(serializers.Field):
    """A time with its offset; read as UTC, so that no server's own zone ever matters."""

    def to_internal_value(self, data: object) -> datetime:
        """The instant in UTC. Raises ValidationError."""
        try:
            return parse_instant(data)
        except ValueError as error:
            raise serializers.ValidationError(str(error), code="invalid") from error

    def to_representation(self, value: datetime) -> str:
        """ISO 8601 with the offset the value carries."""
        return value.isoformat()


@extend_schema_field({"type": "integer", "minimum": 1, "maximum": LARGEST_ID})
class IdField(serializers.Field):
    """The id of a directory row."""

    def to_internal_value(self, data: object) -> int:
        """The id as a number. Raises ValidationError."""
        try:
            return parse_id(data)
        except ValueError as error:
            raise serializers.ValidationError(str(error), code="invalid") from error

    def to_representation(self, value: int) -> int:
        """The id."""
        return value


class Query:
    """The query parameters of one request, read one by one; `finish` refuses with every fault at once."""

    def __init__(self, params: Mapping[str, Any]) -> None:
        self._params = params
        self._faults: dict[str, str] = {}

    def one(self, name: str, parse: Any, default: Any = None, *, required: bool = False) -> Any:
        """The parsed value of a parameter, or the default when it is absent or empty."""
        text = self._params.get(name) or ""
        if not text:
            if required:
                self._faults[name] = "This is needed."
            return default
        return self._parsed(name, text, parse)

    def many(self, name: str, parse: Any) -> list[Any]:
        """The parsed values of a repeatable parameter, each once."""
        texts = [text for text in self._params.getlist(name) if text]  # type: ignore[attr-defined]
        return list(dict.fromkeys(self._parsed(name, text, parse) for text in texts))

    def finish(self) -> None:
        """Raise InvalidInput naming every parameter at fault, if any is."""
        if self._faults:
            raise InvalidInput(fields=self._faults)

    def _parsed(self, name: str, text: str, parse: Any) -> Any:
        try:
            return parse(text)
        except ValueError as error:
            self._faults[name] = str(error)
            return None
