"""Reading what patients' pages say, and what the catalogues make of it, without gettext's own programs."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

from django.conf import settings
from django.utils.translation.template import templatize

LOCALE = Path(settings.BASE_DIR) / "scheduling" / "locale"
CALLS = {"_", "gettext", "gettext_lazy", "ngettext", "ngettext_lazy"}
CODE = ("carebridge", "scheduling", "waitlist", "reminders", "reporting", "integrations")

_STRING = r"""u?('(?:[^'\\]|\\.)*'|"(?:[^"\\]|\\.)*")"""
_CALLED = re.compile(rf"\bn?gettext\({_STRING}(?:, {_STRING})?")


class Said(NamedTuple):
    """Something to translate: in the singular, and in the plural if it counts."""

    one: str
    many: str = ""


class Entry(NamedTuple):
    """What a catalogue makes of it: one text, or one for each of the language's plurals."""

    said: Said
    texts: tuple[str, ...]
    fuzzy: bool


def said_on_pages() -> set[Said]:
    """Everything that templates and views give to be translated."""
    root = Path(settings.BASE_DIR)
    found = {said for path in (root / "templates").rglob("*.html") for said in _in_template(path.read_text("utf-8"))}
    for app in CODE:
        found |= {said for path in (root / app).rglob("*.py") for said in _in_code(path.read_text("utf-8"))}
    return found


def read_po(language: str) -> tuple[str, list[Entry]]:
    """A catalogue's head and its entries."""
    blocks = (LOCALE / language / "LC_MESSAGES" / "django.po").read_text("utf-8").strip().split("\n\n")
    head, *entries = [_entry(block) for block in blocks]
    return head.texts[0], entries


def _in_template(text: str) -> Iterator[Said]:
    if "i18n" not in text:
        return
    for called in _CALLED.finditer(templatize(text)):
        yield Said(*(ast.literal_eval(string) for string in called.groups() if string))


def _in_code(text: str) -> Iterator[Said]:
    if "gettext" not in text:
        return
    for node in ast.walk(ast.parse(text)):
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id in CALLS:
            yield Said(*(ast.literal_eval(each) for each in node.args[: 2 if node.func.id.startswith("n") else 1]))


def _entry(block: str) -> Entry:
    """One entry, its parts in order: a keyword, then its string over one line or several."""
    parts: dict[str, str] = {}
    name = ""
    for line in block.splitlines():
        if line.startswith("#"):
            continue
        keyword, _, string = line.partition('"')
        name = keyword.strip() or name
        parts[name] = parts.get(name, "") + ast.literal_eval('"' + string)
    texts = tuple(text for name, text in parts.items() if name.startswith("msgstr"))
    return Entry(Said(parts["msgid"], parts.get("msgid_plural", "")), texts, "#, fuzzy" in block)
