"""Words marked as they were typed, and phone numbers as they are read out."""

import re

import phonenumbers
from django import template
from django.utils.html import conditional_escape
from django.utils.safestring import SafeString, mark_safe

from scheduling import translations

register = template.Library()
register.filter("translated", translations.translated)

RULES = {
    "blocked": "Doctor away or blocked",
    "clinic_closed": "Clinic closed",
    "doctor_busy": "Doctor already booked",
    "no_resource": "No room, equipment or staff free",
    "not_new": "For new patients only",
    "not_returning": "For returning patients only",
    "off_step": "Not one of the usual starts",
    "on_break": "Doctor on a break",
    "outside_hours": "Outside the doctor's hours",
    "patient_busy": "Patient has another visit then",
    "past_cutoff": "After the cut-off",
    "referral_expired": "Referral not valid that day",
    "referral_missing": "No referral",
    "referral_other_service": "Referral for another service",
    "referral_used_up": "Referral used up",
    "session_type": "Session kept for other visits",
    "too_far": "Too far ahead",
    "too_many_open": "Too many visits to come",
    "too_old": "Above the age limit",
    "too_soon": "Less notice than asked for",
    "too_young": "Below the age limit",
    "wrong_sex": "For patients of another sex",
}
"""What each rule that can be set aside says, in a few words."""


@register.filter
def rule(code: str) -> str:
    """A rule that was set aside, in words: doctor_busy is "Doctor already booked"."""
    return RULES.get(code, code.replace("_", " ").capitalize())


@register.filter
def highlight(text: object, typed: str) -> SafeString:
    """The text, escaped, with every typed word of two letters or more in a <mark>."""
    words = [re.escape(word) for word in str(typed).split() if len(word) > 1]
    if not words:
        return conditional_escape(str(text))
    pieces = re.split(f"({'|'.join(words)})", str(text), flags=re.IGNORECASE)
    # Every piece is escaped on its own, so a name with "<" in it stays text.
    marked = (
        f"<mark>{conditional_escape(piece)}</mark>" if i % 2 else conditional_escape(piece)
        for i, piece in enumerate(pieces)
    )
    return mark_safe("".join(marked))  # noqa: S308


@register.filter
def phone(number: str) -> str:
    """A stored number (+447700900461) as people here read it out: 07700 900461, foreign ones with their +."""
    try:
        parsed = phonenumbers.parse(number)
    except phonenumbers.NumberParseException:
        return number
    home = phonenumbers.region_code_for_country_code(parsed.country_code or 0) == "GB"
    form = phonenumbers.PhoneNumberFormat.NATIONAL if home else phonenumbers.PhoneNumberFormat.INTERNATIONAL
    return phonenumbers.format_number(parsed, form)
