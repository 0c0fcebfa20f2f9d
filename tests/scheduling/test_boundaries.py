"""Cut-offs, the booking window and eligibility at the very minute, one minute past it and across a clock change.

Each is asked through both doors of staff, the screens and the API, plainly and with the reason for an exception. What
the wall clock shows at a boundary was worked out by hand, so that no code under test says what is right.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from zoneinfo import ZoneInfo

import pytest
import time_machine
from django.test import Client
from django.urls import reverse

from carebridge.accounts.tokens import ApiToken
from scheduling.booking import book_appointment
from scheduling.errors import PolicyRefused
from scheduling.models import Appointment, Status
from tests import factories

BACKEND = "allauth.account.auth_backends.AuthenticationBackend"
TWO_DAYS = 2 * 24 * 60
MINUTE = timedelta(minutes=1)


@dataclass(frozen=True)
class Change:
    """Clocks change on a Sunday; the visit is at ten on Monday, 48 hours after `cut_off` on Saturday."""

    zone: str
    sunday: date
    cut_off: time

    @property
    def monday(self) -> date:
        return self.sunday + timedelta(days=1)

    def at(self, clock: time, days: int = 0) -> datetime:
        """That time on the clinic's clock, `days` after the Monday."""
        return datetime.combine(self.monday + timedelta(days=days), clock, tzinfo=ZoneInfo(self.zone))

    @property
    def last_minute(self) -> datetime:
        return self.at(self.cut_off, days=-2)


CHANGES = [
    Change("Europe/London", date(2026, 10, 25), time(11)),
    Change("Europe/London", date(2027, 3, 28), time(9)),
    Change("America/New_York", date(2026, 11, 1), time(11)),
    Change("America/New_York", date(2027, 3, 14), time(9)),
    Change("Australia/Lord_Howe", date(2026, 10, 4), time(9, 30)),
    Change("Australia/Lord_Howe", date(2027, 4, 4), time(10, 30)),
]

SEASONS = pytest.mark.parametrize(
    "change", [CHANGES[1], CHANGES[2], CHANGES[4]], indirect=True, ids=lambda change: change.zone
)
"""One change in each zone; the cut-offs, which count elapsed time, are tried on all six."""


class Screens:
    """The staff screens, as htmx asks them."""

    def __init__(self, user):
        self.user = user

    def _post(self, address: str, fields: dict) -> str:
        client = Client()
        client.force_login(self.user, backend=BACKEND)
        response = client.post(address, fields, headers={"HX-Request": "true"})
        return "" if response.status_code in (200, 204) else response.content.decode()

    def cancel(self, visit, reason, exception: str = "") -> str:
        fields = {"reason": reason.pk, "exception_reason": exception}
        return self._post(reverse("scheduling:appointment-cancel", args=[visit.reference]), fields)

    def move(self, visit, starts_at, exception: str = "") -> str:
        slot = f"{visit.doctor_id}.{visit.clinic_id}.{starts_at.isoformat()}"
        fields = {"clinic": visit.clinic_id, "doctor": visit.doctor_id, "day": starts_at.date(), "slot": slot}
        address = reverse("scheduling:appointment-move", args=[visit.reference])
        return self._post(address, {**fields, "exception_reason": exception})

    def book(self, patient, kind, doctor, clinic, starts_at, override: str = "") -> str:
        slot = f"{doctor.pk}.{clinic.pk}.{starts_at.isoformat()}"
        fields = {"slot": slot, "type": kind.pk, "patient": patient.pk, "channel": "desk"}
        return self._post(reverse("scheduling:book"), {**fields, "override_reason": override})


