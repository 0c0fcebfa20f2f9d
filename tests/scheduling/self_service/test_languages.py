"""Patients' pages in every language: whatever they say is translated, and what is translated is what they say."""

from __future__ import annotations

import gettext
import re

import pytest
from django.utils import translation

from scheduling.languages import LANGUAGES
from tests.scheduling.self_service.catalogues import LOCALE, Said, read_po, said_on_pages

TRANSLATED = [language for language in LANGUAGES if language != "en"]
PLACEHOLDER = re.compile(r"%\(\w+\)s|</?\w+>")
PLURALS = {"fr": 2, "de": 2, "es": 2, "pl": 3, "ar": 6}


def test_the_pages_say_something():
    assert Said("Choose a time") in said_on_pages()
    assert Said("%(count)s time", "%(count)s times") in said_on_pages()
    assert Said("I'm here") in said_on_pages()
    assert Said("This link has ended. Please call us and we will help.") in said_on_pages()


@pytest.mark.parametrize("language", TRANSLATED)
def test_everything_that_pages_say_is_in_the_catalogue_and_nothing_else(language):
    _, entries = read_po(language)

    assert sorted(entry.said for entry in entries) == sorted(said_on_pages())


@pytest.mark.parametrize("language", TRANSLATED)
def test_no_translation_is_missing_doubtful_or_loses_a_placeholder(language):
    _, entries = read_po(language)

    for said, texts, fuzzy in entries:
        assert not fuzzy, said
        assert len(texts) == (PLURALS[language] if said.many else 1), said
        for text in texts:
            assert text.strip(), said
            assert sorted(PLACEHOLDER.findall(text)) == sorted(PLACEHOLDER.findall(said.many or said.one)), text


@pytest.mark.parametrize("language", TRANSLATED)
def test_the_compiled_catalogue_is_the_written_one(language):
    head, entries = read_po(language)
    with (LOCALE / language / "LC_MESSAGES" / "django.mo").open("rb") as file:
        compiled = gettext.GNUTranslations(file)._catalog  # the class has no other way to list what it holds

    written: dict[str | tuple[str, int], str] = {"": head}
    for said, texts, _ in entries:
        written |= {(said.one, form): text for form, text in enumerate(texts)} if said.many else {said.one: texts[0]}
    assert compiled == written


@pytest.mark.parametrize("language", TRANSLATED)
def test_what_is_said_is_our_translation_and_not_that_of_a_library(language):
    _, entries = read_po(language)

    with translation.override(language):
        said = {entry.said.one: translation.gettext(entry.said.one) for entry in entries if not entry.said.many}
    assert said == {entry.said.one: entry.texts[0] for entry in entries if not entry.said.many}


@pytest.mark.parametrize(
    ("language", "counts"),
    [
        ("fr", {1: "1 horaire", 2: "2 horaires"}),
        ("pl", {1: "1 termin", 3: "3 terminy", 5: "5 terminów", 12: "12 terminów", 22: "22 terminy"}),
        ("ar", {1: "موعد واحد (1)", 2: "موعدان (2)", 5: "5 مواعيد", 12: "12 موعدًا", 100: "100 موعد"}),
    ],
)
def test_numbers_take_the_form_that_their_language_wants(language, counts):
    with translation.override(language):
        said = {
            count: translation.ngettext("%(count)s time", "%(count)s times", count) % {"count": count}
            for count in counts
        }

    assert said == counts
