"""Pieces that several tables share: time zones, weekdays, ranges and their checks."""

from __future__ import annotations

import zoneinfo
from functools import cache
from typing import Any

from django.contrib.postgres.fields import DateTimeRangeField
from django.core.exceptions import ValidationError
from django.core.validators import MaxValueValidator, RegexValidator
from django.db import models
from django.db.models import F, Q, Value
from django.db.models.functions import Mod
from django.db.models.lookups import Exact

GRID_MINUTES = 5
"""Every duration and every start in the schedule is a whole number of these."""

_LABEL = r"[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?"
validate_origin = RegexValidator(
    rf"\Ahttps://{_LABEL}(?:\.{_LABEL})+(?::[1-9][0-9]{{0,4}})?\Z",
    "Write it as https://www.example.org: in small letters, without a path or a slash at the end.",
    code="origin",
)
"""Exactly one https origin: these stand in a header as they are, so neither wildcards nor separators pass."""


class Weekday(models.IntegerChoices):
    """Monday is 0, as in `datetime.date.weekday`."""

    MONDAY = 0, "Monday"
    TUESDAY = 1, "Tuesday"
    WEDNESDAY = 2, "Wednesday"
    THURSDAY = 3, "Thursday"
    FRIDAY = 4, "Friday"
    SATURDAY = 5, "Saturday"
    SUNDAY = 6, "Sunday"


class TsTzRange(models.Func):
    """`tstzrange(lower, upper)`, half-open, from two timestamp expressions."""

    function = "TSTZRANGE"
    output_field = DateTimeRangeField()


@cache
def known_time_zones() -> frozenset[str]:
    """Names of the IANA zones that this machine knows."""
    return frozenset(zoneinfo.available_timezones())


def validate_time_zone(name: str) -> None:
    """Raise ValidationError unless the name is an IANA zone such as Europe/London."""
    if name not in known_time_zones():
        raise ValidationError(f"“{name}” is not a time zone. Use an IANA name such as Europe/London.", code="time_zone")


def validate_grid(minutes: int) -> None:
    """Raise ValidationError unless the minutes fit the five-minute grid."""
    if minutes % GRID_MINUTES:
        raise ValidationError("Use a multiple of 5 minutes.", code="grid")


def minutes_field(*, maximum: int = 24 * 60, **options: Any) -> models.PositiveSmallIntegerField:
    """A number of minutes on the five-minute grid."""
    return models.PositiveSmallIntegerField(validators=[validate_grid, MaxValueValidator(maximum)], **options)


def on_grid(name: str, field: str) -> models.CheckConstraint:
    """The constraint that a minutes column fits the five-minute grid."""
    return models.CheckConstraint(
        condition=Q(Exact(Mod(F(field), Value(GRID_MINUTES)), Value(0))) | Q(**{f"{field}__isnull": True}),
        name=name,
        violation_error_message="Use a multiple of 5 minutes.",
    )


def in_order(name: str, start: str, end: str) -> models.CheckConstraint:
    """The constraint that one column comes before another."""
    return models.CheckConstraint(
        condition=Q(**{f"{end}__gt": F(start)}),
        name=name,
        violation_error_message="The end must come after the start.",
    )
