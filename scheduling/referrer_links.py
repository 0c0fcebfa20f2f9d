"""Links by which a practice that refers patients books or asks for visits: made and withdrawn by staff."""

from __future__ import annotations

from collections.abc import Collection
from datetime import date, datetime, time, timedelta

from django.conf import settings
from django.urls import reverse
from django.utils import timezone

from carebridge.accounts.models import User
from carebridge.audit.trail import Action, log_change
from carebridge.db import command, lock_in_order
from carebridge.errors import InvalidInput
from scheduling.errors import LinkOver, LinkUnknown
from scheduling.models import AppointmentType, Clinic, Offering, ReferrerLink
from scheduling.permissions import require, role_at
from scheduling.roles import Permission
from scheduling.signed_ids import read_signed, signed

PURPOSE = "scheduling.referring"
LONGEST_DAYS = 366
MOST_PATIENTS = 500
Mode = ReferrerLink.Mode


def address_of(link: ReferrerLink) -> str:
    """The whole address, as the practice gets it."""
    return settings.PUBLIC_BASE_URL.rstrip("/") + reverse("scheduling:referrer", args=[token_of(link)])


def token_of(link: ReferrerLink) -> str:
    """What stands in its address."""
    return signed(link.pk, PURPOSE)


def find_referrer_link(token: str, *, now: datetime) -> ReferrerLink:
    """The link of an address. Raises LinkUnknown, and LinkOver when it has ended."""
    link = ReferrerLink.objects.select_related("clinic").filter(pk=read_signed(token, PURPOSE)).first()
    if link is None:
        raise LinkUnknown
    if link.is_over(now):
        raise LinkOver
    return link


@command()
def make_referrer_link(
    *,
    referrer: str,
    clinic: Clinic,
    appointment_types: Collection[AppointmentType],
    mode: ReferrerLink.Mode | str,
    most_patients: int,
    last_day: date,
    by: User,
) -> ReferrerLink:
    """Let a practice book, or ask, for at most so many patients until the end of a local day of the clinic.

    Raises InvalidInput naming the fields, NotAllowed.
    """
    now = timezone.now()
    require(by, Permission.BOOK, clinic.pk)
    if not 1 <= most_patients <= MOST_PATIENTS:
        raise InvalidInput(fields={"most_patients": f"Choose a number from 1 to {MOST_PATIENTS}."})
    _check_days(last_day, now.astimezone(clinic.zone).date())
    _check_performed(clinic, appointment_types)
    link = ReferrerLink(
        referrer=referrer.strip(),
        clinic=clinic,
        mode=Mode(mode),
        most_patients=most_patients,
        expires_at=datetime.combine(last_day + timedelta(days=1), time(), tzinfo=clinic.zone),
        created_by=by,
    )
    link.save(force_insert=True)
    link.appointment_types.set(appointment_types)
    facts = {"types": sorted(each.pk for each in appointment_types), "mode": link.mode, "patients": most_patients}
    _account(link, "referrer_link.made", by=by, action=Action.CREATE, facts=facts)
    return link


def _check_days(last_day: date, today: date) -> None:
    if not today <= last_day < today + timedelta(days=LONGEST_DAYS):
        raise InvalidInput(fields={"last_day": "Choose a day within a year from today."})


def _check_performed(clinic: Clinic, types: Collection[AppointmentType]) -> None:
    performed = Offering.objects.filter(clinic=clinic, is_active=True, doctor__is_active=True)
    performed_ids = set(performed.values_list("appointment_type", flat=True))
    if not types or any(each.pk not in performed_ids for each in types):
        raise InvalidInput(fields={"appointment_types": "Choose visits that somebody does at this clinic."})


@command()
def withdraw_referrer_link(*, link: ReferrerLink, by: User) -> None:
    """The link books nothing any more. Raises LinkOver when it was withdrawn already, NotAllowed."""
    (link,) = lock_in_order(ReferrerLink, [link.pk])
    require(by, Permission.BOOK, link.clinic_id)
    if link.withdrawn_at:
        raise LinkOver("This link was withdrawn already.")
    link.withdrawn_at = timezone.now()
    link.save(update_fields=["withdrawn_at"])
    _account(link, "referrer_link.withdrawn", by=by)


def _account(
    link: ReferrerLink, event: str, *, by: User, action: Action = Action.UPDATE, facts: dict[str, object] | None = None
) -> None:
    role = role_at(by, link.clinic_id)
    log_change(link, event=event, by=by, action=action, clinic_id=link.clinic_id, role=role, facts=facts)
