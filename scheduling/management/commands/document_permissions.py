"""Print docs/permissions.md from the code, so that the page can't say anything else."""

from __future__ import annotations

from typing import Any

from django.core.management.base import BaseCommand

from carebridge.accounts.models import Role
from scheduling.roles import DESCRIPTIONS, OWN_APPOINTMENT, ROLE_PERMISSIONS, Permission

INTRODUCTION = """# Who may do what

A person holds roles at clinics, each a permission on that clinic; nothing is allowed without one. With the role of a
doctor comes what is marked in the column "own list", for the appointments on one's own list at that clinic. What a
person may not see does not exist for them: the answer is "not found".

Two rights are given to a person rather than a role: a membership may add finding and booking times at the group's other
clinics, where nothing else is seen; and a patient's record opened in an emergency is readable for an hour.

This page is printed by `manage.py document_permissions`; a test compares them.
"""


def permissions_page() -> str:
    """The page in Markdown."""
    heads = ["What", *(role.label for role in Role), "Own list"]
    lines = [INTRODUCTION, _row(heads), _row(["---", *([":-:"] * (len(heads) - 1))])]
    for permission in Permission:
        held = [permission in ROLE_PERMISSIONS[role] for role in Role]
        lines.append(_row([DESCRIPTIONS[permission], *map(_mark, [*held, permission in OWN_APPOINTMENT])]))
    return "\n".join(lines) + "\n"


def _row(cells: list[str]) -> str:
    return f"| {' | '.join(cells)} |"


def _mark(held: bool) -> str:
    return "yes" if held else ""


class Command(BaseCommand):
    help = "Print docs/permissions.md"

    def handle(self, *args: Any, **options: Any) -> None:
        """Write the page to standard output."""
        self.stdout.write(permissions_page(), ending="")
