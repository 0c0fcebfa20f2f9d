"""What a message is about, and everything its text may say of it, in the reader's language and the clinic's time."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, time, timedelta

from django.utils import timezone

from carebridge.accounts.models import User
from reminders.models import Kind, Medium, Reminder, State
from reminders.models.rule import TO_STAFF
from reminders.wording import DEFAULT, Wording, language_for
from scheduling.models import Appointment, BookingInvitation, Clinic, Modality, Patient
from scheduling.models.appointment import Status
from scheduling.periods import wall_clock
from scheduling.templatetags.words import phone
from scheduling.translations import words_in

YEAR_FROM = timedelta(days=300)
"""A day further away than this is written with its year."""

NO_BREAK_SPACE, LEFT_TO_RIGHT_MARK = "\u00a0", "\u200e"

STILL_CHANGEABLE = frozenset(
    {Kind.BOOKED, Kind.PREPARATION, Kind.UPCOMING, Kind.CONFIRM_REQUEST, Kind.SAME_DAY, Kind.RESCHEDULED, Kind.OFFER}
)
"""Kinds about a visit that its patient may still do something about: they lead to its page."""

LOADED = (
    "clinic",
    "user",
    "patient",
    "version__rule",
    "appointment__clinic",
    "appointment__doctor",
    "appointment__moved_from",
    "appointment__appointment_type__service",
    "invitation__link",
    "invitation__appointment_type__service",
)
"""What composing reads of a Reminder, for `select_related`."""


@dataclass(frozen=True)
class Occasion:
    """A message's kind, its reader, and the visits it tells of, in order of their starts. `at` is when it is due.

    `pages` are the addresses, by the visits' ids, where the patient sees and changes them; `booking_page` is the one
    where a patient who is invited chooses a time.
    """

    kind: str
    clinic: Clinic
    person: Patient | User
    visits: Sequence[Appointment]
    at: datetime
    pages: Mapping[int, str] = field(default_factory=dict)
    invitation: BookingInvitation | None = None
    booking_page: str = ""

    @property
    def language(self) -> str:
        """The language to write in: the patient's, as they now wish; English to staff."""
        return language_for(self.person.language) if isinstance(self.person, Patient) else DEFAULT


def occasion_of(reminder: Reminder) -> Occasion:
    """What a planned message is about, with the visits that were joined to it."""
    person = reminder.user or reminder.patient
    assert person is not None  # noqa: S101 - reminder_to_one
    visits = [reminder.appointment] if reminder.appointment else []
    visits += [each.appointment for each in reminder.joined.all() if each.state == State.JOINED and each.appointment]
    visits.sort(key=lambda visit: visit.starts_at)
    at, invitation = reminder.due_at, reminder.invitation
    return Occasion(reminder.kind, reminder.clinic, person, visits, at, invitation=invitation)


def values_of(occasion: Occasion, wording: Wording, medium: str) -> Mapping[str, str]:
    """What each placeholder says; "" where it has nothing to say."""
    clinic = occasion.clinic
    values = {
        "clinic": clinic.name,
        "address": address_of(clinic),
        "phone": phone_of(clinic, wording),
        "link": _link(occasion, wording),
    }
    if isinstance(occasion.person, Patient):
        values |= {"given_name": occasion.person.given_name, "family_name": occasion.person.family_name}
    if occasion.invitation:
        values |= _of_invitation(occasion.invitation, wording)
    if occasion.visits:
        values |= _of_visits(occasion, wording, medium)
    if occasion.kind == Kind.STAFF_TOMORROW and isinstance(occasion.person, User):
        values |= _of_list(occasion, occasion.person, wording)
    return values


def address_of(clinic: Clinic) -> str:
    """Where the clinic is, in one line."""
    return ", ".join(filter(None, (clinic.address, clinic.city, clinic.postcode)))


def phone_of(clinic: Clinic, wording: Wording) -> str:
    """The clinic's number as it is read out, in one piece; "" for none.

    Between letters that run from the right its groups would change places, so there it has no gaps.
    """
    number = phone(clinic.phone) if clinic.phone else ""
    if wording.direction == "rtl":
        return "".join(number.split()).replace("+", LEFT_TO_RIGHT_MARK + "+")
    return NO_BREAK_SPACE.join(number.split())


