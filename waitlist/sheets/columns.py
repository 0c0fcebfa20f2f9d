"""What the columns of somebody's list may be, and which of them a heading is likely to mean. Pure."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from scheduling.personal_details import search_form


@dataclass(frozen=True)
class Field:
    """One thing that a column may say: its name, what people call it, and how headings spell it."""

    name: str
    label: str
    headings: tuple[str, ...]


FIELDS: Mapping[str, Field] = {
    each.name: each
    for each in (
        Field(
            "name", "Full name", ("name", "patient", "full name", "patient name", "pt", "pt name", "surname given name")
        ),
        Field("family_name", "Family name", ("surname", "family name", "last name", "familyname", "lastname")),
        Field("given_name", "Given name", ("given name", "first name", "forename", "givenname", "firstname")),
        Field("birth_date", "Birth date", ("dob", "d o b", "birth date", "date of birth", "born", "birthdate", "bd")),
        Field(
            "pms_number",
            "PMS number",
            ("pms", "pms number", "pms no", "number", "nhs", "nhs number", "nhs no", "mrn", "patient id", "patient no"),
        ),
        Field(
            "phone",
            "Phone",
            ("phone", "mobile", "tel", "telephone", "contact", "contact number", "phone number", "mob", "tel no"),
        ),
        Field(
            "visit",
            "Visit",
            ("visit", "type", "appointment type", "service", "clinic type", "procedure", "waiting for", "appointment"),
        ),
        Field("doctor", "Doctor", ("doctor", "dr", "consultant", "clinician", "preferred doctor", "seen by")),
        Field("urgency", "Urgency", ("urgency", "priority", "prio", "urgent", "pri", "category")),
        Field("urgency_reason", "Why it is urgent", ("reason", "urgency reason", "why", "clinical reason")),
        Field(
            "waiting_since",
            "Waiting since",
            ("waiting since", "added", "date added", "since", "referral date", "referred", "date referred"),
        ),
        Field("earliest_day", "Not before", ("not before", "earliest", "available from", "from")),
        Field("latest_day", "Must be seen by", ("must be seen by", "deadline", "latest", "due", "breach date")),
    )
}  # fmt: skip
_BY_HEADING = {
    heading: field.name for field in FIELDS.values() for heading in (*field.headings, search_form(field.label))
}

NEEDED = "A list needs a birth date, and a name or a PMS number, to know the patients by."


def plain(heading: str) -> str:
    """A heading without capitals, accents, points and brackets."""
    return " ".join(re.sub(r"[^\w]+|_", " ", re.sub(r"\(.*?\)", " ", search_form(heading))).split())


def field_of(heading: str) -> str | None:
    """The field that a heading names, or None."""
    return _BY_HEADING.get(plain(heading))


def suggested(headings: Sequence[str]) -> dict[str, int]:
    """For each field the first column whose heading names it."""
    found: dict[str, int] = {}
    for column, heading in enumerate(headings):
        if field := field_of(heading):
            found.setdefault(field, column)
    if {"family_name", "given_name"} <= found.keys():
        found.pop("name", None)
    return found


def missing(mapping: Mapping[str, int]) -> str:
    """What such a mapping still lacks, as a sentence; empty if nothing."""
    named = "name" in mapping or {"family_name", "given_name"} <= mapping.keys() or "pms_number" in mapping
    return "" if named and "birth_date" in mapping else NEEDED
