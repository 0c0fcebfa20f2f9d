"""Repairs that run by the clock: each finds rows whose time has come and may be run twice without harm."""

from __future__ import annotations

import logging
from datetime import timedelta

from django.db import transaction
from django.utils import timezone

from carebridge.db import command
from carebridge.errors import DomainError
from carebridge.events import handler_named
from scheduling import consistency, idempotency, lapsing, public_booking, retention
from scheduling.history import event_of
from scheduling.models import HandlerFailure, Patient

logger = logging.getLogger(__name__)

MOST_TRIES = 20


def expire_lapsed() -> int:
    """Let pending appointments lapse whose time to confirm is over. How many did."""
    return lapsing.expire_lapsed(now=timezone.now())


def forget_old_requests() -> int:
    """Drop answers kept for repeated requests once they are past their time. How many."""
    return idempotency.purge_expired(now=timezone.now())


def compare_everything() -> int:
    """The nightly comparison of ledger, masks and statuses. How many contradictions; each is logged as an error."""
    today = timezone.now().date()
    found = list(consistency.findings(today - timedelta(days=31), today + timedelta(days=400)))
    for each in found:
        logger.error("schedule contradicts itself", extra={"rule": each.rule, "ids": each.ids})
    return len(found)


def anonymise_due(limit: int = 1000) -> int:
    """Remove what is personal from records whose time is over by policy. How many."""
    due = retention.due_patients(timezone.now())[:limit]
    return sum(_anonymise(patient) for patient in due)


def forget_unverified(limit: int = 500) -> int:
    """Remove what is personal from records of the public pages whose code nobody entered. How many."""
    return sum(_forget(patient) for patient in public_booking.unverified_records(timezone.now())[:limit])


def _forget(patient: Patient) -> bool:
    try:
        retention.forget_unverified(patient=patient)
    except DomainError as refused:
        logger.warning("record not forgotten", extra={"record": str(patient), "code": refused.code})
        return False
    return True


def _anonymise(patient: Patient) -> bool:
    try:
        retention.anonymise_patient(patient=patient, by=None)
    except DomainError as refused:
        logger.warning("record not anonymised", extra={"record": str(patient), "code": refused.code})
        return False
    return True


def retry_failed_handlers(limit: int = 100) -> int:
    """Run reactions again that failed when their event happened. How many succeeded now."""
    waiting = HandlerFailure.objects.filter(resolved_at=None, tries__lt=MOST_TRIES).order_by("failed_at")
    return sum(_retry(failure_id=pk) for pk in waiting.values_list("pk", flat=True)[:limit])


@command()
def _retry(*, failure_id: int) -> bool:
    claimed = HandlerFailure.objects.select_for_update(skip_locked=True, of=("self",)).select_related("event")
    failure = claimed.filter(pk=failure_id, resolved_at=None).first()
    if failure is None:
        return False
    event = event_of(failure.event)
    handler = handler_named(type(event), failure.handler)
    failure.tries += 1
    try:
        with transaction.atomic():
            if handler is not None:
                handler(event)
        failure.resolved_at = timezone.now()
    except Exception as error:
        failure.error = type(error).__name__
        logger.warning("event handler failed again", extra={"handler": failure.handler, "tries": failure.tries})
    failure.save(update_fields=["tries", "resolved_at", "error"])
    return failure.resolved_at is not None
