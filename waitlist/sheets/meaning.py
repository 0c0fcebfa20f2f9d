"""What a row of a list says, read with what the clinic offers; and what can't be understood, by field."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import date, datetime, time
from typing import Any, Self, TypeVar

from django.utils import timezone

from carebridge.errors import InvalidInput
from scheduling.models import AppointmentType, Doctor, Offering
from scheduling.personal_details import normalised_phone
from waitlist.entries import check_suits
from waitlist.models import ImportBatch, ImportRow, Urgency
from waitlist.sheets.cells import name_key, read_day, read_pms_number, read_urgency, said
from waitlist.sheets.columns import plain

OLDEST_YEAR = 1900
WORDY = ("visit", "urgency")
"""Fields whose words can be explained for all rows at once."""

Spelled = TypeVar("Spelled", str, tuple[str, ...])
Meant = TypeVar("Meant", AppointmentType, Doctor)


@dataclass(frozen=True)
class Known:
    """What a row is read with: the list's own columns and words, and the clinic's visits and doctors."""

    batch: ImportBatch
    today: date
    by_id: Mapping[int, AppointmentType]
    visits: Mapping[str, AppointmentType]
    doctors: Mapping[tuple[str, ...], Doctor]
    performed: frozenset[tuple[int, int]]

    @classmethod
    def of(cls, batch: ImportBatch) -> Self:
        """As the clinic is now: visits by code and by every usual spelling of their name, doctors by theirs."""
        offered = Offering.objects.filter(clinic=batch.clinic, is_active=True)
        kinds = AppointmentType.objects.bookable().filter(pk__in=offered.values("appointment_type"))
        kinds = kinds.select_related("service")
        doctors = Doctor.objects.active().filter(pk__in=offered.values("doctor"))
        return cls(
            batch=batch,
            today=timezone.now().astimezone(batch.clinic.zone).date(),
            by_id={kind.pk: kind for kind in kinds},
            visits=_of_one((plain(each), kind) for kind in kinds for each in _spellings(kind)),
            doctors=_of_one((name_key(each), doctor) for doctor in doctors for each in _names(doctor)),
            performed=frozenset(offered.values_list("appointment_type", "doctor")),
        )


def _spellings(kind: AppointmentType) -> set[str]:
    service = kind.service.name
    return {kind.code, kind.name, f"{service} {kind.name}", f"{kind.name} {service}", service}


def _names(doctor: Doctor) -> set[str]:
    given, family = doctor.given_name, doctor.family_name
    return {family, f"{given} {family}", f"{given[:1]} {family}"}


def _of_one(pairs: Iterable[tuple[Spelled, Meant]]) -> dict[Spelled, Meant]:
    """Spellings that mean one thing only."""
    found: defaultdict[Spelled, set[Meant]] = defaultdict(set)
    for spelling, meant in pairs:
        found[spelling].add(meant)
    return {spelling: each.copy().pop() for spelling, each in found.items() if len(each) == 1}


@dataclass
class Wait:
    """A row as understood; None and empty where it says nothing, or nothing that can be understood."""

    name: str = ""
    birth_date: date | None = None
    pms_number: str = ""
    phone: str = ""
    appointment_type: AppointmentType | None = None
    doctor: Doctor | None = None
    urgency: Urgency = Urgency.ROUTINE
    urgency_reason: str = ""
    waiting_since: datetime | None = None
    earliest_day: date | None = None
    latest_day: date | None = None
    problems: dict[str, str] = field(default_factory=dict)

    @property
    def identifies(self) -> bool:
        """Whether a patient can be looked for by what it says."""
        return not {"birth_date", "pms_number", "name"} & self.problems.keys()


class Unclear(ValueError):
    """A cell that means nothing to us, with the sentence that says what would."""


def read_row(row: ImportRow, known: Known) -> Wait:
    """What the row says, as corrected."""
    wait = Wait()
    for name, read in READERS.items():
        text = said(row.text(name, known.batch.mapping))
        try:
            read(wait, text, known)
        except Unclear as unclear:
            wait.problems[name] = str(unclear)
    wait.name = _name(row, known)
    if not wait.name and not wait.pms_number and "pms_number" not in wait.problems:
        wait.problems["name"] = "Give the name or the PMS number."
    _check_together(wait, known)
    return wait


def _name(row: ImportRow, known: Known) -> str:
    # Not by `said`: somebody may be called Na.
    parts = [row.text(each, known.batch.mapping).strip(" -?") for each in ("given_name", "family_name")]
    return " ".join(filter(None, parts)) or row.text("name", known.batch.mapping).strip(" -?")


def _check_together(wait: Wait, known: Known) -> None:
    """What is understood by itself and yet can't go together, by the rules of every entry."""
    kind, doctor = wait.appointment_type, wait.doctor
    if kind and doctor and (kind.pk, doctor.pk) not in known.performed:
        wait.problems["doctor"] = f"{doctor.short_name} doesn't do this visit at this clinic."
    try:
        check_suits(
            {
                "earliest_day": wait.earliest_day,
                "latest_day": wait.latest_day,
                "urgency": wait.urgency,
                "urgency_reason": wait.urgency_reason,
            },
            today=known.today,
        )
    except InvalidInput as wrong:
        wait.problems = {**wrong.fields, **wait.problems}


