"""How somebody can be reached: by which media, in which order, or why by none."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from functools import lru_cache

import phonenumbers
from django.db.models import QuerySet

from carebridge.accounts.models import User
from reminders.models import ContactBlock, Kind, Medium, Reminder, RuleVersion, StaffWish
from reminders.models.rule import TO_STAFF
from scheduling.models import Patient

ELECTRONIC = (Medium.SMS, Medium.EMAIL)
FULLER = (Medium.EMAIL, Medium.SMS)
"""An SMS doesn't say how to prepare, as that would tell what the visit is for: an email is worth more."""
TOO_SOON_FOR_POST = frozenset({Kind.SAME_DAY, Kind.OFFER})

NO_CONTACT, NO_CONSENT, OPTED_OUT, GONE = "no_contact", "no_consent", "opted_out", "patient_gone"
_BY_BLOCK: Mapping[str, str] = {
    ContactBlock.Reason.STOPPED: OPTED_OUT,
    ContactBlock.Reason.COMPLAINED: OPTED_OUT,
    ContactBlock.Reason.BOUNCED: NO_CONTACT,
}


@dataclass(frozen=True)
class Route:
    """The media to try, best first. Without any, `reason` is the code that says why."""

    media: tuple[Medium, ...]
    reason: str = ""


def media_for(person: Patient | User, version: RuleVersion | None, blocks: Collection[ContactBlock]) -> Route:
    """The route to a person for a rule's message (None: one sent by hand). `blocks` are those in force.

    The rule's media count, in its order; where it names none, what the patient prefers and then the others. Consent
    and blocks are kept for each medium. A letter goes to those who want letters, whose rule says so, or who have
    neither mobile nor e-mail; never to somebody who declined, and never when it would come too late.
    """
    if isinstance(person, User):
        return _to_staff(person, version.rule.kind if version else "", blocks)
    if not person.is_active or person.merged_into_id or person.anonymised_at:
        return Route((), GONE)
    refused = {medium: _hindrance(person, medium, blocks) for medium in Medium}
    media = tuple(medium for medium in _order(person, version) if not refused[medium])
    if not media and not (version and version.media) and _may_write(version, refused):
        media = (Medium.LETTER,)
    return Route(media) if media else Route((), _strongest(refused, version))


def route_of(reminder: Reminder) -> Route:
    """The route to whoever a message is for, as they are now: asks the database for blocks in force."""
    if reminder.user is not None:
        return _to_staff(reminder.user, reminder.kind, blocks_of(reminder.user))
    assert reminder.patient is not None  # noqa: S101 - reminder_to_one
    return media_for(reminder.patient, reminder.version, blocks_of(reminder.patient))


def blocks_of(person: Patient | User) -> QuerySet[ContactBlock]:
    """Blocks in force on any of the person's addresses."""
    if isinstance(person, User):
        mobiles = StaffWish.objects.filter(user=person).values_list("mobile", flat=True)
        addresses = [*mobiles, person.email.lower()]
    else:
        addresses = [address_of(person, medium) for medium in ELECTRONIC]
    return ContactBlock.objects.filter(lifted_at=None, address__in=[each for each in addresses if each])


def address_of(person: Patient | User, medium: str, wish: StaffWish | None = None) -> str:
    """Where a medium reaches the person: an E.164 number, an address in lower case, the lines of a letter; or ""."""
    if medium == Medium.EMAIL:
        return person.email.strip().lower()
    if isinstance(person, User):
        return _e164(wish.mobile if wish else "")
    if medium == Medium.SMS:
        return _e164(person.mobile)
    if not person.address:
        return ""
    lines = [person.full_name, *(line.strip() for line in person.address.split(",")), person.postcode]
    return "\n".join(filter(None, lines))


@lru_cache(maxsize=4096)  # asked several times of each message, and slow
def _e164(number: str) -> str:
    """The number in E.164 form, or "" when no provider could dial it. Numbers kept for drama count."""
    try:
        parsed = phonenumbers.parse(number, "GB")
    except phonenumbers.NumberParseException:
        return ""
    possible = phonenumbers.is_possible_number(parsed)
    return phonenumbers.format_number(parsed, phonenumbers.PhoneNumberFormat.E164) if possible else ""


def _hindrance(patient: Patient, medium: Medium, blocks: Collection[ContactBlock]) -> str:
    """Why a medium doesn't reach the patient: a code, or "" when it does."""
    address = address_of(patient, medium)
    consents = {Medium.SMS: patient.consents_to_sms, Medium.EMAIL: patient.consents_to_email}
    if address and not consents.get(medium, True):
        return NO_CONSENT
    return _blocked(medium, address, blocks)


def _blocked(medium: str, address: str, blocks: Collection[ContactBlock]) -> str:
    """Why nothing may go to an address, missing or blocked: a code, or "" when it may."""
    if not address:
        return NO_CONTACT
    found = {_BY_BLOCK[each.reason] for each in blocks if (each.medium, each.address) == (medium, address)}
    return OPTED_OUT if OPTED_OUT in found else next(iter(found), "")


def _order(patient: Patient, version: RuleVersion | None) -> tuple[Medium, ...]:
    """The media that may be tried, best first, whether or not they reach the patient."""
    kind = version.rule.kind if version else None
    if version and version.media:
        named = [Medium(medium) for medium in version.media]
        return tuple(medium for medium in named if medium != Medium.LETTER or kind not in TOO_SOON_FOR_POST)
    if kind == Kind.PREPARATION:
        return FULLER
    wanted = patient.preferred_channel
    if wanted == Medium.LETTER and kind not in TOO_SOON_FOR_POST:
        return (Medium.LETTER, *ELECTRONIC)
    # Nobody can be telephoned by a machine; who prefers that gets what everyone gets.
    return FULLER if wanted == Medium.EMAIL else ELECTRONIC


def _may_write(version: RuleVersion | None, refused: Mapping[Medium, str]) -> bool:
    """Whether a letter may stand in: there is time for the post, and nobody said no to being written to."""
    in_time = version is None or version.rule.kind not in TOO_SOON_FOR_POST
    return in_time and not refused[Medium.LETTER] and all(refused[each] == NO_CONTACT for each in ELECTRONIC)


def _strongest(refused: Mapping[Medium, str], version: RuleVersion | None) -> str:
    """The reason to show when there are several: what the person said comes before what they lack."""
    asked = [Medium(each) for each in version.media] if version and version.media else ELECTRONIC
    given = {refused[medium] for medium in asked}
    return next((reason for reason in (OPTED_OUT, NO_CONSENT) if reason in given), NO_CONTACT)


def _to_staff(user: User, kind: str, blocks: Collection[ContactBlock]) -> Route:
    """By the medium that the member of staff chose for this kind of message, with e-mail to fall back on."""
    if not user.is_active:
        return Route((), GONE)
    wish = StaffWish.objects.filter(user=user, kind=kind).first()
    if kind in TO_STAFF and wish is None:
        return Route((), OPTED_OUT)
    media = dict.fromkeys((Medium(wish.medium) if wish else Medium.EMAIL, Medium.EMAIL))
    refused = {medium: _blocked(medium, address_of(user, medium, wish), blocks) for medium in media}
    reached = tuple(medium for medium in media if not refused[medium])
    return Route(reached) if reached else Route((), OPTED_OUT if OPTED_OUT in refused.values() else NO_CONTACT)
