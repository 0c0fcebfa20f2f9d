"""Free times as JSON. Search answers in milliseconds, so rendering must not cost more than searching.

There is no serializer per row: names come from three statements, every text is made once and then only joined.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Any
from zoneinfo import ZoneInfo

from scheduling.models import Clinic, Doctor, Resource

if TYPE_CHECKING:
    from carebridge.accounts.models import User
    from scheduling.availability import Slot


@dataclass(frozen=True, slots=True)
class Names:
    """What the ids of an answer are called, as far as the caller may know, and each clinic's zone."""

    clinics: dict[int, str]
    zones: dict[int, ZoneInfo]
    doctors: dict[int, str]
    resources: dict[int, dict[str, Any]]


def load_names(slots: Iterable[Slot], user: User) -> Names:
    """Look up everything the slots mention: three statements, however many slots."""
    clinic_ids: set[int] = set()
    doctor_ids: set[int] = set()
    resource_ids: set[int] = set()
    for slot in slots:
        clinic_ids.add(slot.clinic_id)
        doctor_ids.add(slot.doctor_id)
        resource_ids.update(slot.resource_ids)
    # Only what is shown, in no order: making whole rows would cost more than the search.
    clinics = Clinic.objects.visible_to(user).filter(pk__in=clinic_ids).order_by().only("name", "time_zone")
    doctors = Doctor.objects.visible_to(user).filter(pk__in=doctor_ids).order_by()
    doctors = doctors.only("title", "given_name", "family_name")
    used = Resource.objects.visible_to(user).filter(pk__in=resource_ids).order_by().only("name", "kind")
    resources = used if resource_ids else ()
    return Names(
        clinics={clinic.pk: clinic.name for clinic in clinics},
        zones={clinic.pk: clinic.zone for clinic in clinics},
        doctors={doctor.pk: doctor.full_name for doctor in doctors},
        resources={each.pk: {"id": each.pk, "name": each.name, "kind": each.kind} for each in resources},
    )


def render_slots(slots: Sequence[Slot], names: Names) -> str:
    """The slots as the text of a JSON array, times on each clinic's own clock."""
    when = _remember(lambda key: key[0].astimezone(names.zones[key[1]]).isoformat())
    place = _remember(lambda key: _place(names, *key))
    return f"[{','.join(_row(slot, when, place) for slot in slots)}]"


def present_slots(slots: Iterable[Slot], user: User) -> list[dict[str, Any]]:
    """The same as plain values, for the few nearest times of a refusal or an explanation."""
    slots = list(slots)
    return json.loads(render_slots(slots, load_names(slots, user)))


def _row(slot: Slot, when: Callable[[Any], str], place: Callable[[Any], str]) -> str:
    clinic = slot.clinic_id
    return (
        f'{{"starts_at":"{when((slot.starts_at, clinic))}","ends_at":"{when((slot.ends_at, clinic))}",'
        f"{place((clinic, slot.doctor_id, slot.resource_ids))}}}"
    )


def _place(names: Names, clinic_id: int, doctor_id: int, resource_ids: tuple[int, ...]) -> str:
    facts = {
        "clinic": {"id": clinic_id, "name": names.clinics.get(clinic_id, "")},
        "doctor": {"id": doctor_id, "name": names.doctors.get(doctor_id, "")},
        "resources": [names.resources[each] for each in resource_ids if each in names.resources],
    }
    return json.dumps(facts, ensure_ascii=False, separators=(",", ":"))[1:-1]


def _remember(make: Callable[[Any], str]) -> Callable[[Any], str]:
    """Make each text once: a thousand slots share a few dozen starts and doctors."""
    made: dict[Any, str] = {}

    def get(key: Any) -> str:
        text = made.get(key)
        if text is None:
            text = made[key] = make(key)
        return text

    return get


def local(moment: datetime, zone: ZoneInfo) -> str:
    """A UTC instant as ISO 8601 with the offset that the zone has then."""
    return moment.astimezone(zone).isoformat()
