"""manage.py verify_audit: has anybody tampered with the audit trail?"""

from __future__ import annotations

from itertools import islice
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from carebridge.audit.models import LogEntry, Seal
from carebridge.audit.verification import purged_through, verify


class Command(BaseCommand):
    """Compare rows, chain and anchors; exit code 1 when they contradict each other."""

    help = "Compare every row of the audit trail with its seal, the chain of seals, and the anchors outside."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--limit", type=int, default=50, help="Show this many findings at most")

    def handle(self, *args: Any, **options: Any) -> None:
        found = list(islice(verify(), options["limit"]))
        for each in found:
            self.stderr.write(f"{each.rule}: {each.where}. {each.meaning}.")
        if found:
            raise CommandError("The audit trail has been tampered with.")
        purged = purged_through()
        self.stdout.write(
            f"{LogEntry.objects.count()} rows and {Seal.objects.count()} seals agree"
            + (f"; rows up to position {purged} were removed by policy." if purged else ".")
        )
