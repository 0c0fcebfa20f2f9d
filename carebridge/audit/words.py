"""The trail told for people: what each row says, in words. The stored rows hold only facts."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from carebridge.accounts.models import Role, User
from carebridge.audit.models import LogEntry

EVENTS = {
    "access.refused": "Asked for something not theirs",
    "account.created": "Made an account",
    "account.unlocked": "Unlocked an account",
    "appointment.booked": "Booked an appointment",
    "appointment.cancelled": "Cancelled an appointment",
    "appointment.history_viewed": "Read an appointment's history",
    "appointment.listed": "Looked up appointments",
    "appointment.moved_away": "Moved an appointment to another clinic",
    "appointment.opened": "Opened an appointment",
    "appointment.override_refused": "Refused a colleague's override",
    "appointment.questions_answered": "Answered questions before the visit",
    "appointment.rescheduled": "Moved an appointment",
    "audit.exported": "Exported the audit trail",
    "audit.purged": "Removed audit rows past their time",
    "booking_invitation.made": "Sent a booking link",
    "booking_invitation.used": "Booked by a booking link",
    "booking_invitation.withdrawn": "Withdrew a booking link",
    "emergency.closed": "Closed an emergency history",
    "emergency.history_viewed": "Read an emergency history",
    "emergency.opened": "Opened a history in an emergency",
    "emergency.reviewed": "Reviewed an emergency opening",
    "emergency.reviewers_told": "Mailed those who review an emergency opening",
    "factor.taken": "Took a second factor from somebody",
    "factor.used": "Used a second factor",
    "invitation.accepted": "Accepted an invitation to work here",
    "invitation.sent": "Invited somebody to work here",
    "letter.opened": "Opened a letter to print",
    "letter.posted": "Printed and posted a letter",
    "link.made": "Made patients’ links",
    "link.opened": "Opened a patient’s link",
    "link.refused": "Gave a wrong birth date at a patient’s link",
    "link.revoked": "Closed a patient’s link",
    "membership.books_elsewhere_granted": "Let somebody book at other clinics",
    "membership.granted": "Gave somebody a role",
    "membership.revoked": "Took a role from somebody",
    "message.opened": "Read a message to a patient",
    "message.tested": "Sent themselves a test message",
    "page_text.written": "Changed what patients’ pages say",
    "password.changed": "Changed their password",
    "password.reset": "Reset their password",
    "password.reset_requested": "Asked for a new password",
    "patient.anonymised": "Anonymised a patient",
    "patient.data_released": "Gave a patient a copy of their data",
    "patient.identified": "Identified a patient exactly",
    "patient.identify_refused": "Was refused: identify a patient",
    "patient.let_in": "Let a patient in at the portal",
    "patient.let_out": "Ended a patient’s visit to the portal",
    "patient.listed": "Listed patients",
    "patient.merge_undone": "Took a merge back",
    "patient.merged": "Merged two patient records",
    "patient.not_identified": "Looked a patient up in vain",
    "patient.opened": "Opened a patient's record",
    "patient.registered": "Registered a patient",
    "patient.searched": "Searched for patients",
    "patient.self_registered": "Entered by themselves on the public pages",
    "patient.told_apart": "Found two records to be two people",
    "patient.told_apart_undone": "Let two records be suggested as duplicates again",
    "patient.trail_viewed": "Read who looked at a patient",
    "patient.updated": "Corrected a patient's details",
    "patient.updated_own": "Corrected their own details",
    "patient.viewed": "Read a patient's record over the API",
    "patient.viewed_own": "Read their own record",
    "referral.recorded": "Recorded a referral",
    "referrer_link.made": "Made a referrer’s link",
    "referrer_link.withdrawn": "Withdrew a referrer’s link",
    "refusals.not_listed": "Kept trying; further attempts are not listed",
    "reminder-effect.exported": "Exported what messages do",
    "reminder.blocked": "Blocked a message",
    "reminder.failure_settled": "Dealt with a failed message",
    "reminder.listed": "Listed messages",
    "reminder.retried": "Had a failed message tried again",
    "reminder.sent_by_hand": "Sent a message before its time",
    "reminder.unblocked": "Unblocked a message",
    "reply.answered": "Answered a patient’s reply",
    "reply.handled": "Dealt with a patient’s reply",
    "reply.received": "Received a patient’s reply",
    "rule.saved": "Changed a rule of messages",
    "self_booking.begun": "Began to book on the public pages",
    "self_booking.code_again": "Asked for another code",
    "self_booking.code_refused": "Entered a wrong code",
    "self_booking.handled": "Dealt with a request for a visit",
    "self_booking.verified": "Entered the code of an online booking",
    "service_account.closed": "Closed a service account",
    "service_account.created": "Made a service account",
    "session.ended": "Session ended",
    "session.ended_everywhere": "Ended all sessions",
    "sign_in.failed": "Failed to sign in",
    "sign_in.locked_out": "Was locked out",
    "sign_in.succeeded": "Signed in",
    "sign_out": "Signed out",
    "staff_wish.removed": "Wished to be told no more",
    "staff_wish.saved": "Said what they wish to be told",
    "token.issued": "Made an API token",
    "token.revoked": "Revoked an API token",
    "waitlist.answered": "Answered an offer of the waitlist",
    "waitlist.approved": "Agreed to an offer of the waitlist",
    "waitlist.changed": "Changed what somebody waits for",
    "waitlist.closed": "Took a patient off the waitlist",
    "waitlist.exported": "Exported the waitlist",
    "waitlist.filter_removed": "Let go of a filter of the waitlist",
    "waitlist.filter_saved": "Kept a filter of the waitlist",
    "waitlist.import_begun": "Took up a list for the waitlist",
    "waitlist.import_corrected": "Corrected a row of a list",
    "waitlist.import_discarded": "Forgot a list for the waitlist",
    "waitlist.import_left_out": "Left a row of a list out",
    "waitlist.import_matched": "Looked up the patients of a list",
    "waitlist.import_read": "Read a list for the waitlist",
    "waitlist.import_understood": "Said what a list means, or checked it again",
    "waitlist.imported": "Put the patients of a list on the waitlist",
    "waitlist.joined": "Put a patient on the waitlist",
    "waitlist.listed": "Read the waitlist",
    "waitlist.offered": "Offered a time to somebody who waits",
    "waitlist.paused": "Paused a wait",
    "waitlist.reopened": "Put a patient back on the waitlist",
    "waitlist.resumed": "Let a wait go on",
}
NOS = ("sign_in.failed", "sign_in.locked_out", "appointment.override_refused")
"""What somebody was told no by, although it is no refused attempt of a command or at an address."""
ACTIONS = {0: "created", 1: "changed", 2: "deleted", 3: "looked at"}
MASKED = "•••"
HIDDEN_FACTS = {"patients", "process", "host"}
MOST_FACTS = 6
ISO_TIME = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d.*\+00:00$")


@dataclass(frozen=True, slots=True)
class Line:
    """One row of the trail as a screen shows it."""

    entry: LogEntry
    what: str
    who: str
    role: str
    clinic: str
    facts: Sequence[str]
    refused: bool


def lines_of(entries: Sequence[LogEntry], clinics: Mapping[int, str]) -> list[Line]:
    """The rows in words; `clinics` holds the names within the viewer's reach. One statement."""
    concerned = {user_id for entry in entries if (user_id := _user_of(entry))}
    people = {str(user.pk): _name(user) for user in User.objects.filter(pk__in=concerned)} if concerned else {}
    return [
        Line(
            entry=entry,
            what=what_of(entry),
            who=_name(entry.actor) or (entry.additional_data or {}).get("process", "") or "Somebody unknown",
            role=dict(Role.choices).get(entry.role, entry.role),
            clinic=clinics.get(entry.clinic_id or 0, ""),
            facts=facts_of(entry, people),
            refused=entry.refused or entry.event in NOS,
        )
        for entry in entries
    ]


