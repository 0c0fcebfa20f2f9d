"""The messages of one visit as lines of a timeline: what, by which way, what became of it, and what comes next."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING

from reminders.models import OPEN, Medium, Reminder, State
from reminders.reasons import BLOCKED_BY_HAND, words_for
from scheduling.models import Appointment

if TYPE_CHECKING:
    from carebridge.accounts.models import User

LOOKS = {
    State.PLANNED: ("clock", ""),
    State.SENDING: ("send", ""),
    State.SENT: ("send", "good"),
    State.DELIVERED: ("check", "good"),
    State.FAILED: ("x", "bad"),
    State.SUPPRESSED: ("x", ""),
    State.JOINED: ("check", ""),
}


@dataclass(frozen=True, slots=True)
class Line:
    """One message. `at` (UTC) is when it went, or when it goes next."""

    reminder: Reminder
    icon: str
    tone: str
    what: str
    detail: str
    at: datetime
    actions: tuple[tuple[str, str, str], ...]
    """What somebody who may send can do: (action, words, icon)."""


def timeline_of(appointment: Appointment, user: User) -> Sequence[Line]:
    """Every message about the visit that the user may see, in the order of their times. Two statements."""
    rows = (
        Reminder.objects.visible_to(user)
        .filter(appointment=appointment)
        .select_related("joined_to", "clinic")
        .prefetch_related("answers")
        .order_by("due_at", "id")
    )
    return [line_of(row) for row in rows]


def line_of(reminder: Reminder) -> Line:
    """One message as a line. Needs `joined_to`, `clinic` and `answers`."""
    icon, tone = LOOKS[State(reminder.state)]
    tried = reminder.state == State.PLANNED and reminder.tries
    return Line(
        reminder,
        "sync" if tried else icon,
        "warn" if tried else tone,
        title_of(reminder),
        _detail(reminder),
        reminder.sent_at or (reminder.next_try_at if reminder.state in OPEN else reminder.due_at),
        _actions(reminder),
    )


def _actions(reminder: Reminder) -> tuple[tuple[str, str, str], ...]:
    if reminder.state == State.PLANNED:
        return ("send-now", "Send now", "send"), ("block", "Don’t send", "x")
    if reminder.state == State.FAILED and reminder.handled_at is None:
        return (("retry", "Try again", "sync"),)
    if reminder.state == State.SENT and reminder.medium == Medium.LETTER and reminder.handled_at is None:
        return (("posted", "Posted", "check"),)
    if reminder.reason == BLOCKED_BY_HAND:
        return (("unblock", "Send after all", "undo"),)
    return ()


def title_of(reminder: Reminder) -> str:
    """The message by its kind, and by its medium once that is decided: "48 hours before, SMS"."""
    medium = reminder.get_medium_display() if reminder.medium else ""
    return f"{reminder.get_kind_display()}, {medium}" if medium else reminder.get_kind_display()


def _detail(reminder: Reminder) -> str:
    told = {
        State.PLANNED: _plan,
        State.SENDING: lambda _: "Being handed over",
        State.SENT: _sent,
        State.DELIVERED: lambda _: "Delivered",
        State.FAILED: _failure,
        State.SUPPRESSED: lambda row: f"Not sent: {_small(words_for(row.reason))}",
        State.JOINED: lambda _: "Said in one message with another visit of that day",
    }[State(reminder.state)](reminder)
    heard = [answer.meaning.replace("_", " ") for answer in reminder.answers.all() if answer.meaning]
    return f"{told}. Patient answered: {heard[0]}" if heard else told


def _sent(reminder: Reminder) -> str:
    # Of a letter nobody reports that it has arrived.
    if reminder.medium == Medium.LETTER:
        return "Printed and posted" if reminder.handled_at else "Written, to be printed and posted"
    return "Sent; the provider has not said more yet"


def _plan(reminder: Reminder) -> str:
    if not reminder.tries:
        return "Planned"
    why = reminder.provider_words or "the provider was not reached"
    return f"Failed for now: {_small(why)}. Tried {_times(reminder.tries)}"


def _failure(reminder: Reminder) -> str:
    why = reminder.provider_words or words_for(reminder.reason)
    return f"Failed: {_small(why)}. Tried {_times(reminder.tries)}" if reminder.tries else f"Failed: {_small(why)}"


def _times(tries: int) -> str:
    return "once" if tries == 1 else f"{tries} times"


def _small(sentence: str) -> str:
    """A sentence as it goes on after a colon; a provider's abbreviation stays as it is."""
    return sentence if sentence[1:2].isupper() else sentence[:1].lower() + sentence[1:]
