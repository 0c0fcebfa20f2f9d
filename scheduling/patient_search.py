"""Finding people: by part of a name, a number or a birth date; and exactly, for people of other clinics."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import date, timedelta
from uuid import UUID

from django.db.models import Q, QuerySet
from django.utils import timezone

from carebridge.accounts.models import User
from carebridge.audit.models import LogEntry
from carebridge.audit.trail import log_access, log_refused
from carebridge.errors import InvalidInput, NotAllowed
from scheduling.errors import TooManyLookups
from scheduling.models import Appointment, Clinic, Patient
from scheduling.permissions import clinic_ids_with, require
from scheduling.personal_details import normalised_phone, search_form
from scheduling.roles import Permission

LOOKUPS_AN_HOUR = 30
LOOKED_UP = ("patient.identified", "patient.not_identified")
ONE_LOOK = timedelta(minutes=10)
SHORTEST_SEARCH = 2


def search_patients(user: User, text: str, *, limit: int = 8) -> Sequence[Patient]:
    """The first patients, by name, of those that match: what a search box shows while somebody types. Audited."""
    found = list(patients_matching(user, text).order_by("family_name", "given_name", "birth_date")[:limit])
    if len(search_form(text)) >= SHORTEST_SEARCH:
        note_looked_through((patient.pk for patient in found), by=user, event="patient.searched")
    return found


def patients_matching(user: User, text: str) -> QuerySet[Patient]:
    """Patients of the user's clinics whose name, PMS number, birth date or phone ending matches.

    Words may be parts of either name, in any order; four or more digits are a PMS number or the end of a phone
    number; a date is a birth date. Fewer than two characters find nobody.
    """
    words = search_form(text).split()
    matching = Patient.objects.visible_to(user).active()
    if len("".join(words)) < SHORTEST_SEARCH:
        return matching.none()
    for word in words:
        matching = matching.filter(_matches(word))
    return matching


def _matches(word: str) -> Q:
    digits = "".join(each for each in word if each.isdigit())
    if born := _as_date(word):
        return Q(birth_date=born)
    if len(digits) >= 4 and len(digits) >= len(word) - 2:
        return Q(pms_number=digits) | Q(mobile__endswith=digits) | Q(phone__endswith=digits)
    return Q(search_name__contains=word)


def _as_date(word: str) -> date | None:
    for separator in "-/.":
        parts = word.split(separator)
        if len(parts) == 3 and all(part.isdigit() for part in parts):
            year, month, day = map(int, parts if len(parts[0]) == 4 else reversed(parts))
            try:
                return date(year, month, day)
            except ValueError:
                return None
    return None


def identify_patient(
    *, by: User, clinic: Clinic, birth_date: date, family_name: str = "", phone: str = ""
) -> Sequence[Patient]:
    """Find people of other clinics: exact birth date plus exact family name or phone. Every hit is audited.

    Raises NotAllowed, InvalidInput when neither name nor phone is given, TooManyLookups after thirty in an hour:
    nobody works through the birth dates of a common name.
    """
    require(by, Permission.EDIT_PATIENTS, clinic.pk)
    lately = LogEntry.objects.filter(actor=by, event__in=LOOKED_UP, timestamp__gt=timezone.now() - timedelta(hours=1))
    if lately.count() >= LOOKUPS_AN_HOUR:
        log_refused(event="patient.identify_refused", by=by, clinic_id=clinic.pk)
        raise TooManyLookups
    return _exactly(birth_date, family_name, phone, by=by, clinic_id=clinic.pk)


def identify_in_emergency(*, by: User, birth_date: date, family_name: str = "", phone: str = "") -> Sequence[Patient]:
    """As `identify_patient`, for whoever may open a history in an emergency.

    Raises NotAllowed, InvalidInput when neither name nor phone is given.
    """
    clinics = clinic_ids_with(by, Permission.BREAK_GLASS)
    if not clinics:
        raise NotAllowed(detail={"permission": Permission.BREAK_GLASS.value})
    return _exactly(birth_date, family_name, phone, by=by, clinic_id=clinics[0])


def _exactly(birth_date: date, family_name: str, phone: str, *, by: User, clinic_id: int) -> Sequence[Patient]:
    if not family_name.strip() and not phone.strip():
        raise InvalidInput("Give the family name or a phone number beside the birth date.")
    found = Patient.objects.active().filter(birth_date=birth_date)
    if family_name.strip():
        found = found.filter(search_name__endswith=f" {search_form(family_name)}")
    if phone.strip():
        number = normalised_phone(phone)
        found = found.filter(Q(mobile=number) | Q(phone=number))
    patients = [each for each in found[:50] if not family_name or _is_named(each, family_name)][:5]
    for patient in patients:
        log_access(patient, event="patient.identified", by=by, clinic_id=clinic_id)
    if not patients:
        log_access(by, event="patient.not_identified", by=by, clinic_id=clinic_id)
    return patients


def _is_named(patient: Patient, family_name: str) -> bool:
    """Exactly: "Jones" doesn't find a Smith Jones."""
    return search_form(patient.family_name) == search_form(family_name)


def note_opened(patient: Patient, *, by: User, event: str = "patient.opened") -> None:
    """Record that somebody looked at a patient's record, at the clinic through which they may."""
    log_access(patient, event=event, by=by, clinic_id=clinic_of_sight(patient, by))


def clinic_of_sight(patient: Patient, user: User) -> int | None:
    """The clinic through which the user sees the patient, None when through none."""
    theirs = patient.clinics.filter(clinic__in=clinic_ids_with(user, Permission.SEE_PATIENTS))
    return theirs.order_by("clinic").values_list("clinic", flat=True).first()


def note_opened_visit(appointment: Appointment, *, by: User) -> None:
    """Record that somebody looked at a visit with its patient, notes and history. Again within ten minutes is one look.

    An open drawer asks for itself again and again; a row for each would bury the looks that matter.
    """
    event, since = "appointment.opened", timezone.now() - ONE_LOOK
    seen = LogEntry.objects.filter(object_id=appointment.pk, event=event, actor=by, timestamp__gt=since)
    if not seen.exists():
        log_access(appointment, event=event, by=by)


def note_looked_through(patients: Iterable[UUID], *, by: User, event: str) -> None:
    """Record that a list or a search showed these patients: one row, which counts in the trail of each of them."""
    ids = sorted({str(each) for each in patients})
    log_access(by, event=event, by=by, facts={"patients": ids, "found": len(ids)})
