"""What a patient's reply means. Pure: words in, meaning out; what is done about it is `reminders.conversation`.

A reply is understood only if every word of it is in one language's vocabulary and all of them say the same thing.
Whoever negates, asks, sets a condition or says two things is read by a person: a cancellation that nobody wanted
costs more than a message that somebody has to read.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from enum import StrEnum

from reminders.reply_words import Vocabulary, clauses_of, vocabulary

LANGUAGES = ("en", "fr", "de", "es", "pl", "ar")
LONGEST_READ = 480
"""Characters: three text messages. Nobody says yes at greater length."""
_QUESTION = re.compile(r"[?¿؟]")


class Meaning(StrEnum):
    """What somebody wants. UNCLEAR is for a person to read."""

    CONFIRM = "confirm"
    CANCEL = "cancel"
    ANOTHER_TIME = "another_time"
    NO = "no"
    STOP = "stop"
    START = "start"
    UNCLEAR = "unclear"


class Answer(StrEnum):
    """What somebody answers who was asked whether to cancel."""

    YES = "yes"
    NO = "no"
    UNCLEAR = "unclear"


@dataclass(frozen=True, slots=True)
class Reading:
    """What the words of a reply say in one language."""

    kinds: frozenset[str]
    verbs: int
    """How many different ways to say "cancel" it uses: "cancel my cancellation" uses two."""
    complete: bool
    """No word was left over."""
    no_stands_alone: bool
    """Every "no" is a clause of its own, as in "No, I can't come", so that it negates nothing."""

    @property
    def core(self) -> frozenset[str]:
        """Kinds that want something: without politeness, and without why."""
        return self.kinds - {"polite", "reason"}


def meaning_of(text: str, language: str = "en") -> Meaning:
    """What the reply means. `language` is the patient's own: it decides where two languages read different things."""
    readings = {name: read(text, name) for name in LANGUAGES}
    understood = {name: _meaning(each) for name, each in readings.items() if each.complete}
    meanings = set(understood.values())
    if len(meanings) == 1:
        return meanings.pop()
    if not meanings and any(each.core - {"against"} == {"another_time"} for each in readings.values()):
        return Meaning.ANOTHER_TIME
    return Meaning.UNCLEAR if Meaning.CANCEL in meanings else understood.get(language, Meaning.UNCLEAR)


def answer_of(text: str, language: str = "en") -> Answer:
    """What the reply to "Do you really want to cancel?" means."""
    answers = {name: _answer(each) for name in LANGUAGES if (each := read(text, name)).complete}
    if len(set(answers.values())) == 1:
        return next(iter(answers.values()))
    own = answers.get(language, Answer.UNCLEAR)
    return own if own == Answer.NO or set(answers.values()) == {Answer.YES, Answer.UNCLEAR} else Answer.UNCLEAR


def _meaning(reading: Reading) -> Meaning:
    core = reading.core
    if _cancels(reading):
        return Meaning.CANCEL
    if core and core <= {"yes", "attend"} and "reason" not in reading.kinds:
        return Meaning.CONFIRM
    if "another_time" in core and core <= {"another_time", "absent", "against"}:
        return Meaning.ANOTHER_TIME
    single = next(iter(core)) if len(core) == 1 else ""
    return {"no": Meaning.NO, "stop": Meaning.STOP, "start": Meaning.START}.get(single, Meaning.UNCLEAR)


def _cancels(reading: Reading) -> bool:
    if reading.core == {"no", "absent"}:
        return reading.no_stands_alone
    return bool(reading.core) and reading.core <= {"cancel", "absent"} and reading.verbs <= 1


def _answer(reading: Reading) -> Answer:
    core = reading.core
    # Not "yes" beside "I can't come": without its accent a Spanish yes is an if.
    if core and reading.verbs <= 1 and (core <= {"yes", "cancel"} or core <= {"cancel", "absent"}):
        return Answer.YES
    return Answer.NO if core and core <= {"no", "keep", "attend"} else Answer.UNCLEAR


def read(text: str, language: str) -> Reading:
    """The kinds of phrases that a text is made of in one language."""
    words, plain = vocabulary(language), unicodedata.normalize("NFC", text).casefold()
    kinds: set[str] = {"against"} if _QUESTION.search(text) else set()
    verbs: set[tuple[str, ...]] = set()
    complete = len(text) <= LONGEST_READ and not any(each in plain for each in words.never)
    alone = True
    for clause in clauses_of(text):
        said = list(_phrases(clause, words))
        here = {kind for kind, _ in said}
        verbs |= {phrase for kind, phrase in said if kind == "cancel"}
        alone = alone and ("no" not in here or here <= {"no", "polite"})
        complete = complete and "" not in here
        kinds |= here
    return Reading(frozenset(kinds - {""}), len(verbs), complete and bool(kinds), alone)


def _phrases(clause: Sequence[str], words: Vocabulary) -> Iterator[tuple[str, tuple[str, ...]]]:
    """The clause cut into phrases, the longest that fits first; the kind is empty for a word that is not known."""
    spelt = [words.spelt(each) for each in clause]
    at = 0
    while at < len(spelt):
        ends = range(min(len(spelt), at + words.longest), at, -1)
        end = next((end for end in ends if tuple(spelt[at:end]) in words.phrases), at + 1)
        phrase = tuple(spelt[at:end])
        yield words.phrases.get(phrase, ""), phrase
        at = end
