"""Addresses that let one patient in: made for a message, checked when opened, ended when they should be.

An address holds the link's id and a keyed digest of it (`signed_ids`), so the same message sent twice holds the same
one. Knowing it opens nothing yet: whoever follows it gives the patient's birth date, and few tries are answered.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from datetime import date, datetime, timedelta
from typing import cast

from django.conf import settings
from django.urls import reverse
from django.utils import timezone

from carebridge.audit.trail import Action, log_change
from carebridge.db import command, lock_in_order
from carebridge.errors import DomainError
from scheduling.errors import LinkOver, LinkUnknown, TooManyTries, WrongBirthDate
from scheduling.locking import lock_patient
from scheduling.models import Appointment, BookingInvitation, PatientLink, Status
from scheduling.signed_ids import read_signed, signed

PURPOSE = "scheduling.links"
OPENS_AFTER_VISIT = timedelta(days=2)
TRIES_AT_ONCE = 5
TRIES_IN_ALL = 15
WAIT = timedelta(minutes=15)


# --- Addresses -------------------------------------------------------------------------------------------------------


def token_of(link: PatientLink) -> str:
    """What stands in the link's address: 43 letters, safe in a URL."""
    return signed(link.pk, PURPOSE)


def address_of(link: PatientLink) -> str:
    """The whole address, as it stands in a message."""
    return settings.PUBLIC_BASE_URL.rstrip("/") + reverse("scheduling:patient-link", args=[token_of(link)])


def example_address() -> str:
    """What such an address looks like, for a preview: as long as a real one, and it opens nothing."""
    return settings.PUBLIC_BASE_URL.rstrip("/") + reverse("scheduling:patient-link", args=["example-" * 5 + "abc"])


# --- Making, finding and ending --------------------------------------------------------------------------------------


def manage_link(*, appointment: Appointment) -> PatientLink:
    """The link by which the patient of a visit sees and changes it: the one that is there, or a new one."""
    return manage_links(appointments=[appointment])[appointment.pk]


@command()
def manage_links(*, appointments: Collection[Appointment]) -> Mapping[int, PatientLink]:
    """The links of visits, by the visits' ids, as `manage_link`: four statements, and one for each clinic."""
    links = _live_links(appointments)
    without = [visit for visit in sorted(appointments, key=lambda each: each.pk) if visit.pk not in links]
    if not without:
        return links
    made = {visit.pk: PatientLink(appointment=visit, patient_id=visit.patient_id) for visit in without}
    PatientLink.objects.bulk_create(made.values(), ignore_conflicts=True)
    links |= _live_links(without)
    for clinic_id in sorted({visit.clinic_id for visit in without}):
        here = [visit.pk for visit in without if visit.clinic_id == clinic_id]
        if ours := [made[pk] for pk in here if links[pk].pk == made[pk].pk]:
            _log_made(ours, clinic_id)
    return links


def _live_links(appointments: Iterable[Appointment]) -> dict[int, PatientLink]:
    patients = {visit.pk: visit.patient_id for visit in appointments}
    found = PatientLink.objects.filter(appointment__in=patients, revoked_at=None)
    by_visit = ((cast(int, link.appointment_id), link) for link in found)
    return {visit_id: link for visit_id, link in by_visit if link.patient_id == patients[visit_id]}


def _log_made(links: Sequence[PatientLink], clinic_id: int) -> None:
    """One row for all of a clinic, as messages go out by the thousand; whose links they are stands in its facts."""
    facts = {"patients": [str(link.patient_id) for link in links], "links": [str(link.pk) for link in links]}
    log_change(links[0], event="link.made", by=None, action=Action.CREATE, clinic_id=clinic_id, facts=facts)


def find_link(token: str, *, now: datetime) -> PatientLink:
    """The link of an address, with what it opens. Raises LinkUnknown, and LinkOver when it has ended."""
    related = ("patient", "appointment__clinic", "invitation__clinic", "invitation__appointment_type__service")
    link = PatientLink.objects.select_related(*related).filter(pk=read_signed(token, PURPOSE)).first()
    if link is None:
        raise LinkUnknown
    if link.revoked_at or link.patient.anonymised_at or link.patient.merged_into_id:
        raise LinkOver
    if link.visit_id is None and link.invitation:
        _check_invitation(link, link.invitation, now)
    else:
        _check_visit(link, now)
    return link


def live_visit(link: PatientLink) -> Appointment:
    """The visit that a link opens, or what it has been moved to, with everything that a page shows."""
    related = ("clinic", "doctor__resource", "patient", "appointment_type__service", "referral")
    rows = Appointment.objects.select_related(*related)
    found = rows.get(pk=link.visit_id)
    while found.status == Status.RESCHEDULED and (moved := rows.filter(moved_from=found.pk).first()):
        found = moved
    return found


def _check_visit(link: PatientLink, now: datetime) -> None:
    visit = live_visit(link)
    if visit.patient_id != link.patient_id or now > visit.ends_at + OPENS_AFTER_VISIT:
        raise LinkOver


def _check_invitation(link: PatientLink, invitation: BookingInvitation, now: datetime) -> None:
    withdrawn = invitation.withdrawn_at or invitation.patient_id != link.patient_id
    if withdrawn or now >= invitation.expires_at:
        raise LinkOver


@command()
def revoke_link(*, link: PatientLink) -> None:
    """The link opens nothing from now on."""
    (link,) = lock_in_order(PatientLink, [link.pk])
    if link.revoked_at is None:
        link.revoked_at = timezone.now()
        link.save(update_fields=["revoked_at"])
        log_change(link, event="link.revoked", by=None, clinic_id=link.clinic.pk)


# --- The second check ------------------------------------------------------------------------------------------------


def check_birth_date(*, link: PatientLink, birth_date: date) -> None:
    """Let in who knows the patient's birth date. A wrong one is counted for good before it is refused.

    Raises WrongBirthDate; TooManyTries after five wrong ones, for a quarter of an hour; LinkOver once fifteen were
    wrong, for good.
    """
    # Returned, not raised, out of the transaction: a refusal would take the count back with it.
    if refused := _try_birth_date(link=link, birth_date=birth_date):
        raise refused


@command()
def _try_birth_date(*, link: PatientLink, birth_date: date) -> DomainError | None:
    now = timezone.now()
    patient = lock_patient(link.patient_id)
    (link,) = lock_in_order(PatientLink, [link.pk])
    if link.revoked_at:
        return LinkOver()
    if link.wait_until and now < link.wait_until:
        return TooManyTries()
    right = patient.birth_date == birth_date
    if right:
        link.opened_at, link.wrong_tries = link.opened_at or now, 0
    else:
        _count_wrong(link, now)
    link.save(update_fields=["opened_at", "wrong_tries", "wait_until", "revoked_at"])
    event = "link.opened" if right else "link.refused"
    log_change(link, event=event, by=None, action=Action.ACCESS, clinic_id=link.clinic.pk)
    if right:
        return None
    return LinkOver() if link.revoked_at else TooManyTries() if link.wait_until == now + WAIT else WrongBirthDate()


def _count_wrong(link: PatientLink, now: datetime) -> None:
    link.wrong_tries += 1
    if link.wrong_tries >= TRIES_IN_ALL:
        link.revoked_at = now
    elif link.wrong_tries % TRIES_AT_ONCE == 0:
        link.wait_until = now + WAIT
