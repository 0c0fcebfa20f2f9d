"""Sending a rule's message to oneself to see how it arrives: marked as a test, about a person who doesn't exist."""

from __future__ import annotations

import copy
from datetime import date, timedelta

import phonenumbers
from django.utils import timezone

from carebridge.accounts.models import User
from carebridge.audit.models import LogEntry
from carebridge.audit.trail import Action, log_change
from carebridge.db import command
from carebridge.errors import DomainError, InvalidInput, NotAllowed
from reminders import jobs
from reminders.messages import Draft, preview
from reminders.models import ContactBlock, Medium, TrialMessage
from reminders.models.rule import TO_STAFF
from reminders.wording import Text, wording_in
from scheduling.models import Appointment, Patient
from scheduling.permissions import clinic_ids_with, role_at
from scheduling.roles import Permission

MOST_AN_HOUR = 20
EVENT = "message.tested"


class TooManyTests(DomainError):
    """Test messages cost money too."""

    code = "too_many_tests"
    message = f"You have sent {MOST_AN_HOUR} test messages within the hour. Wait a little."


@command()
def queue_test(*, draft: Draft, visit: Appointment, medium: str, language: str, mobile: str, by: User) -> TrialMessage:
    """Have the draft sent to the person's own e-mail address, or as an SMS to the number typed in, within seconds.

    It speaks of the visit's doctor, time and place but of an invented patient. Recorded without the address. Raises
    NotAllowed, InvalidInput, WordingError, TooManyTests.
    """
    if visit.clinic_id not in clinic_ids_with(by, Permission.EDIT_REMINDERS):
        raise NotAllowed(detail={"permission": Permission.EDIT_REMINDERS.value})
    to = _own_address(by) if medium == Medium.EMAIL else _number(mobile, by)
    marked = Draft(draft.kind, {(language, medium): _marked(draft, medium, language)})
    reader = by if draft.kind in TO_STAFF else None
    message = preview(marked, with_invented_patient(visit), medium, language, reader=reader)

    test = TrialMessage.objects.create(user=by, **{**vars(message), "to": to, "headers": dict(message.headers)})

    _record(draft.kind, visit, medium, language, by)
    jobs.nudge(jobs.send_tests)
    return test


def with_invented_patient(visit: Appointment) -> Appointment:
    """The visit as if it were somebody's who doesn't exist, never to be saved."""
    invented = copy.copy(visit)
    invented.patient = Patient(given_name="Sam", family_name="Sample", birth_date=date(1980, 1, 1))
    invented.reference = "CB-TEST-TEST"
    return invented


def _own_address(by: User) -> str:
    if not by.email:
        raise InvalidInput(fields={"medium": "Your account has no e-mail address."})
    return by.email


def _number(typed: str, by: User) -> str:
    """The number in E.164 form. Raises InvalidInput for none, a patient's, or one that asked for no messages."""
    try:
        parsed = phonenumbers.parse(typed, "GB")
    except phonenumbers.NumberParseException:
        parsed = None
    if parsed is None or not phonenumbers.is_possible_number(parsed):
        raise InvalidInput(fields={"mobile": "Type a mobile number, such as 07700 900461."})
    number = phonenumbers.format_number(parsed, phonenumbers.PhoneNumberFormat.E164)
    if Patient.objects.visible_to(by).filter(mobile=number).exists():
        raise InvalidInput(fields={"mobile": "This is a patient's number. Tests go to colleagues only."})
    if ContactBlock.objects.filter(medium=Medium.SMS, address=number, lifted_at=None).exists():
        raise InvalidInput(fields={"mobile": "Whoever has this number asked for no messages."})
    return number


def _marked(draft: Draft, medium: str, language: str) -> Text:
    """The text in this language, with the word TEST before all else."""
    given = wording_in(language).text(draft.kind, medium)
    own = draft.texts.get((language, medium))
    subject, body = (own.subject if own else "") or given.subject, (own.body if own else "") or given.body
    if medium == Medium.SMS:
        return Text("", f"TEST: {body}")
    return Text(f"TEST: {subject}", f"TEST. This message is about nobody.\n\n{body}")


def _record(kind: str, visit: Appointment, medium: str, language: str, by: User) -> None:
    """Write the test down, unless there were too many. The person's row is locked, so that they are counted in turn."""
    User.objects.select_for_update().get(pk=by.pk)
    since = timezone.now() - timedelta(hours=1)
    if LogEntry.objects.filter(actor=by, event=EVENT, timestamp__gt=since).count() >= MOST_AN_HOUR:
        raise TooManyTests
    log_change(
        by,
        event=EVENT,
        by=by,
        action=Action.ACCESS,
        clinic_id=visit.clinic_id,
        role=role_at(by, visit.clinic_id),
        facts={"kind": kind, "medium": medium, "language": language},
    )
