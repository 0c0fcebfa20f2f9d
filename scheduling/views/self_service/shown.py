"""A visit as its patient sees it: what, when and where in their language, and what may be done about it now."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime, timedelta
from zoneinfo import ZoneInfo

from django.utils.translation import gettext as _

from scheduling.cancelling import may_undo_own
from scheduling.languages import Language
from scheduling.models import Appointment, Modality, Status
from scheduling.models.appointment import UPCOMING
from scheduling.periods import wall_clock
from scheduling.policies import cancel_cutoff, reschedule_cutoff
from scheduling.visits import may_announce_arrival

YEAR_FROM = timedelta(days=300)
"""A day further away than this is written with its year."""
AT_THE_DESK = frozenset({Status.CHECKED_IN, Status.IN_PROGRESS})


def long_day(instant: datetime, zone: ZoneInfo, language: Language, now: datetime) -> str:
    """A local day in words, with the year where it could be mistaken."""
    local = wall_clock(instant, zone)
    return language.day(local.date(), with_year=abs(instant - now) > YEAR_FROM)


@dataclass(frozen=True)
class ShownVisit:
    """One visit for one reader at one moment."""

    visit: Appointment
    language: Language
    now: datetime

    @property
    def day(self) -> str:
        """Friday 27 November."""
        return long_day(self.visit.starts_at, self.visit.clinic.zone, self.language, self.now)

    @property
    def nearness(self) -> str:
        """Today, tomorrow, or nothing."""
        today = wall_clock(self.now, self.visit.clinic.zone).date()
        return nearness(self.visit.local_start.date(), today)

    @property
    def time(self) -> str:
        """10:00am, on the clinic's clock."""
        return self.language.clock(self.visit.local_start.time())

    @property
    def zone_name(self) -> str:
        """Whose clock that is, for a reader whose own clock differs."""
        return self.visit.time_zone.rpartition("/")[2].replace("_", " ")

    @property
    def in_person(self) -> bool:
        return self.visit.modality == Modality.IN_PERSON

    @property
    def modality(self) -> str:
        """How a visit takes place that nobody travels to."""
        said = {
            Modality.TELEPHONE: _("By telephone: we call you"),
            Modality.VIDEO: _("By video: we send you the link"),
            Modality.HOME: _("At your home"),
        }
        return said.get(Modality(self.visit.modality), "")

    @property
    def address(self) -> str:
        clinic = self.visit.clinic
        return ", ".join(filter(None, (clinic.address, clinic.floor, clinic.city, clinic.postcode)))

    # --- What may be done now ----------------------------------------------------------------------------------------

    @property
    def is_coming(self) -> bool:
        """Still to come, and ours to keep."""
        return self.visit.status in UPCOMING and self.now < self.visit.starts_at

    @property
    def in_review(self) -> bool:
        return self.visit.status == Status.REQUIRES_REVIEW

    @property
    def is_here(self) -> bool:
        return self.visit.status in AT_THE_DESK

    @property
    def is_cancelled(self) -> bool:
        return self.visit.status == Status.CANCELLED

    @property
    def may_confirm(self) -> bool:
        return self.is_coming and self.visit.status == Status.CONFIRMED and not self.visit.attendance_confirmed_at

    @property
    def may_cancel(self) -> bool:
        visit = self.visit
        return self.is_coming and self.now <= cancel_cutoff(visit.appointment_type, visit.clinic, visit.starts_at)

    @property
    def may_move(self) -> bool:
        visit = self.visit
        return self.is_coming and self.now <= reschedule_cutoff(visit.appointment_type, visit.clinic, visit.starts_at)

    @property
    def may_arrive(self) -> bool:
        return may_announce_arrival(self.visit, self.now)

    @property
    def may_undo(self) -> bool:
        return may_undo_own(self.visit, self.now)

    @property
    def change_until(self) -> str:
        """Until when changing and cancelling are both possible: 10:00am, Thursday 26 November."""
        visit = self.visit
        rules = (cancel_cutoff, reschedule_cutoff)
        until = min(rule(visit.appointment_type, visit.clinic, visit.starts_at) for rule in rules)
        local = wall_clock(until, visit.clinic.zone)
        day = long_day(until, visit.clinic.zone, self.language, self.now)
        return _("%(time)s on %(day)s") % {"time": self.language.clock(local.time()), "day": day}


def nearness(day: date, today: date) -> str:
    """Today, tomorrow, or nothing."""
    return {0: _("Today"), 1: _("Tomorrow")}.get((day - today).days, "")