# --- Cell by cell ----------------------------------------------------------------------------------------------------


def _day(name: str, text: str, known: Known, *, over: bool = False) -> date | None:
    """`over`: a day that can't be still to come."""
    if not text:
        return None
    try:
        day = read_day(text, month_first=name in known.batch.month_first, not_after=known.today if over else None)
    except ValueError as wrong:
        raise Unclear(f"“{text}” is no day. Write it as 2026-04-30.") from wrong
    if (over and day > known.today) or day.year < OLDEST_YEAR:
        raise Unclear("This day is still to come." if day > known.today else "This day is too long ago.")
    return day


def _read_birth_date(wait: Wait, text: str, known: Known) -> None:
    wait.birth_date = _day("birth_date", text, known, over=True)
    if wait.birth_date is None:
        raise Unclear("The birth date is missing.")


def _read_pms_number(wait: Wait, text: str, known: Known) -> None:
    try:
        wait.pms_number = read_pms_number(text) if text else ""
    except ValueError as wrong:
        raise Unclear("PMS numbers have seven digits; one of these is wrong.") from wrong


def _read_phone(wait: Wait, text: str, known: Known) -> None:
    """Only tells two patients apart, so one that nobody can dial keeps nobody from waiting."""
    try:
        wait.phone = normalised_phone(text)
    except InvalidInput:
        wait.phone = ""


def _read_visit(wait: Wait, text: str, known: Known) -> None:
    explained = known.by_id.get(known.batch.words.get("visit", {}).get(plain(text), 0))
    default = known.by_id.get(known.batch.appointment_type_id or 0)
    wait.appointment_type = (explained or known.visits.get(plain(text))) if text else default
    if wait.appointment_type is None:
        raise Unclear(f"No visit at this clinic is called “{text}”." if text else "Which visit it is for is missing.")


def _read_doctor(wait: Wait, text: str, known: Known) -> None:
    wait.doctor = known.doctors.get(name_key(text)) if text else None
    if text and wait.doctor is None:
        raise Unclear(f"No one doctor at this clinic is called “{text}”. Leave it empty for any.")


def _read_urgency(wait: Wait, text: str, known: Known) -> None:
    explained = known.batch.words.get("urgency", {}).get(plain(text))
    if explained is not None:
        wait.urgency = Urgency(explained)
    elif text:
        try:
            wait.urgency, wait.urgency_reason = read_urgency(text)
        except ValueError as wrong:
            raise Unclear(f"“{text}” says nothing about urgency. Write routine, soon or urgent.") from wrong
    if wait.urgency == Urgency.ROUTINE:
        wait.urgency_reason = ""


def _read_urgency_reason(wait: Wait, text: str, known: Known) -> None:
    if wait.urgency != Urgency.ROUTINE:
        wait.urgency_reason = (text or wait.urgency_reason)[:160]


def _read_waiting_since(wait: Wait, text: str, known: Known) -> None:
    day = _day("waiting_since", text, known, over=True)
    wait.waiting_since = datetime.combine(day, time(), tzinfo=known.batch.clinic.zone) if day else None


def _read_earliest_day(wait: Wait, text: str, known: Known) -> None:
    wait.earliest_day = _day("earliest_day", text, known)


def _read_latest_day(wait: Wait, text: str, known: Known) -> None:
    wait.latest_day = _day("latest_day", text, known)


READERS: Mapping[str, Callable[[Wait, str, Known], Any]] = {
    "birth_date": _read_birth_date,
    "pms_number": _read_pms_number,
    "phone": _read_phone,
    "visit": _read_visit,
    "doctor": _read_doctor,
    "urgency": _read_urgency,
    "urgency_reason": _read_urgency_reason,
    "waiting_since": _read_waiting_since,
    "earliest_day": _read_earliest_day,
    "latest_day": _read_latest_day,
}
"""In this order: the reason is read for what the urgency leaves open."""
