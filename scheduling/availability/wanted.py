"""What a search for free times asks, and what can't be asked."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, time
from uuid import UUID

from carebridge.errors import InvalidInput
from scheduling.periods import Period

LONGEST_RANGE_DAYS = 93
HIGHEST_LIMIT = 20_000

TimesOfDay = tuple[time | None, time | None]
"""The first and the last start of a stretch of the local day, both included; None: from its beginning, to its end."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SlotSearch:
    """What somebody looks for. Days are local to each clinic, both included; `times_of_day` are the stretches of a day
    in which a visit starts, such as mornings and evenings, none meaning any time.

    `owner` is whose holds count as free; `ignoring` the appointment that is being moved; `without` are times of doctors
    (by id) that are left out although free, as are, with `patient_id`, times at which the patient is elsewhere.
    `best_fit` puts starts that strand no unusable gap first in a day.
    """

    appointment_type_id: int
    clinic_ids: tuple[int, ...]
    doctor_ids: tuple[int, ...] | None = None
    from_day: date
    to_day: date
    now: datetime
    limit: int = 200
    owner: str = ""
    patient_id: UUID | None = None
    times_of_day: tuple[TimesOfDay, ...] = ()
    ignoring: int | None = None
    best_fit: bool = False
    without: Mapping[int, Sequence[Period]] = field(default_factory=dict)


def validate(search: SlotSearch) -> None:
    """Raise InvalidInput for a range or limit that can't be searched."""
    if search.to_day < search.from_day:
        raise InvalidInput(
            "The last day must not be before the first.",
            code="range_reversed",
            fields={"to": "Earlier than the first day."},
        )
    if (search.to_day - search.from_day).days >= LONGEST_RANGE_DAYS:
        message = f"Search at most {LONGEST_RANGE_DAYS} days at once."
        raise InvalidInput(message, code="range_too_long", fields={"to": message})
    if not 1 <= search.limit <= HIGHEST_LIMIT:
        message = f"Ask for 1 to {HIGHEST_LIMIT} times."
        raise InvalidInput(message, code="limit_out_of_range", fields={"limit": message})
    if not search.clinic_ids:
        raise InvalidInput("Choose at least one clinic.", code="no_clinic", fields={"clinic": "Choose at least one."})
    if not 1900 <= search.from_day.year <= search.to_day.year <= 9000:
        raise InvalidInput("That date can't be searched.", code="date_out_of_range", fields={"from": "Out of range."})
