"""manage.py purge_audit: remove rows that policy no longer asks to keep."""

from __future__ import annotations

from typing import Any

from django.core.management.base import BaseCommand

from carebridge.audit.retention import purge_by_policy


class Command(BaseCommand):
    """Purge now, as the nightly job does."""

    help = "Remove audit rows older than AUDIT_KEEP_DAYS; their seals stay and the chain can still be verified."

    def handle(self, *args: Any, **options: Any) -> None:
        self.stdout.write(f"{purge_by_policy()} rows removed.")
