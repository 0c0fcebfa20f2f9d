"""After a new time zone database: keep promised wall-clock times by moving the instants behind them."""

from __future__ import annotations

from typing import Any

from django.core.management.base import BaseCommand
from django.utils import timezone

from scheduling.zone_law import rederive_starts


class Command(BaseCommand):
    help = __doc__

    def handle(self, *args: Any, **options: Any) -> None:
        """Move what must move and say how many; those that now collide are in review."""
        moved = rederive_starts(now=timezone.now())
        self.stdout.write(f"{moved} visits moved to keep their local time.")
