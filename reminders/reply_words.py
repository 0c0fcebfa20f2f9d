"""The words that patients reply with, language by language, and how a text is taken apart to find them. Pure."""

from __future__ import annotations

import re
import tomllib
import unicodedata
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path

FOLDER = Path(__file__).parent / "vocabulary"
ONE_TYPO, TWO_TYPOS = 5, 9
"""From how many letters on a word may have so many typing errors."""
_BREAK = re.compile(r"[.,;:!…\n\r،؛]+|\s-+\s|[–—]+")
_WORD = re.compile(r"[^\W_]+|[\u2190-\u2bff\U0001f000-\U0001faff]")
_HARMLESS = frozenset("🙂😊🙏❤😀😃😄😁☺😉🥰👋🙌♥")
_LEFT_OUT = {"Mn", "Cf", "Sk"}
"""Accents once they are taken apart, joiners, and the colours of thumbs."""
_BY_HAND = str.maketrans({"ł": "l", "ـ": "", "ى": "ي", "ة": "ه", "’": "'", "‘": "'", "`": "'", "´": "'"})
_UMLAUTS = str.maketrans({"ä": "ae", "ö": "oe", "ü": "ue"})


@dataclass(frozen=True, slots=True)
class Vocabulary:
    """One language: phrases of plain words with their kind, and the words that are no typing errors."""

    phrases: Mapping[tuple[str, ...], str]
    words: frozenset[str]
    known: frozenset[str]
    never: frozenset[str]
    """Spellings with accents that make another word of one of ours."""
    longest: int

    def spelt(self, word: str) -> str:
        """The word of ours that somebody meant who typed this; the word itself when that is not clear."""
        if word in self.known or len(word) < ONE_TYPO:
            return word
        allowed = 2 if len(word) >= TWO_TYPOS else 1
        near = [each for each in self.words if each[0] == word[0] and abs(len(each) - len(word)) <= allowed]
        found = sorted((typos(word, each), each) for each in near if len(each) >= ONE_TYPO)
        if not found or found[0][0] > allowed or (len(found) > 1 and found[1][0] == found[0][0]):
            return word
        return found[0][1]


@cache
def vocabulary(language: str) -> Vocabulary:
    """The words of a language, from its file: read once per process."""
    raw: dict[str, list[str]] = tomllib.loads((FOLDER / f"{language}.toml").read_text())
    never, known = raw.pop("never", []), raw.pop("known", [])
    phrases: dict[tuple[str, ...], str] = {}
    for kind, entries in raw.items():
        for entry in entries:
            for spelling in (entry, entry.translate(_UMLAUTS)):
                phrases.setdefault(tuple(words_of(spelling)), kind)
    words = frozenset(word for phrase in phrases for word in phrase)
    return Vocabulary(
        phrases=phrases,
        words=words,
        known=words | {word for each in known for word in words_of(each)},
        never=frozenset(never),
        longest=max(map(len, phrases)),
    )


def clauses_of(text: str) -> list[list[str]]:
    """The words of each clause, plain."""
    found = (words_of(part) for part in _BREAK.split(text))
    return [words for words in found if words]


def words_of(text: str) -> list[str]:
    """Lower case, without accents, apostrophes and friendly faces: "Désolée, I can’t 🙂" is desolee, i, cant."""
    apart = unicodedata.normalize("NFKD", text.casefold().translate(_BY_HAND)).casefold()
    plain = "".join(each for each in apart if unicodedata.category(each) not in _LEFT_OUT)
    plain = re.sub(r"(?<=\w)'ll\b", " will", plain)
    plain = re.sub(r"(?<=\w)'(?=(?:t|re|ve|m|s|d)\b)", "", plain)
    plain = re.sub(r"\b(can|don|won|didn|doesn|isn|wasn|couldn|shouldn|wouldn) t\b", r"\1t", plain)
    return [each for each in _WORD.findall(plain) if each not in _HARMLESS]


def typos(one: str, other: str) -> int:
    """How many letters were left out, added, changed or swapped with their neighbour to get from one to the other."""
    older: list[int] = []
    old = list(range(len(other) + 1))
    for i, a in enumerate(one, start=1):
        row = [i]
        for j, b in enumerate(other, start=1):
            cost = min(old[j] + 1, row[j - 1] + 1, old[j - 1] + (a != b))
            if i > 1 and j > 1 and a == other[j - 2] and one[i - 2] == b:
                cost = min(cost, older[j - 2] + 1)
            row.append(cost)
        older, old = old, row
    return old[-1]
