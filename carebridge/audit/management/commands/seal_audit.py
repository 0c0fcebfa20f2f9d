"""manage.py seal_audit: seal what has been written since the last time, once or for as long as the process lives."""

from __future__ import annotations

from typing import Any

from django.core.management.base import BaseCommand, CommandParser

from carebridge.audit.sealing import keep_sealing, seal_new


class Command(BaseCommand):
    """Seal now, or again and again."""

    help = "Chain committed audit rows by hash and anchor the head."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--every", type=float, metavar="SECONDS", help="Go on until the process is ended")

    def handle(self, *args: Any, **options: Any) -> None:
        if options["every"]:
            keep_sealing(options["every"])
        self.stdout.write(f"{seal_new()} rows sealed.")
