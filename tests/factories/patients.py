"""People who are treated, and referrals."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date
from typing import Any

import factory

from scheduling.models import Clinic, Patient, PatientClinic, Referral
from scheduling.models.resource import Sex


def valid_pms_number(n: int) -> str:
    """The n-th PMS number: six digits and a Luhn check digit, worked out here apart from the code under test."""
    total = 0
    for position, digit in enumerate(reversed(f"{n:06d}")):
        doubled = int(digit) * 2 if position % 2 == 0 else int(digit)
        total += doubled - 9 if doubled > 9 else doubled
    return f"{n:06d}{-total % 10}"


class PatientFactory(factory.django.DjangoModelFactory):
    """An adult with a name and a birth date, known at no clinic. `at=[clinic, …]` registers them there."""

    class Meta:
        model = Patient
        skip_postgeneration_save = True

    given_name = "Nerys"
    family_name = factory.Sequence(lambda n: f"Calloway{n}")
    search_name = factory.LazyAttribute(lambda patient: f"{patient.given_name} {patient.family_name}".lower())
    birth_date = date(1980, 5, 17)
    sex = Sex.FEMALE

    @factory.post_generation
    def at(self: Patient, create: bool, wanted: Iterable[Clinic] | None, **kwargs: Any) -> None:
        for clinic in wanted or ():
            PatientClinic.objects.create(patient=self, clinic=clinic)


class ReferralFactory(factory.django.DjangoModelFactory):
    """One visit, any service, valid for the years around now. Say `patient` unless any will do."""

    class Meta:
        model = Referral

    patient = factory.SubFactory(PatientFactory)
    number = factory.Sequence(lambda n: f"REF-{n:06d}")
    referrer = "Dr Field, Elm Surgery"
    valid_from = date(2020, 1, 1)
    valid_until = date(2040, 1, 1)
