"""What patients write back is understood, or read by a person; nobody's visit is cancelled by mistake."""

from __future__ import annotations

import re
import tomllib
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from reminders.replies import LANGUAGES, Answer, Meaning, answer_of, meaning_of

HERE = Path(__file__).parent
PREPARED = tomllib.loads((HERE / "phrases.toml").read_text())
LATER = tomllib.loads((HERE / "later_phrases.toml").read_text())
NEGATIONS = {
    "en": ["not", "don't", "do not", "never", "no", "won't", "cannot"],
    "fr": ["ne", "pas", "ne pas", "jamais", "non", "n'"],
    "de": ["nicht", "kein", "keine", "nie", "niemals", "nein"],
    "es": ["no", "nunca", "jamás", "ni", "tampoco"],
    "pl": ["nie", "nigdy", "bez", "ani", "wcale"],
}


def phrases(source, *, but: str = "") -> list[tuple[str, str, str]]:
    rows = [(lang, kind, text) for lang, kinds in source.items() for kind, texts in kinds.items() for text in texts]
    return [row for row in rows if row[1] != but]


def understood(source, language: str) -> float:
    meant = [(kind, text) for kind, texts in source[language].items() for text in texts if kind != "person"]
    return sum(meaning_of(text, language) == kind for kind, text in meant) / len(meant)


def test_there_are_five_hundred_phrases_in_five_languages():
    assert len(phrases(PREPARED)) >= 500
    assert all(len([1 for lang, *_ in phrases(PREPARED) if lang == language]) >= 100 for language in NEGATIONS)


@pytest.mark.parametrize("reader", [*LANGUAGES, "xx"])
def test_no_phrase_is_taken_for_a_cancellation_that_is_none_whatever_language_is_on_file(reader):
    others = phrases(PREPARED, but="cancel") + phrases(LATER, but="cancel")

    assert [text for _, _, text in others if meaning_of(text, reader) == Meaning.CANCEL] == []


@pytest.mark.parametrize("source", [PREPARED, LATER], ids=["prepared", "later"])
def test_what_is_understood_is_understood_rightly(source):
    may_mean = {"person": {Meaning.UNCLEAR, Meaning.ANOTHER_TIME}}
    wrong = [
        (text, meaning_of(text, language))
        for language, kind, text in phrases(source)
        if meaning_of(text, language) not in may_mean.get(kind, {kind, Meaning.UNCLEAR})
    ]

    assert wrong == []


@pytest.mark.parametrize("language", NEGATIONS)
def test_most_of_what_patients_write_needs_no_person(language):
    assert understood(PREPARED, language) >= 0.97
    assert understood(LATER, language) >= 0.6, "of what nobody prepared for"


@given(data=st.data())
@settings(max_examples=600, deadline=None)
def test_a_negation_anywhere_in_a_sentence_never_cancels(data):
    language = data.draw(st.sampled_from(sorted(NEGATIONS)))
    wishes = PREPARED[language]["cancel"] + LATER[language]["cancel"]
    words = re.sub(r"[.,;:!]", " ", data.draw(st.sampled_from(wishes))).split()
    words.insert(data.draw(st.integers(0, len(words))), data.draw(st.sampled_from(NEGATIONS[language])))

    assert meaning_of(" ".join(words), language) != Meaning.CANCEL
    assert meaning_of(" ".join(words).upper(), "en") != Meaning.CANCEL


@given(data=st.data())
@settings(max_examples=300, deadline=None)
def test_a_question_never_cancels_nor_confirms(data):
    language, _, text = data.draw(st.sampled_from(phrases(PREPARED)))

    assert meaning_of(text.rstrip(".!") + "?", language) not in {Meaning.CANCEL, Meaning.CONFIRM}


@given(data=st.data())
@settings(max_examples=300, deadline=None)
def test_wanting_two_things_is_read_by_a_person(data):
    language = data.draw(st.sampled_from(sorted(NEGATIONS)))
    both = [data.draw(st.sampled_from(PREPARED[language][kind])) for kind in ("confirm", "cancel")]
    joiner = data.draw(st.sampled_from([" ", ". ", ", ", "\n", " / "]))

    assert meaning_of(joiner.join(data.draw(st.permutations(both))), language) == Meaning.UNCLEAR


@given(st.text(max_size=600))
@settings(max_examples=400, deadline=None)
def test_whatever_is_typed_gets_an_answer(text):
    assert meaning_of(text) in Meaning
    assert answer_of(text) in Answer


@pytest.mark.parametrize(
    "text", ["CANCEL", "cancel", "Ｃａｎｃｅｌ", "canc\u200bel", "  cancel!!! 🙏 ", "Cancel\n\nThanks 🙂"]
)
def test_the_way_it_is_typed_does_not_matter(text):
    assert meaning_of(text) == Meaning.CANCEL


@pytest.mark.parametrize(
    "text", ["I can't come", "I can’t come", "I can`t come", "I can´t come", "i can t come", "i cant come"]
)
def test_an_apostrophe_may_be_any_or_missing(text):
    assert meaning_of(text) == Meaning.CANCEL


@pytest.mark.parametrize(
    ("text", "meaning"),
    [
        ("نعم", Meaning.CONFIRM),
        ("نعم، شكرا", Meaning.CONFIRM),
        ("أريد إلغاء الموعد", Meaning.CANCEL),
        ("لا أستطيع الحضور", Meaning.CANCEL),
        ("لا", Meaning.NO),
        ("لا أريد إلغاء الموعد", Meaning.UNCLEAR),
        ("هل يمكن إلغاء الموعد؟", Meaning.UNCLEAR),
        ("موعد آخر من فضلك", Meaning.ANOTHER_TIME),
        ("توقف", Meaning.STOP),
    ],
)
def test_the_plain_words_are_understood_in_arabic(text, meaning):
    assert meaning_of(text, "ar") == meaning


def test_where_languages_disagree_the_patients_own_decides_but_never_for_a_cancellation():
    assert meaning_of("si", "es") == Meaning.CONFIRM
    assert meaning_of("si", "fr") == Meaning.UNCLEAR  # "if"
    assert meaning_of("si", "pl") == Meaning.UNCLEAR


# --- Asked whether to cancel -----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "text", ["Yes", "yes please", "Yes cancel", "CANCEL", "ja", "Oui, annuler", "Sí cancelar", "Tak, odwołać", "ok"]
)
def test_yes_means_cancel_once_that_was_asked(text):
    assert answer_of(text) == Answer.YES


@pytest.mark.parametrize(
    "text", ["No", "no thanks", "Keep it", "I'll be there", "No, I will come", "nein", "Nein, ich komme", "non merci"]
)
def test_no_keeps_the_visit(text):
    assert answer_of(text) == Answer.NO


@given(data=st.data())
@settings(max_examples=300, deadline=None)
def test_what_a_person_has_to_read_does_not_answer_the_question_with_yes(data):
    language, _, text = data.draw(st.sampled_from([row for row in phrases(PREPARED) if row[1] == "person"]))
    mixed = {"yes please cancel", "Oui, annuler", "Ja bitte absagen", "Sí cancelar", "Tak, odwołać"}

    assert text in mixed or answer_of(text, language) != Answer.YES


def test_a_polish_no_is_a_no_for_poles_and_for_others_a_word_that_a_person_reads():
    assert answer_of("nie", "pl") == Answer.NO
    assert answer_of("nie", "de") == Answer.UNCLEAR  # "never"
