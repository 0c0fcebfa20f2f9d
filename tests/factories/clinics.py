"""Clinics and when they open."""

from __future__ import annotations

from datetime import time
from typing import Any

import factory

from scheduling.models import Clinic, ClinicClosure, OpeningHours


class ClinicFactory(factory.django.DjangoModelFactory):
    """An active clinic in London without opening hours, so never open. `open_weekdays=True`: Mon–Fri 08:00–18:00."""

    class Meta:
        model = Clinic
        skip_postgeneration_save = True

    name = factory.Sequence(lambda n: f"Clinic {n}")
    code = factory.Sequence(lambda n: f"clinic-{n}")
    position = factory.Sequence(lambda n: n + 1)

    @factory.post_generation
    def open_weekdays(self: Clinic, create: bool, wanted: bool, **kwargs: Any) -> None:
        if create and wanted:
            open_on_weekdays(self)


class OpeningHoursFactory(factory.django.DjangoModelFactory):
    class Meta:
        model = OpeningHours

    clinic = factory.SubFactory(ClinicFactory)
    weekday = 0
    starts = time(8)
    ends = time(18)


class ClinicClosureFactory(factory.django.DjangoModelFactory):
    """Say when: `starts_at`, `ends_at`."""

    class Meta:
        model = ClinicClosure

    clinic = factory.SubFactory(ClinicFactory)
    reason = "Training afternoon"


def open_on_weekdays(clinic: Clinic, starts: time = time(8), ends: time = time(18)) -> list[OpeningHours]:
    """Open a clinic Monday to Friday between two local times."""
    return [OpeningHoursFactory(clinic=clinic, weekday=day, starts=starts, ends=ends) for day in range(5)]
