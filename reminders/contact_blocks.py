"""Numbers and addresses that get no messages, and why: commands, and what is said of them in the trail."""

from __future__ import annotations

from datetime import datetime

from django.db import models
from django.utils import timezone

from carebridge.accounts.models import User
from carebridge.audit.trail import Action, log_change
from carebridge.db import command
from reminders.models import ContactBlock, Medium
from scheduling.models import Patient

Reason = ContactBlock.Reason


@command()
def block_address(*, medium: Medium, address: str, reason: Reason, by: User | None, at: datetime | None = None) -> bool:
    """Write to this number (E.164) or e-mail address no more. False if that was so already for this reason.

    `by` None is whoever holds it, or its provider.
    """
    found = {"medium": medium, "address": plain(medium, address), "reason": reason}
    block = ContactBlock(**found, since=at or timezone.now())
    made = ContactBlock.objects.bulk_create([block], ignore_conflicts=True)
    block = ContactBlock.objects.get(**found, lifted_at=None)
    if block.since != made[0].since:
        return False

    _account("contact.blocked", block, by=by, action=Action.CREATE)
    return True


@command()
def lift_block(*, medium: Medium, address: str, reason: Reason, by: User | None) -> bool:
    """Write to this number or address again, as far as this reason goes. False if it was not blocked for it."""
    live = ContactBlock.objects.select_for_update(of=("self",)).filter(lifted_at=None, medium=medium, reason=reason)
    block = live.filter(address=plain(medium, address)).first()
    if block is None:
        return False
    block.lifted_at = timezone.now()
    block.save(update_fields=["lifted_at"])

    _account("contact.unblocked", block, by=by, action=Action.UPDATE)
    return True


def plain(medium: str, address: str) -> str:
    """An address as blocks keep it: e-mail in lower case."""
    return address.strip().lower() if medium == Medium.EMAIL else address.strip()


def reached_by(medium: str, address: str) -> models.QuerySet[Patient]:
    """Patients on whose record this number or e-mail address stands, oldest first."""
    on_file = {"email__iexact": address} if medium == Medium.EMAIL else {"mobile": address}
    return Patient.objects.active().filter(**on_file).order_by("created_at", "pk")


def _account(event: str, block: ContactBlock, *, by: User | None, action: int) -> None:
    """A row for each patient who is reached by it, in whose history it is looked for; else one about the block."""
    facts = {"medium": block.medium, "reason": block.reason}
    concerned: list[models.Model] = list(reached_by(block.medium, block.address)) or [block]
    for subject in concerned:
        log_change(subject, event=event, by=by, action=Action.UPDATE if subject is not block else action, facts=facts)
