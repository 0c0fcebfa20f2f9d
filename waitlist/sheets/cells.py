"""What people write into cells, understood: days, names, numbers and how urgent something is. Pure."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from datetime import date, timedelta

from scheduling.personal_details import PMS_NUMBER_DIGITS, search_form, valid_pms_number
from waitlist.models import Urgency

MONTHS = ("jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec")
NOTHING = {"", "-", "--", "?", "n/a", "na", "#n/a", "none", "null", "tbc", "unknown", "any"}
"""What people write where they have nothing to say."""
FIRST_SERIAL, LAST_SERIAL = 5_000, 80_000
"""Spreadsheet programs count days from here (1913) to there (2119) where a cell lost its form."""
SPREADSHEET_EPOCH = date(1899, 12, 30)
TITLES = {"mr", "mrs", "ms", "miss", "mx", "dr", "prof", "sir", "rev"}

URGENCIES: Mapping[str, Urgency] = {
    **dict.fromkeys(("not urgent", "non urgent", "nonurgent", "routine", "normal", "standard", "low", "green", "no"),
                    Urgency.ROUTINE),
    **dict.fromkeys(("soon", "medium", "amber", "semi urgent", "expedite"), Urgency.SOON),
    **dict.fromkeys(("urgent", "very urgent", "high", "red", "asap", "emergency", "immediate", "yes"), Urgency.URGENT),
}  # fmt: skip
_LONGEST_FIRST = sorted(URGENCIES, key=len, reverse=True)


def said(text: str) -> str:
    """The text, or nothing where it is one of the ways to say nothing."""
    return "" if search_form(text) in NOTHING else text.strip()


def read_day(text: str, *, month_first: bool = False, not_after: date | None = None) -> date:
    """A day in any usual spelling; `month_first` is for 3/4/26. Raises ValueError.

    Of two digits for the year, `not_after` tells the century: the last such year up to that day; without, this one.
    """
    text = re.sub(r"[T ]\d{1,2}:\d\d(:\d\d)?(\.\d+)?( ?[ap]m)?Z?$", "", text.strip(), flags=re.IGNORECASE)
    if text.isascii() and text.isdigit() and len(text) == 5 and FIRST_SERIAL <= int(text) <= LAST_SERIAL:
        return SPREADSHEET_EPOCH + timedelta(days=int(text))
    if text.isascii() and text.isdigit() and len(text) == 8:
        return date(int(text[:4]), int(text[4:6]), int(text[6:]))
    if found := re.fullmatch(r"(\d{4})[-/. ](\d{1,2})[-/. ](\d{1,2})", text, flags=re.ASCII):
        return date(*map(int, found.groups()))
    day, month, year = _three_parts(text, month_first=month_first)
    return date(_full_year(year, day, month, not_after), month, day)


def _three_parts(text: str, *, month_first: bool) -> tuple[int, int, str]:
    """Day, month and the digits of the year, in the order in which people say them."""
    if found := re.fullmatch(r"(\d{1,2})\s*[-/.\s]\s*(\d{1,2})\s*[-/.\s]\s*(\d{2}|\d{4})", text, flags=re.ASCII):
        first, second, year = found.groups()
        return (int(second), int(first), year) if month_first else (int(first), int(second), year)
    words = re.sub(r"(?<=\d)(st|nd|rd|th)\b", "", text.lower()).replace(" of ", " ")
    words = re.sub(r"^(mon|tue|wed|thu|fri|sat|sun)[a-z]*[.,]?\s+", "", words)
    pattern = r"(?:(\d{1,2})[-\s./]*([a-z]{3})[a-z]*|([a-z]{3})[a-z]*\.?\s+(\d{1,2}))[-\s.,/]*(\d{4}|\d{2})"
    if (found := re.fullmatch(pattern, words, flags=re.ASCII)) and (found[2] or found[3]) in MONTHS:
        return int(found[1] or found[4]), MONTHS.index(found[2] or found[3]) + 1, found[5]
    raise ValueError(text)


def _full_year(year: str, day: int, month: int, not_after: date | None) -> int:
    if len(year) == 4:
        return int(year)
    full = 2000 + int(year)
    return full - 100 if not_after and (full, month, day) > (not_after.year, not_after.month, not_after.day) else full


def month_comes_first(texts: Iterable[str]) -> bool:
    """Whether a column writes months before days: some of it can be read only so, and none only the other way."""
    found = [re.match(r"(\d{1,2})[-/.](\d{1,2})[-/.]\d{2,4}(\D|$)", text.strip(), flags=re.ASCII) for text in texts]
    pairs = [(int(each[1]), int(each[2])) for each in found if each]
    return any(second > 12 for _, second in pairs) and not any(first > 12 for first, _ in pairs)


def name_key(text: str) -> tuple[str, ...]:
    """The words of a name in no order, without titles: "Calloway, Nerys (Ms)" is "Nerys Calloway"."""
    words = re.sub(r"[^\w'-]+", " ", search_form(text)).split()
    return tuple(sorted(word for word in words if word not in TITLES))


def read_pms_number(text: str) -> str:
    """The digits of a PMS number, with the zeros that spreadsheets drop in front. Raises ValueError."""
    digits = re.sub(r"[^\d]", "", text, flags=re.ASCII).zfill(PMS_NUMBER_DIGITS)
    if re.search(r"[^\W\d_]{5,}", text) or not valid_pms_number(digits):
        raise ValueError(text)
    return digits


def read_urgency(text: str) -> tuple[Urgency, str]:
    """How urgent, from free words, and the words after that, which often say why. Raises ValueError."""
    words = re.sub(r"[^\w]+|_", " ", search_form(text)).strip()
    for known in _LONGEST_FIRST:
        if words == known or words.startswith(f"{known} "):
            pattern = r"^\W*" + r"[\W_]+".join(known.split()) + r"\W*"
            return URGENCIES[known], re.sub(pattern, "", text.strip(), flags=re.IGNORECASE).rstrip(" )]")
    raise ValueError(text)