def place_of(visit: Appointment, wording: Wording) -> str:
    """Where the visit takes place, in a few words: the clinic, or by telephone."""
    return visit.clinic.name if visit.modality == Modality.IN_PERSON else wording.words[visit.modality]


def day_of(instant: datetime, clinic: Clinic, wording: Wording) -> str:
    """The clinic's local day of an instant, with the year where it could be mistaken."""
    day = wall_clock(instant, clinic.zone).date()
    return wording.day(day, with_year=abs(instant - timezone.now()) > YEAR_FROM)


def clock_in(wording: Wording, kind: str) -> Callable[[time], str]:
    """How times are written: as the reader's language does, to staff with 24 hours."""
    return "{:%H:%M}".format if kind in TO_STAFF else wording.clock


def _link(occasion: Occasion, wording: Wording) -> str:
    """The page of the one visit. Of several none can be named, nor typed from a letter: there it is a call."""
    if occasion.booking_page:
        return occasion.booking_page
    pages = [occasion.pages[visit.pk] for visit in occasion.visits if visit.pk in occasion.pages]
    return pages[0] if len(occasion.visits) == len(pages) == 1 else phone_of(occasion.clinic, wording)


def _of_invitation(invitation: BookingInvitation, wording: Wording) -> dict[str, str]:
    service = words_in(wording.code)(invitation.appointment_type.service.name)
    return {"date": wording.day(invitation.last_day), "service": service}


def _of_visits(occasion: Occasion, wording: Wording, medium: str) -> dict[str, str]:
    first, clock = occasion.visits[0], clock_in(wording, occasion.kind)
    short, ours = medium == Medium.SMS, words_in(wording.code)
    values = {
        "date": day_of(first.starts_at, first.clinic, wording),
        "time": wording.listed(clock(each.local_start.time()) for each in occasion.visits),
        "visits": wording.listed(_in_short(each, occasion, wording) for each in occasion.visits),
        "doctor": wording.listed(
            each.doctor.short_name if short else each.doctor.full_name for each in occasion.visits
        ),
        "clinic": wording.listed(each.clinic.name for each in occasion.visits),
        "service": wording.listed(ours(each.appointment_type.service.name) for each in occasion.visits),
        "reference": wording.listed(each.reference for each in occasion.visits),
        "change": _change(first),
    }
    if old := first.moved_from:
        values["old_date"] = day_of(old.starts_at, first.clinic, wording)
        values["old_time"] = clock(wall_clock(old.starts_at, first.clinic.zone).time())
    if until := first.expires_at:
        at = clock(wall_clock(until, first.clinic.zone).time())
        values["deadline"] = wording.moment(at, day_of(until, first.clinic, wording))
    return values


def _in_short(visit: Appointment, occasion: Occasion, wording: Wording) -> str:
    """A visit within a line: 10:00am with Dr Osei; where it is, unless it is where all of them are."""
    at = clock_in(wording, occasion.kind)(visit.local_start.time())
    said = wording.words["visit"].format(time=at, doctor=visit.doctor.short_name)
    elsewhere = visit.modality != Modality.IN_PERSON or len({each.clinic_id for each in occasion.visits}) > 1
    return f"{said} ({place_of(visit, wording)})" if elsewhere else said


def _change(visit: Appointment) -> str:
    """What happened to a visit, to staff."""
    if visit.status == Status.CONFIRMED:
        return "moved here" if visit.moved_from_id else "booked"
    return "moved to another time" if visit.status == Status.RESCHEDULED else visit.get_status_display().lower()


def _of_list(occasion: Occasion, user: User, wording: Wording) -> dict[str, str]:
    """The next day's visits: a doctor's own, everybody's to somebody else. No names: email is no place for a list."""
    clinic = occasion.clinic
    tomorrow = wall_clock(occasion.at, clinic.zone).date() + timedelta(days=1)
    visits = Appointment.objects.visible_to(user).occupying().on_day(clinic, tomorrow).select_related("clinic")
    own = visits.filter(doctor__user=user)
    listed = list(own) or ([] if getattr(user, "doctor", None) else list(visits))
    lines = [f"{each.local_start:%H:%M} {each.reference}" for each in listed]
    values = {
        "list_date": wording.day(tomorrow),
        "count": f"{len(listed)} visit{'' if len(listed) == 1 else 's'}" if listed else "no visits",
    }
    if listed:
        values |= {"list": "\n".join(lines), "first": lines[0][:5], "last": lines[-1][:5]}
    return values
