"""How names, numbers and phones are written down so that they can be compared. Pure."""

from __future__ import annotations

import unicodedata

import phonenumbers

from carebridge.errors import InvalidInput

PMS_NUMBER_DIGITS = 7


def search_form(text: str) -> str:
    """A name as it is searched for: without accents, lower case, single spaces."""
    decomposed = unicodedata.normalize("NFKD", text)
    return " ".join("".join(each for each in decomposed if not unicodedata.combining(each)).casefold().split())


def valid_pms_number(number: str) -> bool:
    """Seven digits of which the last is a Luhn check digit (ISO/IEC 7812-1, annex B)."""
    if len(number) != PMS_NUMBER_DIGITS or not (number.isascii() and number.isdigit()):
        return False
    doubled = [int(digit) * (2 if place % 2 else 1) for place, digit in enumerate(reversed(number))]
    return sum(each - 9 if each > 9 else each for each in doubled) % 10 == 0


def normalised_phone(number: str, *, region: str = "GB") -> str:
    """The number in E.164 form, or an empty string for none. Raises InvalidInput when nobody could dial it.

    Numbers reserved for drama (Ofcom) count as possible, so demo data and tests work.
    """
    if not number.strip():
        return ""
    try:
        parsed = phonenumbers.parse(number, region)
    except phonenumbers.NumberParseException:
        parsed = None
    if parsed is None or not phonenumbers.is_possible_number(parsed):
        raise InvalidInput(
            "That phone number can't be dialled.", fields={"phone": "Use a full number such as 07700 900461."}
        )
    return phonenumbers.format_number(parsed, phonenumbers.PhoneNumberFormat.E164)
