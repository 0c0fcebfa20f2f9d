"""What stands around a message's own words in an email or letter: the visit's facts, how to prepare, who we are."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from reminders.models.rule import TO_STAFF
from reminders.occasion import STILL_CHANGEABLE, Occasion, address_of, clock_in, day_of, phone_of, place_of
from reminders.senders import answers_go_to
from reminders.wording import Wording
from scheduling.models import Appointment, Modality
from scheduling.translations import words_in


@dataclass(frozen=True)
class Fact:
    """A line of the visit's facts; `ours` are the clinic's own words, which are in the clinic's language."""

    label: str
    main: str
    more: str = ""
    ours: str = ""


@dataclass(frozen=True)
class ShownVisit:
    """A visit as it is shown: its day and time apart and together, its facts, its page, and how to prepare."""

    day: str
    time: str
    moment: str
    facts: Sequence[Fact]
    page: str
    preparation: Sequence[str]


def layout_of(occasion: Occasion, wording: Wording) -> Mapping[str, object]:
    """The context of the email and letter templates, but for the subject and the words themselves."""
    clinic, words = occasion.clinic, wording.words
    to_patient = occasion.kind not in TO_STAFF
    shown = occasion.visits if occasion.kind in STILL_CHANGEABLE else ()
    number = phone_of(clinic, wording)
    return {
        "language": wording.code,
        "direction": wording.direction,
        "start": "right" if wording.direction == "rtl" else "left",
        "words": words,
        "clinic": clinic,
        "address": address_of(clinic),
        "visits": _without_repeats([_shown(visit, occasion, wording) for visit in shown]),
        "booking_page": occasion.booking_page,
        "questions": words["questions"].format(phone=number) if number and to_patient else "",
        "why": words["why"] if to_patient else "",
        "stop": words["stop"].format(address=answers_go_to(clinic)) if to_patient else "",
    }


def _shown(visit: Appointment, occasion: Occasion, wording: Wording) -> ShownVisit:
    words, ours = wording.words, words_in(wording.code)
    kind = visit.appointment_type
    facts = [
        Fact(words["what"], ours(kind.service.name), words["lasts"].format(minutes=visit.duration_minutes)),
        Fact(words["who"], visit.doctor.full_name),
        _where(visit, wording),
        Fact(words["reference"], visit.reference),
    ]
    day = day_of(visit.starts_at, visit.clinic, wording)
    at = clock_in(wording, occasion.kind)(visit.local_start.time())
    return ShownVisit(
        day=day,
        time=at,
        moment=wording.moment(at, day),
        facts=facts,
        page=occasion.pages.get(visit.pk, ""),
        preparation=[ours(line) for line in kind.preparation_lines],
    )


def _without_repeats(visits: Sequence[ShownVisit]) -> Sequence[ShownVisit]:
    """The visits of a day, each saying only what an earlier one didn't: directions and preparation once."""
    said: set[str] = set()
    shown = []
    for visit in visits:
        facts = [replace(fact, ours="") if fact.ours in said else fact for fact in visit.facts]
        shown.append(replace(visit, facts=facts, preparation=[line for line in visit.preparation if line not in said]))
        said |= {fact.ours for fact in visit.facts} | set(visit.preparation)
    return shown


def _where(visit: Appointment, wording: Wording) -> Fact:
    clinic, label, place = visit.clinic, wording.words["where"], place_of(visit, wording)
    if visit.modality != Modality.IN_PERSON:
        return Fact(label, place)
    return Fact(label, place, ", ".join(filter(None, (address_of(clinic), clinic.floor))), clinic.directions)
