"""Retention: rows older than policy says are removed from the beginning of the chain; their seals stay, so that what
remains can still be verified, and a row tells who removed how many."""

from __future__ import annotations

from datetime import datetime, timedelta
from itertools import takewhile

from django.conf import settings
from django.db import connection
from django.utils import timezone

from carebridge.accounts.models import User
from carebridge.audit.models import LogEntry, Seal
from carebridge.audit.trail import Action, log_change
from carebridge.audit.verification import purged_through
from carebridge.db import command

BATCH = 10_000
_ONE_PURGE = 0x5EA2
SHORTEST = timedelta(days=365)
"""The database refuses to remove anything younger, whatever the setting says."""


def purge_by_policy() -> int:
    """Remove what AUDIT_KEEP_DAYS no longer asks to keep. How many rows."""
    before = timezone.now() - max(timedelta(days=settings.AUDIT_KEEP_DAYS), SHORTEST)
    total = 0
    while count := purge_batch(before=before, by=None):
        total += count
    return total


@command()
def purge_batch(*, before: datetime, by: User | None) -> int:
    """Remove the oldest rows written before an instant, at most BATCH; 0 when there is none. Only sealed ones go.

    Rows go in the order of the chain and never past one that must stay, so what is left is one unbroken piece; nor
    past one that is gone already, because a purge must not explain away what somebody else deleted.
    """
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_xact_lock(%s)", [_ONE_PURGE])
    links = list(Seal.objects.filter(position__gt=purged_through()).order_by("position")[:BATCH])
    old = LogEntry.objects.filter(pk__in=[link.entry_id for link in links], timestamp__lt=before)
    may_go = set(old.values_list("pk", flat=True))
    going = list(takewhile(lambda link: link.entry_id in may_go, links))
    if not going:
        return 0

    with connection.cursor() as cursor:
        cursor.execute("SET LOCAL carebridge.purging_audit = 'on'")
        cursor.execute("DELETE FROM audit_logentry WHERE id = ANY(%s)", [[link.entry_id for link in going]])
        removed = cursor.rowcount
        cursor.execute("SET LOCAL carebridge.purging_audit = 'off'")

    log_change(
        going[-1],
        event="audit.purged",
        by=by,
        action=Action.DELETE,
        facts={"through": going[-1].position, "rows": removed, "before": before.isoformat()},
    )
    return len(going)