class Rest:
    """The REST API, as a portal of the clinics uses it."""

    def __init__(self, user):
        self.user = user

    def _post(self, address: str, body: dict) -> str:
        _, token = ApiToken.objects.issue(user=self.user)
        headers = {"Authorization": f"Token {token}"}
        response = Client().post(f"/api/v1/appointments/{address}", body, "application/json", headers=headers)
        return "" if response.status_code in (200, 201) else response.content.decode()

    def cancel(self, visit, reason, exception: str = "") -> str:
        return self._post(f"{visit.reference}/cancel/", {"reason": reason.code, "exception_reason": exception})

    def move(self, visit, starts_at, exception: str = "") -> str:
        body = {"starts_at": starts_at.isoformat(), "exception_reason": exception}
        return self._post(f"{visit.reference}/reschedule/", body)

    def book(self, patient, kind, doctor, clinic, starts_at, override: str = "") -> str:
        body = {
            "patient": str(patient.pk),
            "appointment_type": kind.pk,
            "doctor": doctor.pk,
            "clinic": clinic.pk,
            "starts_at": starts_at.isoformat(),
        }
        return self._post("", body | ({"override": {"reason": override}} if override else {}))


@pytest.fixture(params=[Screens, Rest], ids=["screens", "api"])
def door(request, receptionist):
    """Each action answers with nothing when it was done, and with what was refused otherwise."""
    return request.param(receptionist)


@pytest.fixture(params=CHANGES, ids=lambda change: f"{change.zone}-{change.sunday}")
def change(request, harbour):
    """The clinic lives in that zone, and asks two days' notice of everything."""
    harbour.time_zone = request.param.zone
    harbour.cancel_cutoff_minutes = harbour.reschedule_cutoff_minutes = TWO_DAYS
    harbour.save()
    return request.param


@pytest.fixture
def two_visits(change, harbour, consultation, dr_osei, dr_wilk, patient, another_patient):
    """Both at ten on the Monday after the change, booked ten days before."""
    with time_machine.travel(change.at(time(12), days=-10), tick=False):
        return [
            book_appointment(
                patient=who,
                appointment_type=consultation,
                doctor=doctor,
                clinic=harbour,
                starts_at=change.at(time(10)),
                by=None,
            )
            for who, doctor in ((patient, dr_osei), (another_patient, dr_wilk))
        ]


@pytest.fixture
def book(door, patient, another_patient, consultation, dr_osei, dr_wilk, harbour):
    """Book through the door at a moment: the patient with Dr Osei, or with a reason somebody else with Dr Wilk."""

    def run(starts_at, *, now, override=""):
        who, doctor = (another_patient, dr_wilk) if override else (patient, dr_osei)
        with time_machine.travel(now, tick=False):
            return door.book(who, consultation, doctor, harbour, starts_at, override)

    return run


def booked() -> list[tuple]:
    """When, and by which rules set aside for what reason."""
    return [
        (each.starts_at, each.overrides, each.override_reason) for each in Appointment.objects.order_by("overrides")
    ]


def status_of(visit) -> str:
    return Appointment.objects.get(pk=visit.pk).status


# --- Cut-offs ----------------------------------------------------------------------------------------------------


def test_a_cancellation_is_in_time_at_the_cut_off_minute_and_late_one_minute_past(
    door, change, two_visits, patient_request
):
    punctual, tardy = two_visits

    with time_machine.travel(change.last_minute + MINUTE, tick=False):
        assert "has passed" in door.cancel(tardy, patient_request)
        assert status_of(tardy) == Status.CONFIRMED
        assert door.cancel(tardy, patient_request, exception="In hospital") == ""
    with time_machine.travel(change.last_minute, tick=False):
        assert door.cancel(punctual, patient_request) == ""

    assert [status_of(each) for each in two_visits] == [Status.CANCELLED, Status.CANCELLED]
    assert [each.cancellations.get().is_late for each in two_visits] == [False, True]