def _user_of(entry: LogEntry) -> UUID | None:
    """The member of staff a row is about, such as whoever was given a role."""
    change = (entry.changes or {}).get("user")
    try:
        return UUID(str(change[1])) if isinstance(change, list) else None
    except ValueError:
        return None


def _name(user: User | None) -> str:
    return (user.get_full_name() or user.get_username()) if user else ""


def what_of(entry: LogEntry) -> str:
    """What was done, seen or tried."""
    if entry.event in EVENTS:
        return EVENTS[entry.event]
    if not entry.event:
        return f"{str(entry.content_type.name).capitalize()} {ACTIONS[entry.action]}"
    subject, _, verb = entry.event.rpartition(".")
    if verb == "refused":
        return f"Was refused: {subject.replace('_', ' ')}"
    return f"{subject} {verb}".replace("_", " ").strip().capitalize()


def facts_of(entry: LogEntry, people: Mapping[str, str]) -> list[str]:
    """What changed, and what else is worth knowing; masked fields by name alone, members of staff by theirs."""
    told = [_change(field, change, people) for field, change in (entry.changes or {}).items()]
    facts = [each for each in told if each]
    more = {key: value for key, value in (entry.additional_data or {}).items() if key not in HIDDEN_FACTS}
    facts += [f"{key.replace('_', ' ')}: {_short(value)}" for key, value in more.items() if value not in ("", {}, [])]
    left = len(facts) - MOST_FACTS
    return facts[:MOST_FACTS] + ([f"and {left} more"] if left > 0 else [])


def _change(field: str, change: Any, people: Mapping[str, str]) -> str:
    name = field.replace("_", " ")
    if isinstance(change, dict):
        return f"{name}: {change.get('operation', '')} {', '.join(change.get('objects', []))}"
    old, new = (people.get(str(each)) or _short(each) for each in change)
    if not old and not new:
        return ""
    if MASKED in (old, new):
        return name
    return f"{name}: {new}" if old in ("", new) else f"{name}: {old} to {new or 'nothing'}"


def _short(value: Any) -> str:
    if isinstance(value, dict):
        return ", ".join(f"{key} {each}" for key, each in value.items() if each)
    if isinstance(value, str) and ISO_TIME.match(value):
        return value[:16].replace("T", " ")
    return "" if value in (None, [], "[]") else str(value)[:80]
