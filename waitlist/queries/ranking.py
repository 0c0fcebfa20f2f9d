"""The rows of the waitlist's screen: filtered, in the order in which they would be asked, each with its why."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from datetime import datetime, timedelta
from typing import Any
from urllib.parse import urlencode

from django.db.models import Prefetch, Q, QuerySet

from scheduling.models import Appointment
from waitlist.matching import FULL_WAIT, USUAL_POINTS, Candidate, Factor, Ranked, rank
from waitlist.models import Entry, EntryStatus, Offer, OfferState, Urgency

AGES = {"7": "Over a week", "30": "Over 30 days", "60": "Over 60 days"}
DAYS = ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun")
RULES = {
    "urgency": "Set by staff, with a reason",
    "waiting": f"In full after {FULL_WAIT.days} days; pauses don't count",
    "service": "In full for exactly this visit",
    "location": "In full at the first-choice clinic",
    "doctor": "In full with the wished-for doctor",
    "times": "In full for who can come at few times only",
}
ENDS = {
    OfferState.DECLINED: "said no",
    OfferState.EXPIRED: "no answer",
    OfferState.SKIPPED: "skipped by staff",
    OfferState.WITHDRAWN: "withdrawn",
}


@dataclass(frozen=True, kw_only=True)
class Filters:
    """What the list is narrowed to: ids as they were sent, a number of days, words."""

    clinic: str = ""
    service: str = ""
    urgency: str = ""
    age: str = ""
    words: str = ""

    @classmethod
    def of(cls, sent: Mapping[str, str]) -> Filters:
        """The filters that were sent; what can't be one is left out."""
        known = {name: sent.get(name, "").strip() for name in ("clinic", "service", "urgency", "age")}
        return cls(
            **{name: value for name, value in known.items() if value.isascii() and value.isdigit() and len(value) < 10},
            words=sent.get("words", "").strip()[:80],
        )

    @property
    def query(self) -> str:
        """As an address of the list says them. Without the words: they may be somebody's name."""
        return urlencode({name: value for name, value in asdict(self).items() if value and name != "words"})

    def apply(self, rows: QuerySet[Entry], now: datetime) -> QuerySet[Entry]:
        """The entries that are meant."""
        if self.clinic:
            rows = rows.filter(Q(clinic=self.clinic) | Q(other_clinics__clinic=self.clinic)).distinct()
        if self.service:
            rows = rows.filter(appointment_type__service=self.service)
        if self.urgency:
            rows = rows.filter(urgency=self.urgency)
        if self.age in AGES:
            rows = rows.filter(waiting_since__lte=now - timedelta(days=int(self.age)))
        for word in self.words.lower().split():
            rows = rows.filter(Q(patient__search_name__contains=word) | Q(urgency_reason__icontains=word))
        return rows


@dataclass(frozen=True)
class Row:
    """One line of the list; a paused entry has no place in the order. `offer` is one that is open."""

    entry: Entry
    days: int
    place: int | None = None
    ranked: Ranked | None = None
    offer: Offer | None = None
    asked_before: Sequence[Offer] = field(default_factory=list)

    @property
    def can_come(self) -> str:
        """Mon, Wed after 15:00."""
        entry = self.entry
        days = ", ".join(DAYS[day] for day in sorted(entry.weekdays))
        times = [
            f"from {entry.from_time:%H:%M}" if entry.from_time else "",
            f"until {entry.until_time:%H:%M}" if entry.until_time else "",
        ]
        return " ".join(filter(None, (days, *times))) or "Any time"

    @property
    def why(self) -> list[tuple[Factor, str]]:
        """Each factor with its rule."""
        return [(factor, RULES[factor.name]) for factor in self.ranked.factors] if self.ranked else []

    @property
    def before(self) -> str:
        """Offered twice: said no, no answer."""
        ends = [ENDS[OfferState(each.state)] for each in self.asked_before if OfferState(each.state) in ENDS]
        times = {1: "once", 2: "twice"}.get(len(ends), f"{len(ends)} times")
        return f"Offered {times}: {', '.join(ends)}. That costs nothing." if ends else ""


def ranked_rows(
    waiting: QuerySet[Entry],
    *,
    visits: QuerySet[Appointment],
    clinic_id: int | None,
    points: Mapping[str, int] = USUAL_POINTS,
    now: datetime,
) -> list[Row]:
    """Those who wait in their order, then those who pause, with these visits. The seed of draws is the day's."""
    about = waiting.select_related("patient", "clinic", "doctor", "appointment_type__service")
    given_up = Prefetch("visit", visits.select_related("clinic"))
    entries = list(about.prefetch_related("other_clinics__clinic", given_up))
    offers = _offers_of(entries)
    active = {each.pk: each for each in entries if each.status == EntryStatus.ACTIVE}
    candidates = (_candidate(each, clinic_id, now) for each in active.values())
    ranked = rank(candidates, seed=f"{now:%Y-%m-%d}", points=points)
    rows = [
        _row(active[each.candidate.entry_id], offers, each.candidate.waited.days, place, each)
        for place, each in enumerate(ranked, start=1)
    ]
    paused = (each for each in entries if each.status == EntryStatus.PAUSED)
    return rows + [_row(each, offers, each.waited(now).days) for each in paused]


def _row(
    entry: Entry, offers: Mapping[int, list[Offer]], days: int, place: int | None = None, ranked: Ranked | None = None
) -> Row:
    theirs = offers.get(entry.pk, [])
    live = next((each for each in theirs if each.ended_at is None), None)
    return Row(entry, days, place, ranked, live, [each for each in theirs if each.ended_at])


def _candidate(entry: Entry, clinic_id: int | None, now: datetime) -> Candidate:
    places = {each.clinic_id: each.place for each in entry.other_clinics.all()}
    return Candidate(
        entry.pk,
        entry.urgency,
        timedelta(seconds=entry.waited(now) // timedelta(seconds=1)),
        place=places.get(clinic_id or 0, 1),
        times="given" if entry.weekdays or entry.from_time or entry.until_time else "any",
    )


def _offers_of(entries: Iterable[Entry]) -> dict[int, list[Offer]]:
    found: dict[int, list[Offer]] = {}
    about = Offer.objects.filter(entry__in=[each.pk for each in entries])
    for offer in about.select_related("appointment__doctor", "appointment__clinic"):
        found.setdefault(offer.entry_id, []).append(offer)
    return found


def choices() -> dict[str, Any]:
    """What the list can be narrowed by, beside clinics and services."""
    return {"urgencies": Urgency.choices, "ages": AGES.items()}
