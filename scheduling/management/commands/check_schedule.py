"""Prove that ledger, masks and statuses agree; `--repair` writes the masks anew from the ledger."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.utils import timezone

from scheduling import ledger_masks
from scheduling.consistency import findings


class Command(BaseCommand):
    help = __doc__

    def add_arguments(self, parser: CommandParser) -> None:
        """How many days back and ahead to look, and whether to mend masks."""
        parser.add_argument("--back", type=int, default=31, help="days before today")
        parser.add_argument("--ahead", type=int, default=400, help="days after today")
        parser.add_argument("--repair", action="store_true", help="write the masks anew from the ledger first")

    def handle(self, *args: Any, **options: Any) -> None:
        """Print each contradiction; end with an error when there is one."""
        today = timezone.now().date()
        first, last = today - timedelta(days=options["back"]), today + timedelta(days=options["ahead"])
        if options["repair"]:
            self.stdout.write(f"{ledger_masks.rebuild(first, last)} days of masks written.")
        found = list(findings(first, last))
        for each in found:
            self.stdout.write(f"{each.rule}: {', '.join(map(str, each.ids))}")
        if found:
            raise CommandError(f"{len(found)} contradictions.")
        self.stdout.write("Ledger, masks and statuses agree.")
