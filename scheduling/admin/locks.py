"""Editors take the row for themselves; a booking that reads it holds it for share, so neither sees half a change."""

from __future__ import annotations

from collections.abc import Iterable

from django.db.models import F

from scheduling.models import AppointmentType, Clinic, Resource


def edit_clinics(ids: Iterable[int | None]) -> None:
    """Wait for bookings at these clinics and keep new ones out until the transaction ends."""
    _for_update(Clinic, ids)


def edit_types(ids: Iterable[int | None]) -> None:
    """Wait for bookings of these appointment types and keep new ones out until the transaction ends."""
    _for_update(AppointmentType, ids)


def edit_resources(ids: Iterable[int | None]) -> None:
    """Wait for whoever is using these resources, and raise their versions so that cached free time is abandoned."""
    known = {pk for pk in ids if pk}
    list(Resource.objects.filter(pk__in=known).order_by("pk").select_for_update(no_key=True))
    Resource.objects.filter(pk__in=known).update(schedule_version=F("schedule_version") + 1)


def _for_update(model: type[Clinic] | type[AppointmentType], ids: Iterable[int | None]) -> None:
    list(model._default_manager.filter(pk__in={pk for pk in ids if pk}).order_by("pk").select_for_update())
