"""Icons, status pills and initials for templates. The drawings are in icons.svg beside this file."""

import re
from functools import lru_cache
from pathlib import Path

from django import template
from django.utils.html import format_html
from django.utils.safestring import SafeString, mark_safe

from scheduling.models import Status

register = template.Library()

# A hold is no appointment, yet it stands on the board among them.
STATUS_LABELS = {**dict(Status.choices), "held": "Held"}
# The drawing of a status is shorter to name than the status itself.
ALIASES = {"st-requires_review": "st-review"}
TITLES = {"dr", "dr.", "prof", "prof.", "mr", "mrs", "ms", "miss"}
LINE = mark_safe(' fill="none" stroke="currentColor" stroke-linecap="round" stroke-linejoin="round"')


@lru_cache(maxsize=1)
def drawings() -> dict[str, SafeString]:
    """The inside of every icon, by name."""
    source = Path(__file__).with_name("icons.svg").read_text(encoding="utf-8")
    found = re.findall(r'<symbol id="([\w-]+)"[^>]*>(.*?)</symbol>', source, re.DOTALL)
    # Safe because the file is ours and never holds anything a person typed.
    return {name: mark_safe(re.sub(r"\s*\n\s*", "", body)) for name, body in found}  # noqa: S308


@register.simple_tag
@lru_cache(maxsize=512)
def icon(name: str, cls: str = "") -> SafeString:
    """An inline icon, hidden from screen readers: the word beside it speaks. Raises if nobody drew it."""
    drawing = drawings().get(ALIASES.get(name, name))
    if drawing is None:
        raise template.TemplateSyntaxError(f"There is no icon called {name!r}.")

    is_status = name.startswith("st-")
    return format_html(
        '<svg class="{}" viewBox="0 0 16 16" aria-hidden="true"{}>{}</svg>',
        " ".join(filter(None, ("si" if is_status else "i", cls))),
        LINE if is_status else "",
        drawing,
    )


@register.simple_tag
def st(status: str, label: str = "", cls: str = "") -> SafeString:
    """A status pill: hue, mark and word together. The label defaults to the staff word."""
    return format_html(
        '<span class="{}" data-st="{}">{}{}</span>',
        " ".join(filter(None, ("pill", cls))),
        mark(status),
        icon(f"st-{status}"),
        label or STATUS_LABELS[status],
    )


@register.filter
def mark(status: str) -> str:
    """The value of data-st for a status, which gives a card or a chip its hue."""
    return ALIASES.get(f"st-{status}", f"st-{status}").removeprefix("st-")


@register.filter
def status_label(status: str) -> str:
    """The word staff use for a status."""
    return STATUS_LABELS[status]


@register.filter
def initials(name: object) -> str:
    """First and last initial of a person's name without the title: "Dr Amara Osei" gives "AO"."""
    words = [word for word in str(name or "").split() if word.lower() not in TITLES]
    return "".join(word[0] for word in dict.fromkeys((*words[:1], *words[-1:]))).upper()
