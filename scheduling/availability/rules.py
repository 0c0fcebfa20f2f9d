"""The rules about the time and the doctor, one by one, each with its sentence. Pure."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime

from scheduling import periods, timeline
from scheduling.availability.facts import Facts
from scheduling.availability.plan import VisitPlan
from scheduling.periods import Period
from scheduling.reasons import Reason, may_be_overridden
from scheduling.roster_time import Kind, Span

OVERRIDABLE = frozenset(
    {
        "off_step",
        "outside_hours",
        "clinic_closed",
        "on_break",
        "doctor_busy",
        "no_resource",
        "too_soon",
        "too_far",
        "session_type",
    }
)
"""Rules that an authorised person may set aside with a reason. The others hold for everybody."""


@dataclass(slots=True)
class Candidate:
    """One start of one plan, looked at over known facts."""

    plan: VisitPlan
    starts_at: datetime
    facts: Facts

    @property
    def at(self) -> int:
        return timeline.step_floor(self.starts_at) - self.facts.horizon.origin

    def period(self, first: int, last: int) -> Period:
        """Steps of the visit as UTC instants."""
        return Period(self.starts_at + first * timeline.STEP, self.starts_at + last * timeline.STEP)

    def steps(self, first: int, last: int) -> int:
        """Steps of the visit as bits of the horizon."""
        return timeline.span(self.at + first, self.at + last)


@dataclass(slots=True)
class TimeRules(Candidate):
    """What the booking window, the sessions, breaks, blocks, visits and holds of the doctor say."""

    now: datetime

    def clock(self, mask: int, within: int) -> str:
        """The unbroken stretch of `mask` around its first bit inside `within`, in the clinic's local time."""
        first, last = timeline.stretch(mask, next(timeline.bits(mask & within)))
        origin = self.facts.horizon.origin
        ends = (timeline.instant_of(origin + first), timeline.instant_of(origin + last))
        return periods.local_span(*ends, self.plan.zone)

    def reasons(self) -> list[Reason]:
        """Every rule about the time and the doctor that says no."""
        rules: list[Callable[[], Reason | None]] = [self.window, self.place, self.breaks, self.blocks, self.busy]
        return [reason for rule in [*rules, self.held] if (reason := rule())]

    def window(self) -> Reason | None:
        earliest, latest = self.plan.rules.window(self.now)
        if self.starts_at < self.now:
            return Reason("past", "That time has passed.")
        if self.starts_at < earliest:
            notice = _length(self.plan.rules.min_notice_minutes)
            return may_be_overridden("too_soon", f"Inside the booking window: needs {notice} notice.")
        if self.starts_at >= latest:
            last = (latest - timeline.STEP).astimezone(self.plan.zone)
            return may_be_overridden("too_far", f"Booking is open up to {last:%a %-d %B %Y}.")
        return None

    def place(self) -> Reason | None:
        """Whether a session of the doctor covers the doctor's part, and whether it offers this very start."""
        plan, core = self.plan, self.steps(self.plan.doctor_first, self.plan.doctor_last)
        place = (plan.doctor_resource_id, plan.clinic_id)
        if self.facts.session_starts(plan) >> self.at & 1:
            return None
        if core & ~self.facts.hours.get(place, 0):
            return self.closed(core) or self.not_working()
        if core & ~self._session_hours():
            return may_be_overridden("session_type", "That session is kept for other appointment types.")
        return self.off_step()

    def closed(self, core: int) -> Reason | None:
        """The closure over the doctor's part, or the clinic's hours if the doctor works while it is shut."""
        shut = [each for each in self.facts.spans if each.kind == Kind.CLOSED and each.clinic_id == self.plan.clinic_id]
        for each in shut:
            if core & self.facts.horizon.busy(each.starts_at, each.ends_at):
                label = f" ({each.label})" if each.label else ""
                when = periods.local_span(each.starts_at, each.ends_at, self.plan.zone)
                message = f"{self.plan.clinic_name} is closed {when}{label}."
                return may_be_overridden("clinic_closed", message)
        return None if core & ~self._rostered() else self._outside_opening()

    def _outside_opening(self) -> Reason:
        return may_be_overridden("clinic_closed", f"{self.plan.clinic_name} isn't open then.")

    def not_working(self) -> Reason:
        working = self.working_today()
        name, clinic = self.plan.doctor_name, self.plan.clinic_name
        message = f"{name} works {' and '.join(working)}." if working else f"{name} isn't at {clinic} that day."
        return may_be_overridden("outside_hours", message)

    def working_today(self) -> list[str]:
        """The doctor's sessions at the clinic on the local day, as "08:30 to 12:30"."""
        day = self.starts_at.astimezone(self.plan.zone).date()
        bounds = periods.local_day_bounds(day, self.plan.zone)
        found = [each for each in self._sessions() if each.starts_at < bounds[1] and each.ends_at > bounds[0]]
        return [
            periods.local_span(each.starts_at, each.ends_at, self.plan.zone)
            for each in sorted(found, key=lambda each: each.first)
        ]

    def off_step(self) -> Reason:
        minutes = self.plan.step * timeline.STEP_MINUTES
        core = Period(*self.period(self.plan.doctor_first, self.plan.doctor_last))
        covering = [each for each in self._sessions() if core.overlaps(Period(each.starts_at, each.ends_at))]
        since = min(covering, key=lambda each: each.first).starts_at.astimezone(self.plan.zone)
        return may_be_overridden("off_step", f"Starts are offered every {minutes} min from {since:%H:%M}.")

    def _sessions(self) -> list[Span]:
        plan = self.plan
        return [
            each
            for each in self.facts.spans
            if each.kind in (Kind.HOURS, Kind.EXTRA)
            and (each.resource_id, each.clinic_id) == (plan.doctor_resource_id, plan.clinic_id)
        ]

    def _rostered(self) -> int:
        """The doctor's sessions, whether the clinic is open or not."""
        rostered = 0
        for each in self._sessions():
            rostered |= self.facts.horizon.within(each.starts_at, each.ends_at)
        return rostered

    def _session_hours(self) -> int:
        """Working time in sessions that take this type."""
        hours = 0
        for each in self._sessions():
            if not each.types or self.plan.appointment_type_id in each.types:
                hours |= self.facts.horizon.within(each.starts_at, each.ends_at)
        return hours

    def breaks(self) -> Reason | None:
        return self._off(Kind.BREAK, "on_break", "{name} has {label} {when}.")

    def blocks(self) -> Reason | None:
        return self._off(Kind.BLOCK, "blocked", "{name} is blocked {when}: {label}.")

    def _off(self, kind: Kind, code: str, sentence: str) -> Reason | None:
        during = self.steps(self.plan.taken_first, self.plan.taken_last)
        for each in self.facts.spans:
            if each.kind != kind or each.resource_id != self.plan.doctor_resource_id:
                continue
            if during & self.facts.horizon.busy(each.starts_at, each.ends_at):
                when = periods.local_span(each.starts_at, each.ends_at, self.plan.zone)
                label = each.label[:1].lower() + each.label[1:] if kind == Kind.BREAK else each.label
                message = sentence.format(name=self.plan.doctor_name, label=label, when=when)
                return Reason(code, message, {"when": when}, code in OVERRIDABLE)
        return None

    def busy(self) -> Reason | None:
        during = self.steps(self.plan.taken_first, self.plan.taken_last)
        busy = self.facts.busy.get(self.plan.doctor_resource_id, 0)
        if not busy & during:
            return None
        core = self.steps(self.plan.doctor_first, self.plan.doctor_last)
        name, when = self.plan.doctor_name, self.clock(busy, during)
        if busy & core:
            message = f"{name} is booked {when}."
        else:
            buffer = self.plan.buffer_before_minutes or self.plan.buffer_after_minutes
            message = f"The {buffer} min buffer would be cut: {name} is booked {when}."
        return may_be_overridden("doctor_busy", message, when=when, buffer_only=not busy & core)

    def held(self) -> Reason | None:
        during = self.steps(self.plan.taken_first, self.plan.taken_last)
        held = self.facts.held.get(self.plan.doctor_resource_id, 0)
        if not held & during:
            return None
        when = self.clock(held, during)
        return Reason("held", f"A colleague is holding {self.plan.doctor_name} {when}.", {"when": when})


def _length(minutes: int) -> str:
    if minutes % (24 * 60) == 0:
        return f"{minutes // (24 * 60)} days'"
    return f"{minutes // 60} hours'" if minutes % 60 == 0 else f"{minutes} minutes'"
