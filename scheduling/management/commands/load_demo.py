"""Load the demo clinics."""

from __future__ import annotations

from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.utils import timezone

from scheduling.demo.load import Size, load_demo
from scheduling.demo.wipe import wipe_schedule


class Command(BaseCommand):
    requires_system_checks: tuple[str, ...] = ()  # it runs on every start
    help = "Make six invented clinics with patients and eight weeks of visits. Does nothing where clinics exist."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--scale", type=float, default=1.0, help="Share of the patients and weeks, up to 1")
        parser.add_argument("--wipe", action="store_true", help="Remove ALL clinics, patients and appointments first")

    def handle(self, *args: Any, scale: float, wipe: bool, **options: Any) -> None:
        if not 0 < scale <= 1:
            raise CommandError("--scale is a share above 0, up to 1.")
        if wipe:
            if settings.PRODUCTION:
                raise CommandError("Refused: this is production, where --wipe would remove real appointments.")
            wipe_schedule()
            self._say("  demo: everything of the schedule removed")
        if not load_demo(now=timezone.now(), size=Size.scaled(scale), say=self._say):
            self._say("  demo: clinics exist already, nothing loaded")

    def _say(self, line: str) -> None:
        self.stdout.write(line)
        self.stdout.flush()
