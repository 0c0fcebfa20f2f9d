"""Clinics' own words on their patients' pages: the ones that hold, and how new ones come to be."""

from __future__ import annotations

from collections.abc import Mapping

from django.db.models import Max
from django.utils import timezone

from carebridge.accounts.models import User
from carebridge.audit.trail import Action, log_change
from carebridge.db import command, lock_in_order
from scheduling.models import Clinic, PageText
from scheduling.permissions import require, role_at
from scheduling.roles import Permission


def texts_of(clinic: Clinic, language: str) -> Mapping[str, str]:
    """What the clinic says in a language, by place; a place where it says nothing of its own is missing."""
    rows = PageText.objects.filter(clinic=clinic, language=language).order_by("place", "-version").distinct("place")
    return {place: text for place, text in rows.values_list("place", "text") if text}


@command()
def write_page_text(*, clinic: Clinic, place: str, language: str, text: str, by: User) -> PageText:
    """Let a clinic's patients read something else from now on; what they read before is kept. Raises NotAllowed."""
    (clinic,) = lock_in_order(Clinic, [clinic.pk])
    require(by, Permission.CONFIGURE, clinic.pk)
    versions = PageText.objects.filter(clinic=clinic, place=place, language=language)
    last = versions.aggregate(last=Max("version"))["last"] or 0
    written = PageText.objects.create(
        clinic=clinic,
        place=place,
        language=language,
        version=last + 1,
        text=text.strip(),
        written_by=by,
        written_at=timezone.now(),
    )
    log_change(
        written,
        event="page_text.written",
        by=by,
        action=Action.CREATE,
        changes={"version": (last or None, last + 1)},
        clinic_id=clinic.pk,
        role=role_at(by, clinic.pk),
        facts={"place": place, "language": language},
    )
    return written
