"""Words marked as they were typed, and phone numbers as they are read out."""

import re

import phonenumbers
from django import template
from django.utils.html import conditional_escape
from django.utils.safestring import SafeString, mark_safe

register = template.Library()


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
