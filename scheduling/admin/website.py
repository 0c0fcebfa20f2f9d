"""What a clinic puts into its own website to show public booking there."""

from __future__ import annotations

from django.conf import settings
from django.urls import reverse
from django.utils.html import format_html

from scheduling.models import Clinic

TITLE = "Book an appointment"
NOT_YET = "Shown once a site is named and saved."


def as_script(clinic: Clinic) -> str:
    """The script tag, to be copied."""
    source = _address("scheduling:public-embed")
    return _to_copy(clinic, f'<script src="{source}" data-clinic="{clinic.code}" data-title="{TITLE}"></script>')


def as_frame(clinic: Clinic) -> str:
    """The frame alone, to be copied; for sites that allow no scripts of others."""
    source = _address("scheduling:public-framed", clinic.code) if clinic.code else ""
    return _to_copy(clinic, f'<iframe src="{source}" title="{TITLE}" width="100%" height="900"></iframe>')


def _address(route: str, *args: str) -> str:
    return settings.PUBLIC_BASE_URL.rstrip("/") + reverse(route, args=args)


def _to_copy(clinic: Clinic, markup: str) -> str:
    if not clinic.framed_by:
        return NOT_YET
    return format_html("<code>{}</code>", markup)
