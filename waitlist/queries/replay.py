"""Decisions made again from what was kept of them: why this person, and why not that one."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

from scheduling.models import Clinic
from waitlist.matching import Ranked, rank, restored, stored
from waitlist.models import Decision, Entry, Offer

RELATED = ("slot__clinic", "slot__doctor", "slot__appointment_type__service", "offer", "made_by")
SHOWN = 10
SKIPPED = {
    "asked_enough": "asked about as many times at once as anybody is",
    "has_earlier": "has booked such a visit meanwhile, and no later",
    "not_waiting": "changed in that moment",
    "too_many_open": "has the most visits to come that one may have",
    "patient_busy": "has another visit at that time",
    "too_young": "too young for this visit",
    "too_old": "too old for this visit",
    "wrong_sex": "not a visit for this patient",
    "referral_missing": "no referral on file",
    "referral_expired": "the referral is over",
    "referral_used_up": "the referral has no visits left",
}


@dataclass
class Line:
    """One of those the time suited: place and score, and why they were passed over, if they were."""

    place: int
    ranked: Ranked
    is_chosen: bool
    passed_over: str
    entry: Entry | None = None


@dataclass
class Replayed:
    """A decision as it was, with everybody whom the time suited, and whether it comes out the same again."""

    decision: Decision
    lines: Sequence[Line]
    agrees: bool
    offer: Offer | None = field(default=None)

    @property
    def first(self) -> list[Line]:
        """The first few, and who was chosen."""
        return [line for line in self.lines if line.place <= SHOWN or line.is_chosen]

    @property
    def clinic(self) -> Clinic:
        return self.decision.slot.clinic


def replayed(decision: Decision) -> Replayed:
    """Rank those whom the time suited once more, from their facts at that moment."""
    again = rank(restored(decision.candidates), seed=decision.seed, points=decision.points)
    skipped = dict(decision.skipped)
    eligible = [each.candidate.entry_id for each in again if each.candidate.entry_id not in skipped]
    chosen = decision.chosen_id
    agrees = stored(again) == decision.candidates and (
        decision.made_by_id is not None or chosen is None or chosen == next(iter(eligible), None)
    )
    lines = [
        Line(place, each, entry_id == chosen, _passed_over(skipped.get(entry_id, "")))
        for place, each in enumerate(again, start=1)
        for entry_id in [each.candidate.entry_id]
    ]
    return Replayed(decision, lines, agrees, getattr(decision, "offer", None))


def _passed_over(code: str) -> str:
    return SKIPPED.get(code, code)


def in_line(ranked: Sequence[Ranked]) -> list[Line]:
    """The first of a list, with their entries and patients."""
    lines = [Line(place, each, False, "") for place, each in enumerate(ranked[:SHOWN], start=1)]
    name(lines)
    return lines


def name(lines: Sequence[Line]) -> None:
    """Put the entries, with their patients, beside the lines, in one statement."""
    found = Entry.objects.select_related("patient").in_bulk({line.ranked.candidate.entry_id for line in lines})
    for line in lines:
        line.entry = found.get(line.ranked.candidate.entry_id)


def called(lines: Sequence[Line], words: str) -> list[Line]:
    """Those of the lines whose patients' names contain each of the words."""
    entries = Entry.objects.filter(pk__in=[line.ranked.candidate.entry_id for line in lines])
    for word in words.lower().split():
        entries = entries.filter(patient__search_name__contains=word)
    ids = set(entries.values_list("pk", flat=True))
    return [line for line in lines if line.ranked.candidate.entry_id in ids]
