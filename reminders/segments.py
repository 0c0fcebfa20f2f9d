"""How long an SMS is to those who carry it. Pure."""

from __future__ import annotations

import unicodedata
from typing import NamedTuple

MOST = 2
"""A message longer than this is written without accents, where that lets it go as GSM-7."""

_GSM = frozenset(
    "@£$¥èéùìòÇ\nØø\rÅåΔ_ΦΓΛΩΠΨΣΘΞÆæßÉ !\"#¤%&'()*+,-./0123456789:;<=>?¡ABCDEFGHIJKLMNOPQRSTUVWXYZÄÖÑÜ§¿"
    "abcdefghijklmnopqrstuvwxyzäöñüà"
)
"""The basic alphabet of 3GPP TS 23.038, seven bits a character."""
_GSM_TWICE = frozenset("\f^{}\\[~]|€")
"""Its extension: each of these is sent as two."""

_TYPOGRAPHY = str.maketrans(
    {"’": "'", "‘": "'", "“": '"', "”": '"', "„": '"', "–": "-", "—": "-", "…": "...", "\u00a0": " ", "\u202f": " "}
)
# Letters that are no letter and an accent.
_PLAIN = str.maketrans({"ł": "l", "Ł": "L", "œ": "oe", "Œ": "OE", "đ": "d", "Đ": "D", "ı": "i"})


class Length(NamedTuple):
    """Characters as they are counted, segments as they are paid, and whether it goes as GSM-7 or Unicode."""

    characters: int
    segments: int
    is_gsm: bool


def length_of(text: str) -> Length:
    """How many segments an SMS takes: 160 characters of GSM-7 or 70 of UTF-16, 153 or 67 each if there are more.

    A character that takes two places is never cut in half, so the end of a segment may stay empty.
    """
    is_gsm = all(each in _GSM or each in _GSM_TWICE for each in text)
    whole, part = (160, 153) if is_gsm else (70, 67)
    sizes = [2 if (each in _GSM_TWICE if is_gsm else ord(each) > 0xFFFF) else 1 for each in text]
    if sum(sizes) <= whole:
        return Length(sum(sizes), 1, is_gsm)
    segments, used = 1, 0
    for size in sizes:
        if used + size > part:
            segments, used = segments + 1, 0
        used += size
    return Length(sum(sizes), segments, is_gsm)


def sms_text(text: str) -> str:
    """The text as it is sent: plain quotes and dashes, and without accents only if it would be too long with them."""
    text = text.translate(_TYPOGRAPHY)
    if length_of(text).segments <= MOST:
        return text
    plain = "".join(each if each in _GSM else _without_accent(each) for each in text)
    return plain if length_of(plain).is_gsm else text


def _without_accent(letter: str) -> str:
    return "".join(
        each for each in unicodedata.normalize("NFKD", letter.translate(_PLAIN)) if not unicodedata.combining(each)
    )
