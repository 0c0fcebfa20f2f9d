"""What the demo's catalogue is written in: a service, its bookable types, and what each needs."""

from __future__ import annotations

from dataclasses import dataclass

PATIENT_CHOICE = "any"


@dataclass(frozen=True)
class Need:
    """So many of a category from one minute to another; `to` None: to the end, plus `after` minutes of cleaning."""

    category: str
    start: int = 0
    to: int | None = None
    after: int = 0
    quantity: int = 1


@dataclass(frozen=True)
class TypeSpec:
    """A bookable variant: minutes, buffers before and after, start step, what it needs, whom it is for.

    `weight` says how often it is booked beside the other types of its practitioner.
    """

    name: str
    minutes: int
    after: int = 0
    before: int = 0
    step: int = 15
    needs: tuple[Need, ...] = ()
    doctor_from: int = 0
    modality: str = "in_person"
    ages: tuple[int | None, int | None] = (16, None)
    sex: str = ""
    patients: str = PATIENT_CHOICE
    referral: bool = False
    max_advance_days: int | None = None
    min_notice_minutes: int | None = None
    cancel_cutoff_minutes: int | None = None
    weight: float = 1.0
    preparation: str = ""


@dataclass(frozen=True)
class ServiceSpec:
    """A service of a speciality; practitioners of the speciality perform all its types, others never."""

    name: str
    speciality: str
    description: str
    types: tuple[TypeSpec, ...]


ANY_AGE = (None, None)
ROOM = (Need("Consulting room"),)
PHYSIO = (Need("Physiotherapy room"),)
SCAN = (Need("Scan room"), Need("Ultrasound machine"))
HEART_SCAN = (Need("Scan room", after=5), Need("Echocardiography machine"))
BOOTH = (Need("Hearing booth"), Need("Audiometer"))
QUIET = (Need("Quiet room"),)
TREATMENT = (Need("Treatment room"),)
FASTING = "Nothing to eat for six hours before; water is fine.\nTake your usual medicines."
FULL_BLADDER = "Drink a litre of water an hour before.\nPlease don’t empty your bladder before the scan."
MEDICINES = "Bring a list of the medicines you take.\nBring any letters or results you have."
LOOSE_CLOTHES = "Wear loose clothes, shorts if you can.\nBring any scans or letters you have."
