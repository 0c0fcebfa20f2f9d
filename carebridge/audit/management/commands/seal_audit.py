"""manage.py seal_audit: seal what has been written since the last time, as the regular job does."""

from __future__ import annotations

from typing import Any

from django.core.management.base import BaseCommand

from carebridge.audit.sealing import seal_new


class Command(BaseCommand):
    """Seal now."""

    help = "Chain committed audit rows by hash and anchor the head."

    def handle(self, *args: Any, **options: Any) -> None:
        self.stdout.write(f"{seal_new()} rows sealed.")
