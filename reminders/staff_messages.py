"""Messages to people who work here, as they wish: a change today that they can't see, and the list for tomorrow."""

from __future__ import annotations

from collections.abc import Iterable
from contextlib import suppress
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from django.db import connection, transaction
from django.utils import timezone

from carebridge.accounts.models import User
from carebridge.audit.trail import Action, log_change
from carebridge.db import command
from carebridge.errors import InvalidInput, NotAllowed
from reminders import planning, reasons, rules, timing
from reminders.models import Kind, Medium, Reminder, RuleVersion, StaffWish, State
from reminders.models.rule import TO_STAFF
from scheduling import live
from scheduling.events import AppointmentEvent
from scheduling.models import Appointment, Clinic, ScheduleEvent
from scheduling.periods import to_utc
from scheduling.permissions import may
from scheduling.personal_details import normalised_phone
from scheduling.roles import Permission

PLANNED_AHEAD = timedelta(hours=1)
STILL_THE_EVENING = timedelta(hours=4)
TOMORROW_LOCK = 7_214_002


# --- A change today -------------------------------------------------------------------------------------------------


def tell_of_change(event: AppointmentEvent, *, doctor_ids: Iterable[int], due_at: datetime) -> None:
    """Plan word of a change to one of today's visits, to those who wish it and have no screen open.

    Whoever made the change isn't told. `due_at` is when it stands.
    """
    wishes = list(StaffWish.objects.filter(kind=Kind.STAFF_CHANGE, user__is_active=True).select_related("user"))
    if not wishes:
        return
    visit, doctors = planning.Visit.of_event(event), set(doctor_ids)
    actor = ScheduleEvent.objects.filter(pk=event.event_id).values_list("actor", flat=True).first()
    concerned = [each.user for each in wishes if each.user_id != actor and _concerns(each.user, visit, doctors)]
    for user in concerned:
        drafts = planning.drafts(visit, {Kind.STAFF_CHANGE}, now=max(due_at, timezone.now()), told_at=due_at)
        planning.write(_addressed(each, user) for each in drafts)


def _addressed(row: Reminder, user: User) -> Reminder:
    row.user, row.patient_id = user, None
    if live.has_open_screen(user.pk):
        row.state, row.reason = State.SUPPRESSED, reasons.SCREEN_OPEN
    return row


def _concerns(user: User, visit: planning.Visit, doctor_ids: set[int]) -> bool:
    """A doctor hears of their own list; somebody without one, of every list they see."""
    doctor = getattr(user, "doctor", None)
    if doctor is not None:
        return doctor.pk in doctor_ids
    return may(user, Permission.SEE_SCHEDULE, visit.clinic_id)


def is_today(event: AppointmentEvent) -> bool:
    """Whether the visit is on the clinic's today and still to come."""
    now = timezone.now()
    return event.day == now.astimezone(ZoneInfo(event.time_zone)).date() and event.starts_at > now


def take_back_word(appointment_id: int) -> None:
    """What was to be told of a change isn't true any more."""
    waiting = Reminder.objects.filter(appointment=appointment_id, kind=Kind.STAFF_CHANGE, state=State.PLANNED)
    waiting.update(state=State.SUPPRESSED, reason=reasons.UNDONE)


# --- Tomorrow's list ------------------------------------------------------------------------------------------------


def plan_tomorrows_lists() -> int:
    """Plan the lists that are due this evening, once each, for those who wish them and have visits to see. How many."""
    with transaction.atomic():
        with connection.cursor() as cursor:
            cursor.execute("SELECT pg_advisory_xact_lock(%s)", [TOMORROW_LOCK])
        now = timezone.now()
        wanted = [row for clinic in Clinic.objects.active() for row in _lists_of(clinic, now)]
        planning.write(wanted)
    return len(wanted)