def test_a_visit_may_be_moved_at_the_cut_off_minute_and_only_by_exception_one_minute_past(door, change, two_visits):
    punctual, tardy = two_visits
    tuesday = change.at(time(10), days=1)

    with time_machine.travel(change.last_minute + MINUTE, tick=False):
        assert "has passed" in door.move(tardy, tuesday)
        assert status_of(tardy) == Status.CONFIRMED
        assert door.move(tardy, tuesday, exception="Her train is cancelled") == ""
    with time_machine.travel(change.last_minute, tick=False):
        assert door.move(punctual, tuesday) == ""

    assert [status_of(each) for each in two_visits] == [Status.RESCHEDULED, Status.RESCHEDULED]
    moved = Appointment.objects.occupying()
    assert {(each.starts_at, each.local_time) for each in moved} == {(tuesday, time(10))}


# --- The booking window ------------------------------------------------------------------------------------------


@SEASONS
def test_notice_is_enough_at_the_minute_and_needs_a_reason_one_minute_later(book, change, harbour):
    harbour.min_notice_minutes = TWO_DAYS
    harbour.save()
    ten = change.at(time(10))

    assert "notice" in book(ten, now=change.last_minute + MINUTE)
    assert booked() == []
    assert book(ten, now=change.last_minute + MINUTE, override="Chest pain") == ""
    assert book(ten, now=change.last_minute) == ""

    assert booked() == [(ten, [], ""), (ten, ["too_soon"], "Chest pain")]


@SEASONS
def test_booking_opens_at_local_midnight_and_a_minute_before_needs_a_reason(book, change, harbour):
    harbour.max_advance_days = 2
    harbour.save()
    saturday, late = change.at(time(), days=-2), change.at(time(16))

    assert "open up to" in book(late, now=saturday - MINUTE)
    assert booked() == []
    assert book(late, now=saturday - MINUTE, override="Moves abroad") == ""
    assert book(late, now=saturday) == ""

    assert booked() == [(late, [], ""), (late, ["too_far"], "Moves abroad")]


# --- Eligibility -------------------------------------------------------------------------------------------------


def turns_18(patient, day: date) -> None:
    patient.birth_date = day.replace(year=day.year - 18)
    patient.save()


@SEASONS
def test_somebody_who_turns_18_on_the_day_is_18_at_the_visit(book, change, consultation, patient, another_patient):
    consultation.min_age = 18
    consultation.save()
    nine, before = change.at(time(9)), change.at(time(12), days=-3)
    turns_18(patient, change.monday + timedelta(days=1))
    turns_18(another_patient, change.monday + timedelta(days=1))

    assert "from 18 years" in book(nine, now=before)
    assert booked() == []
    assert book(nine, now=before, override="Agreed with her parents") == ""
    turns_18(patient, change.monday)
    assert book(nine, now=before) == ""

    assert booked() == [(nine, [], ""), (nine, ["too_young"], "Agreed with her parents")]


@SEASONS
def test_somebody_who_turns_18_the_day_after_may_still_see_the_childrens_doctor(book, change, consultation, patient):
    consultation.max_age = 17
    consultation.save()
    nine, before = change.at(time(9)), change.at(time(12), days=-3)

    turns_18(patient, change.monday)
    assert "up to 17 years" in book(nine, now=before)
    assert book(nine, now=before, override="Known here since birth") == ""
    turns_18(patient, change.monday + timedelta(days=1))
    assert book(nine, now=before) == ""

    assert booked() == [(nine, [], ""), (nine, ["too_old"], "Known here since birth")]


@SEASONS
def test_a_referral_is_good_on_its_last_day_and_not_the_day_after(
    change, harbour, consultation, dr_osei, patient, receptionist
):
    consultation.requires_referral = True
    consultation.save()
    referral = factories.ReferralFactory(patient=patient, valid_until=change.monday)

    def book(starts_at):
        return book_appointment(
            patient=patient,
            appointment_type=consultation,
            doctor=dr_osei,
            clinic=harbour,
            starts_at=starts_at,
            by=receptionist,
            referral=referral,
        )

    with time_machine.travel(change.at(time(12), days=-3), tick=False):
        with pytest.raises(PolicyRefused, match="not valid on that day"):
            book(change.at(time(9), days=1))
        assert book(change.at(time(9))).referral == referral
