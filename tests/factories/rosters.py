"""When resources work and when they don't. Local times are the row's clinic's."""

from __future__ import annotations

from datetime import date, time

import factory

from scheduling.models import Clinic, ExtraSession, RecurringBreak, Resource, ScheduleBlock, WorkingHours

LONG_AGO = date(2020, 1, 6)
"""A Monday, from which weekly rows hold unless a test says otherwise."""


class WorkingHoursFactory(factory.django.DjangoModelFactory):
    """Mondays 09:00–17:00, every week. Say `resource` and `clinic`."""

    class Meta:
        model = WorkingHours

    weekday = 0
    starts = time(9)
    ends = time(17)
    valid_from = LONG_AGO


class RecurringBreakFactory(factory.django.DjangoModelFactory):
    """Mondays 12:30–13:15, every week. Say `resource` and `clinic`."""

    class Meta:
        model = RecurringBreak

    weekday = 0
    starts = time(12, 30)
    ends = time(13, 15)
    valid_from = LONG_AGO
    label = "Lunch"


class ScheduleBlockFactory(factory.django.DjangoModelFactory):
    """Leave. Say `resource`, `starts_at`, `ends_at`."""

    class Meta:
        model = ScheduleBlock

    kind = ScheduleBlock.Kind.LEAVE


class ExtraSessionFactory(factory.django.DjangoModelFactory):
    """Say `resource`, `clinic`, `starts_at`, `ends_at`."""

    class Meta:
        model = ExtraSession


def works_on_weekdays(
    resource: Resource,
    clinic: Clinic,
    starts: time = time(9),
    ends: time = time(17),
    lunch: tuple[time, time] | None = None,
) -> None:
    """Give a resource the same hours Monday to Friday, with lunch where one is given."""
    for weekday in range(5):
        WorkingHoursFactory(resource=resource, clinic=clinic, weekday=weekday, starts=starts, ends=ends)
        if lunch:
            RecurringBreakFactory(resource=resource, clinic=clinic, weekday=weekday, starts=lunch[0], ends=lunch[1])
