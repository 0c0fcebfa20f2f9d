"""What a row of the table says."""

from __future__ import annotations

import string
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

COLUMNS = ("nobody", "receptionist", "doctor", "clinic_admin", "manager", "support", "sysadmin", "no_role")
"""`nobody` is not signed in, `no_role` is signed in without a role anywhere; the others work at Harbour."""

CLINIC_BOUND = {
    "visit",
    "patient",
    "clinic",
    "doctor",
    "room",
    "slot",
    "block",
    "member",
    "opened",
    "reply",
    "message",
    "boxed",
    "rule",
    "invitation",
    "waiting",
    "list",
    "asked",
    "practice_id",
    "free",
}
"""Words that stand for something of one clinic."""


@dataclass(frozen=True)
class Row:
    """One method on one address: the answer for each column, at the own clinic and at the other one."""

    method: str
    path: str
    own: Mapping[str, str]
    other: Mapping[str, str] | None
    send: Mapping[str, Any]

    @property
    def name(self) -> str:
        return f"{self.method} /{self.path}"


def row(method: str, path: str, answers: str, *, other: str = "", **send: Any) -> Row:
    """A row: answers in the order of COLUMNS, `in` for "sign in first". What is sent may hold `{words}` too."""
    own = _by_column(answers)
    unseen = None
    if other or _words(path, *map(str, send.values())) & CLINIC_BOUND:
        unseen = _by_column(other or " ".join([own["nobody"], *["404"] * (len(COLUMNS) - 1)]))
    return Row(method, path, own, unseen, send)


def _by_column(answers: str) -> Mapping[str, str]:
    return dict(zip(COLUMNS, answers.split(), strict=True))


def _words(*templates: str) -> set[str]:
    return {name for each in templates for _, name, _, _ in string.Formatter().parse(each) if name}


def filled(template: Any, words: Mapping[str, str]) -> Any:
    """The template with each `{word}` replaced, lists and dictionaries included."""
    if isinstance(template, str):
        return template.format_map(words)
    if isinstance(template, Mapping):
        return {key: filled(value, words) for key, value in template.items()}
    return template
