"""The catalogue's own words in the language that somebody reads: services, visits, questions, how to prepare."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from functools import cache

from django.utils import translation

from scheduling.languages import DEFAULT
from scheduling.models import Translation

Words = Callable[[str], str]


def words_in(language: str) -> Words:
    """Says a line of the catalogue in a language, or as it was written. One statement, when first asked."""

    @cache
    def table() -> dict[str, str]:
        return dict(Translation.objects.filter(language=language).values_list("source", "text"))

    return lambda line: line if language == DEFAULT else table().get(line, line)


_spoken: ContextVar[Words] = ContextVar("spoken", default=str)


@contextmanager
def speaking(language: str) -> Iterator[None]:
    """Whatever is shown within is in a language: our words, and those of the catalogue by `translated`."""
    before = _spoken.set(words_in(language))
    try:
        with translation.override(language):
            yield
    finally:
        _spoken.reset(before)


def translated(line: str) -> str:
    """A line of the catalogue in the language that is spoken."""
    return _spoken.get()(line)
