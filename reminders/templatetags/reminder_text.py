"""A message's body as a template shows it: its paragraphs, and the line that a mailbox shows beside the subject."""

import re

from django import template

register = template.Library()

GIST_LENGTH = 110


@register.filter
def paragraphs(body: str) -> list[str]:
    """The body's paragraphs, which blank lines part."""
    return [each for each in re.split(r"\n\s*\n", body.strip()) if each]


@register.filter
def gist(body: str) -> str:
    """The beginning of what is said after the greeting: a mailbox shows it beside the subject."""
    return " ".join(" ".join(paragraphs(body)[1:] or [body]).split())[:GIST_LENGTH]