def _lists_of(clinic: Clinic, now: datetime) -> list[Reminder]:
    version = _tomorrows_rule(clinic)
    tomorrow = now.astimezone(clinic.zone).date() + timedelta(days=1)
    if version is None:
        return []
    wanted = timing.moment(version, to_utc(tomorrow, datetime.min.time(), clinic.zone), clinic.zone)
    if not wanted - PLANNED_AHEAD <= now <= wanted + STILL_THE_EVENING:
        return []
    not_after = wanted + STILL_THE_EVENING + PLANNED_AHEAD
    due_at = timing.fit(version, wanted, zone=clinic.zone, earliest=now, not_after=not_after)
    there = Reminder.objects.filter(kind=Kind.STAFF_TOMORROW, clinic=clinic, due_at__gte=wanted - PLANNED_AHEAD)
    had = set(there.values_list("user", flat=True))
    wishes = StaffWish.objects.filter(kind=Kind.STAFF_TOMORROW, user__is_active=True).exclude(user__in=had)
    if due_at is None:
        return []
    return [
        Reminder(
            kind=Kind.STAFF_TOMORROW,
            version=version,
            clinic=clinic,
            user=wish.user,
            due_at=due_at,
            not_after=not_after,
            next_try_at=due_at,
        )
        for wish in wishes.select_related("user")
        if _has_visits(wish.user, clinic, tomorrow)
    ]


def _tomorrows_rule(clinic: Clinic) -> RuleVersion | None:
    """The clinic's rule for the list, which is about no type: 0 is nobody's id."""
    return next(iter(rules.current_book().active(clinic.pk, 0, {Kind.STAFF_TOMORROW})), None)


def _has_visits(user: User, clinic: Clinic, day: object) -> bool:
    visits = Appointment.objects.occupying().filter(clinic=clinic, local_date=day)
    if getattr(user, "doctor", None) is not None:
        return visits.filter(doctor__user=user).exists()
    return may(user, Permission.SEE_SCHEDULE, clinic.pk) and visits.exists()


# --- Wishes ---------------------------------------------------------------------------------------------------------


@command()
def wish_for(*, user: User, kind: str, medium: str, by: User, mobile: str = "") -> StaffWish:
    """Have somebody told of this kind of thing by SMS (to `mobile`) or e-mail. Everybody for themselves.

    Raises NotAllowed for somebody else's wish, InvalidInput.
    """
    _check_wish(user, kind, by)
    if medium not in (Medium.EMAIL, Medium.SMS):
        raise InvalidInput(fields={"medium": "Choose SMS or e-mail."})
    if medium == Medium.SMS:
        mobile = reachable_mobile(mobile)
    chosen = {"medium": medium, "mobile": mobile}
    wish, is_new = StaffWish.objects.update_or_create(user=user, kind=kind, defaults=chosen)

    action = Action.CREATE if is_new else Action.UPDATE
    log_change(wish, event="staff_wish.saved", by=by, action=action, changes={kind: (None, medium)})
    return wish


def reachable_mobile(typed: str) -> str:
    """The number in E.164. Raises InvalidInput for `mobile` when no SMS could reach it."""
    with suppress(InvalidInput):
        if number := normalised_phone(typed):
            return number
    raise InvalidInput(fields={"mobile": "Give a full mobile number, such as +44 7700 900461."})


@command()
def wish_no_more(*, user: User, kind: str, by: User) -> None:
    """Tell somebody of this kind of thing no more. Raises NotAllowed for somebody else's wish."""
    _check_wish(user, kind, by)
    for wish in StaffWish.objects.filter(user=user, kind=kind):
        log_change(wish, event="staff_wish.removed", by=by, action=Action.DELETE, changes={kind: (wish.medium, None)})
        wish.delete()


def _check_wish(user: User, kind: str, by: User) -> None:
    if by.pk != user.pk:
        raise NotAllowed("Everybody says for themselves what they want to be told.")
    if kind not in TO_STAFF:
        raise InvalidInput(fields={"kind": "There is no such message to staff."})
