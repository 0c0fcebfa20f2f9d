"""What a new password must not be, beyond Django's own rules. Passwords of long ago and of the demo stay usable."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Sequence

from django.contrib.auth.models import AbstractBaseUser
from django.contrib.auth.password_validation import CommonPasswordValidator
from django.core.exceptions import ValidationError
from django.utils.module_loading import import_string

LEAST_OF_ONES_OWN = 8
"""Letters and figures that must be left of a password once everything guessable is taken away."""


def letters_and_figures(text: str) -> str:
    """The text as somebody guessing would write it: small letters and figures, without marks and signs."""
    plain = unicodedata.normalize("NFKD", text).casefold()
    return "".join(sign for sign in plain if sign.isalnum())


class CommonCoreValidator(CommonPasswordValidator):
    """Refuses the 20,000 most common passwords, and those that only stretch one: "Sunshine2026!", "qwertyqwerty"."""

    def validate(self, password: str, user: AbstractBaseUser | None = None) -> None:
        """Raises ValidationError when the password, or what it is made of, is on the list."""
        plain = letters_and_figures(password)
        core = re.sub(r"^\d+|\d+$", "", plain)
        if any(each in self.passwords for each in (password.strip().lower(), plain, core, _unit(plain), _unit(core))):
            raise ValidationError("This password is among the first that are tried.", code="password_too_common")

    def get_help_text(self) -> str:
        return "Not one of the passwords that everybody uses, also not with a year behind it."


class ContextWordsValidator:
    """Refuses passwords made of words that everybody here knows: the product's, the clinics' names.

    `words` are always known; `source` is the dotted path of a function that answers with more, such as clinic names.
    """

    def __init__(self, words: Sequence[str] = (), source: str = "") -> None:
        self.words = words
        self.source = source

    def validate(self, password: str, user: AbstractBaseUser | None = None) -> None:
        """Raises ValidationError when too little is left without those words, years and other figures at the end."""
        rest = letters_and_figures(password)
        for word in sorted(self.known_words(), key=len, reverse=True):
            rest = rest.replace(word, "")
        rest = re.sub(r"\d+$", "", rest)
        if len(rest) < LEAST_OF_ONES_OWN and rest != letters_and_figures(password):
            raise ValidationError(
                "This password is mostly the name of a clinic or of CareBridge. Think of something unrelated.",
                code="password_of_known_words",
            )

    def get_help_text(self) -> str:
        return "Not made of clinic names."

    def known_words(self) -> set[str]:
        """Every word of four letters or more that does not count."""
        more: Iterable[str] = import_string(self.source)() if self.source else ()
        spoken = " ".join([*self.words, *more])
        return {plain for word in spoken.split() if len(plain := letters_and_figures(word)) >= 4}


def _unit(text: str) -> str:
    """The part that a text repeats, "abcabc" → "abc"; the text itself when it repeats nothing."""
    at = (text + text).find(text, 1) if text else 0
    return text[:at] if 0 < at < len(text) else text
