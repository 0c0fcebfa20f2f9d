"""Does the trail still say what it said when it was sealed? Rows against seals, seals against each other, anchors."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import timedelta

from django.contrib.contenttypes.models import ContentType
from django.db.models import Exists, OuterRef
from django.utils import timezone

from carebridge.audit.anchors import anchors
from carebridge.audit.models import LogEntry, Seal, Unsealed
from carebridge.audit.sealing import START, link_hash, prints_of

CHUNK = 5_000
SEALED_WITHIN = timedelta(minutes=1)
"""Sealing takes seconds; a row still waiting after this long was kept from it."""


@dataclass(frozen=True, slots=True)
class Finding:
    """One contradiction: which rule, where, and what it means."""

    rule: str
    where: str
    meaning: str


def verify() -> Iterator[Finding]:
    """Every contradiction in rows, chain and anchors, in order of the chain. Memory doesn't grow with the trail."""
    yield from _chain()
    yield from _unsealed()
    yield from _anchors()


def purged_through() -> int:
    """The last position whose row was removed by policy, as the youngest row about a purge says; 0 for none."""
    about_seals = ContentType.objects.get_for_model(Seal)
    told = LogEntry.objects.filter(content_type=about_seals, event="audit.purged")
    latest = told.order_by("-id").values_list("additional_data__through", flat=True).first()
    return int(latest or 0)


def _chain() -> Iterator[Finding]:
    previous, expected, purged = START, 1, purged_through()
    for links in _chunks():
        rows = prints_of(link.entry_id for link in links)
        for link in links:
            if link.position != expected:
                yield Finding("seal_missing", _place(expected), f"{link.position - expected} links are missing")
            kept = bytes(link.row_hash)
            if bytes(link.chain_hash) != link_hash(previous, link.position, link.entry_id, kept):
                yield Finding("chain_broken", _place(link.position), "This link doesn't follow from the one before")
            if link.entry_id not in rows and link.position > purged:
                purged = purged_through()  # perhaps it was removed while we read
            yield from _row(link, rows.get(link.entry_id), purged)
            previous, expected = bytes(link.chain_hash), link.position + 1


def _row(link: Seal, found: bytes | None, purged: int) -> Iterator[Finding]:
    if found is None and link.position > purged:
        yield Finding("row_missing", _entry(link.entry_id), "This row was deleted, and no purge tells of it")
    elif found is not None and found != bytes(link.row_hash):
        yield Finding("row_changed", _entry(link.entry_id), "This row is not what was sealed")


def _chunks() -> Iterator[Sequence[Seal]]:
    last = 0
    while links := list(Seal.objects.filter(position__gt=last).order_by("position")[:CHUNK]):
        yield links
        last = links[-1].position


def _unsealed() -> Iterator[Finding]:
    sealed = Seal.objects.filter(entry_id=OuterRef("pk"))
    late = LogEntry.objects.filter(~Exists(sealed), timestamp__lt=timezone.now() - SEALED_WITHIN)
    for entry_id in late.order_by("id").values_list("pk", flat=True)[:CHUNK]:
        yield Finding("row_unsealed", _entry(entry_id), "This row should have been sealed long ago")
    rows = LogEntry.objects.filter(pk=OuterRef("pk"))
    for entry_id in Unsealed.objects.filter(~Exists(rows)).values_list("pk", flat=True)[:CHUNK]:
        yield Finding("row_missing", _entry(entry_id), "This row was deleted before it could be sealed")


def _anchors() -> Iterator[Finding]:
    waiting: dict[int, str] = {}
    for each in anchors():
        waiting[each.position] = each.chain_hash
        if len(waiting) == CHUNK:
            yield from _compare(waiting)
            waiting = {}
    yield from _compare(waiting)


def _compare(noted: dict[int, str]) -> Iterator[Finding]:
    links = Seal.objects.filter(position__in=noted).values_list("position", "chain_hash")
    found = {position: bytes(chain_hash).hex() for position, chain_hash in links}
    for position, chain_hash in noted.items():
        if position not in found:
            yield Finding("tail_missing", _place(position), "This link was anchored outside and is gone")
        elif found[position] != chain_hash:
            yield Finding("chain_rewritten", _place(position), "This link is not the one anchored outside")


def _place(position: int) -> str:
    return f"position {position}"


def _entry(entry_id: int) -> str:
    return f"entry {entry_id}"
