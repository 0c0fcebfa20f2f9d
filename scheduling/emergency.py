"""Breaking the glass: opening one patient's history for an hour in an emergency, and looking at it afterwards."""

from __future__ import annotations

import logging
from datetime import timedelta

from django.conf import settings
from django.core.mail import send_mass_mail
from django.db.models import Exists, OuterRef
from django.template.loader import render_to_string
from django.urls import reverse
from django.utils import timezone

from carebridge.accounts.models import User
from carebridge.audit.models import LogEntry
from carebridge.audit.trail import Action, log_change
from carebridge.db import command, lock_in_order
from carebridge.errors import InvalidInput, NotAllowed, NotFound
from scheduling.errors import WrongStatus
from scheduling.locking import lock_patient
from scheduling.models import EmergencyAccess, Patient
from scheduling.models.emergency import OPEN_FOR
from scheduling.permissions import clinic_ids_with, forget_roles, holders_of, require
from scheduling.roles import Permission

logger = logging.getLogger(__name__)

SHORTEST_REASON = 10
"""Letters: enough to say something, too many for "x"."""
TOLD = "emergency.reviewers_told"
TELL_WITHIN = timedelta(days=1)
"""How long a mail that could not be sent is tried again; the worklist counts the opening in any case."""


@command()
def open_record(*, patient: Patient, reason: str, by: User) -> EmergencyAccess:
    """Open the patient's appointments at all clinics, with notes and history, to `by` for one hour from now.

    What is open already stays open until its own hour is over. Raises NotAllowed for a role that may not, InvalidInput
    without a reason that a reviewer can judge or for a record that was anonymised, RecordMerged, NotFound.
    """
    clinics = clinic_ids_with(by, Permission.BREAK_GLASS)
    if not clinics:
        raise NotAllowed(detail={"permission": Permission.BREAK_GLASS.value})
    if len(reason.strip()) < SHORTEST_REASON:
        raise InvalidInput(fields={"reason": "Say what happened, so that somebody else can judge it."})
    # Also keeps one person from opening it twice at once.
    patient = lock_patient(patient.pk)
    now = timezone.now()
    if already := EmergencyAccess.objects.filter(opened_by=by, patient=patient).open_at(now).first():
        return already

    access = EmergencyAccess.objects.create(
        patient=patient,
        opened_by=by,
        clinic_id=clinics[0],
        reason=reason.strip(),
        opened_at=now,
        expires_at=now + OPEN_FOR,
    )
    forget_roles(by)

    log_change(
        access, event="emergency.opened", by=by, action=Action.ACCESS, facts={"until": access.expires_at.isoformat()}
    )
    logger.warning("emergency access %s opened", access.pk)
    return access


@command()
def close_record(*, access: EmergencyAccess, by: User) -> EmergencyAccess:
    """Close what `by` opened before its hour is over; what has ended already stays as it is. Raises NotAllowed."""
    access = _locked(access)
    if access.opened_by_id != by.pk:
        raise NotAllowed("Only the person who opened this may close it. It closes by itself.")
    now = timezone.now()
    if not access.is_open_at(now):
        return access

    access.closed_at = now
    access.save(update_fields=["closed_at"])
    forget_roles(by)

    log_change(access, event="emergency.closed", by=by)
    return access


@command()
def review_opening(*, access: EmergencyAccess, outcome: str, note: str, by: User) -> EmergencyAccess:
    """Say whether an opening was justified. Nobody reviews their own.

    Raises NotAllowed, WrongStatus when somebody has reviewed it, InvalidInput when it was not and no note says why.
    """
    access = _locked(access)
    require(by, Permission.REVIEW_ACCESS, access.clinic_id)
    if access.opened_by_id == by.pk:
        raise NotAllowed("Somebody else must review what you opened.")
    if access.reviewed_at is not None:
        raise WrongStatus("This has been reviewed already.")
    if outcome not in EmergencyAccess.Outcome.values:
        raise InvalidInput(fields={"outcome": "Say whether it was justified."})
    if outcome == EmergencyAccess.Outcome.NOT_JUSTIFIED and not note.strip():
        raise InvalidInput(fields={"note": "Say why it was not justified, and what follows."})

    access.outcome, access.review_note = outcome, note.strip()
    access.reviewed_by, access.reviewed_at = by, timezone.now()
    access.save(update_fields=["outcome", "review_note", "reviewed_by", "reviewed_at"])

    log_change(access, event="emergency.reviewed", by=by, changes={"outcome": (None, outcome)})
    return access


def tell_reviewers() -> int:
    """Mail those who review the openings that they have not been told of yet; run each minute. How many openings.

    The row of the trail that says so keeps it from being told twice. It is written after the mail: rather a second
    mail than none.
    """
    told = LogEntry.objects.filter(event=TOLD, object_id=OuterRef("pk"))
    lately = EmergencyAccess.objects.unreviewed().filter(opened_at__gt=timezone.now() - TELL_WITHIN)
    waiting = lately.filter(~Exists(told)).select_related("clinic", "opened_by")
    return sum(_tell(access) for access in waiting)


def _tell(access: EmergencyAccess) -> bool:
    reviewers = holders_of(Permission.REVIEW_ACCESS, access.clinic_id).exclude(pk=access.opened_by_id)
    addresses = list(reviewers.exclude(email="").values_list("email", flat=True))
    facts = {"access": access, "address": settings.PUBLIC_BASE_URL + reverse("scheduling:emergency-review")}
    text = render_to_string("emails/emergency_opened.txt", facts)
    try:
        send_mass_mail([("Emergency access to review", text, None, [address]) for address in addresses])
    except OSError as error:  # SMTP's own are OSErrors too
        logger.error("reviewers of emergency access %s not told: %s", access.pk, type(error).__name__)
        return False
    if not addresses:
        logger.error("nobody to tell of emergency access %s", access.pk)
    log_change(access, event=TOLD, by=None, facts={"reviewers": len(addresses)})
    return True


def _locked(access: EmergencyAccess) -> EmergencyAccess:
    found = lock_in_order(EmergencyAccess, [access.pk])
    if not found:
        raise NotFound
    return found[0]
