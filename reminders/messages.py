"""From a planned message to one that can be handed over: the right words, filled in, for one medium."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from uuid import UUID, uuid4

from django.template.loader import render_to_string
from django.utils import timezone

from carebridge.accounts.models import User
from reminders.calendar_file import calendar_file
from reminders.layout import layout_of
from reminders.models import Kind, Medium, Reminder, RuleVersion, StaffWish
from reminders.occasion import STILL_CHANGEABLE, Occasion, occasion_of, values_of
from reminders.placeholders import WordingError, check_subject, check_text, fill, fill_subject
from reminders.routing import address_of
from reminders.segments import sms_text
from reminders.senders import headers_of, sender_of
from reminders.transports.base import Outgoing
from reminders.wording import DEFAULT, Text, Wording, wording_in
from scheduling.links import address_of as page_address
from scheduling.links import example_address, manage_links
from scheduling.models import Appointment

__all__ = ["Draft", "WordingError", "check_subject", "check_text", "compose", "letter_of", "pages_of", "preview"]


@dataclass(frozen=True)
class Draft:
    """A kind of message and a clinic's own words for it by language and medium, saved or not."""

    kind: str
    texts: Mapping[tuple[str, str], Text] = field(default_factory=dict)

    @classmethod
    def of(cls, version: RuleVersion | None, kind: str) -> Draft:
        """The texts of a saved version; none of its own for a message sent by hand."""
        texts = version.texts.all() if version else ()
        return cls(kind, {(each.language, each.medium): Text(each.subject, each.body) for each in texts})


def pages_of(reminders: Iterable[Reminder]) -> Mapping[int, str]:
    """The addresses of the pages that these messages lead to, by the visits' ids; links that are missing are made."""
    visits = [visit for each in reminders if each.kind in STILL_CHANGEABLE for visit in occasion_of(each).visits]
    return {pk: page_address(link) for pk, link in manage_links(appointments=visits).items()} if visits else {}


def compose(reminder: Reminder, medium: str, pages: Mapping[int, str] | None = None) -> Outgoing:
    """A planned message for one medium, in the patient's language as they now wish, with a link to each visit's page.

    `pages` are those of `pages_of`, where they were found for many messages at once. Raises WordingError for a text
    that can't be filled in; load the reminder with `occasion.LOADED`.
    """
    occasion = occasion_of(reminder)
    if reminder.kind in STILL_CHANGEABLE and medium != Medium.LETTER:
        occasion = replace(occasion, pages=pages_of([reminder]) if pages is None else pages)
    if reminder.invitation and medium != Medium.LETTER:
        occasion = replace(occasion, booking_page=page_address(reminder.invitation.link))
    draft = Draft.of(reminder.version, reminder.kind)
    return _finished(draft, occasion, medium, occasion.language, key=reminder.key)


def preview(
    draft: Draft, appointment: Appointment, medium: str, language: str, *, reader: User | None = None
) -> Outgoing:
    """What a rule's message would say of a visit, with texts that need not be saved. Raises WordingError.

    It is for the visit's patient; of a kind that goes to staff, for `reader`. Its link is an example: none is made.
    """
    person = reader or appointment.patient
    example = "" if medium == Medium.LETTER else example_address()
    pages = {appointment.pk: example} if draft.kind in STILL_CHANGEABLE and example else {}
    booking_page = example if draft.kind == Kind.INVITATION else ""
    now = timezone.now()
    occasion = Occasion(draft.kind, appointment.clinic, person, [appointment], now, pages, booking_page=booking_page)
    return _finished(draft, occasion, medium, language, key=uuid4())


def letter_of(reminder: Reminder) -> Mapping[str, object]:
    """A planned message as a letter to print: what templates/reminders/letter.html shows. Raises WordingError."""
    occasion = occasion_of(reminder)
    draft = Draft.of(reminder.version, reminder.kind)
    wording = _wording(draft.kind, occasion.language)
    lines = address_of(occasion.person, Medium.LETTER).splitlines() if reminder.patient else []
    subject, body = _words(draft, occasion, wording, Medium.LETTER)
    written_on = wording.day(timezone.now().astimezone(occasion.clinic.zone).date(), with_year=True)
    return {
        **layout_of(occasion, wording),
        "subject": subject,
        "body": body,
        "recipient": lines,
        "written_on": written_on,
    }


def _finished(draft: Draft, occasion: Occasion, medium: str, language: str, *, key: UUID) -> Outgoing:
    wording = _wording(draft.kind, language)
    subject, body = _words(draft, occasion, wording, medium)
    to, sender = address_of(occasion.person, medium, _wish(occasion)), sender_of(occasion.clinic, medium)
    if medium != Medium.EMAIL:
        text = sms_text(body) if medium == Medium.SMS else body
        return Outgoing(key=key, medium=Medium(medium), to=to, sender=sender, subject=subject, text=text)
    shown = {**layout_of(occasion, wording), "subject": subject, "body": body}
    return Outgoing(
        key=key,
        medium=Medium.EMAIL,
        to=to,
        sender=sender,
        subject=subject,
        text=render_to_string("emails/message.txt", shown),
        html=render_to_string("emails/message.html", shown),
        calendar=calendar_file(occasion, wording, made_at=timezone.now()),
        headers=headers_of(occasion.clinic, wording.code),
    )


def _wording(kind: str, language: str) -> Wording:
    """The words of the language, or English for a kind that only staff get."""
    return wording_in(language if kind in wording_in(language).texts else DEFAULT)


def _words(draft: Draft, occasion: Occasion, wording: Wording, medium: str) -> tuple[str, str]:
    """Subject and body, filled in; an SMS has no subject. Raises WordingError."""
    text, values = _text(draft, wording, medium), values_of(occasion, wording, medium)
    subject = "" if medium == Medium.SMS else fill_subject(text.subject, values)
    return subject, fill(text.body, values, medium)


def _text(draft: Draft, wording: Wording, medium: str) -> Text:
    """The clinic's own words in this language, or those that come with CareBridge; of a subject, each by itself."""
    given = wording.text(draft.kind, medium)
    own = draft.texts.get((wording.code, medium))
    return Text(own.subject or given.subject, own.body or given.body) if own else given


def _wish(occasion: Occasion) -> StaffWish | None:
    if not isinstance(occasion.person, User):
        return None
    return StaffWish.objects.filter(user=occasion.person, kind=occasion.kind).first()
