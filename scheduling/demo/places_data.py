"""The six clinics: invented addresses, telephone numbers from the ranges that Ofcom keeps for drama."""

from __future__ import annotations

from dataclasses import dataclass, field

WEEK = "01234"
"""Monday to Friday."""


@dataclass(frozen=True)
class ClinicSpec:
    """A clinic, its hours as (weekdays, from, to), its rooms by category, its equipment and staff."""

    code: str
    name: str
    address: str
    postcode: str
    floor: str
    phone: str
    latitude: str
    longitude: str
    directions: str
    hours: tuple[tuple[str, str, str], ...]
    consulting_rooms: int
    physio_rooms: int
    scan_rooms: int
    treatment_rooms: int
    hearing_booths: int = 0
    quiet_rooms: int = 0
    nurses: tuple[str, ...] = ()
    assistants: tuple[str, ...] = ()
    receptionists: tuple[str, ...] = ()
    step_free: bool = True
    rules: dict[str, int | bool] = field(default_factory=dict)


CLINICS = (
    ClinicSpec(
        "harbour", "Harbour Street", "14 Harbour Street", "E1W 4HS", "Ground and first floor", "+442079460110",
        "51.50735", "-0.06220",
        "Two minutes from the river pier. Ramp and lift at the side entrance in Anchor Lane; no parking on site.",
        ((WEEK, "0800", "1800"),),
        8, 2, 1, 2, hearing_booths=1,
        nurses=("Grace Mbeki", "Declan Roche", "Yetunde Alabi", "Sofia Marin"),
        assistants=("Kit Sanderson", "Ania Bielska"),
        receptionists=("Reuben Clarke", "Shirin Moradi"),
        rules={"min_notice_minutes": 0, "cancel_cutoff_minutes": 1440, "travel_minutes": 20},
    ),
    ClinicSpec(
        "northgate", "Northgate", "3 Northgate Parade", "N1 7NG", "Second floor", "+442079460120",
        "51.53480", "-0.10130",
        "Above the library, lift from the arcade. Buses 43 and 205 stop at the door.",
        (("0124", "0800", "1900"), ("3", "0800", "2000"), ("5", "0900", "1300")),
        8, 2, 2, 1, hearing_booths=1, quiet_rooms=1,
        nurses=("Halima Warsame", "Owen Prosser", "Bridget Nolan"),
        assistants=("Marek Dudek",),
        receptionists=("Tilda Marsh", "Jerome Baptiste"),
        rules={"min_notice_minutes": 30, "cancel_cutoff_minutes": 1440, "reschedule_cutoff_minutes": 720},
    ),
    ClinicSpec(
        "elmfield", "Elmfield", "88 Elmfield Road", "SW12 8EF", "Ground floor", "+442079460130",
        "51.44370", "-0.15010",
        "Behind the park café. Six parking spaces, two of them for blue badge holders.",
        ((WEEK, "0830", "1730"),),
        7, 2, 1, 2, quiet_rooms=1,
        nurses=("Rosalind Ekwueme", "Petr Novotny", "Carys Beynon"),
        assistants=("Leon Fields",),
        receptionists=("Moira Kendrick", "Imran Sadiq"),
        rules={"min_notice_minutes": 60, "max_advance_days": 180, "cancel_cutoff_minutes": 2880},
    ),
    ClinicSpec(
        "riverside", "Riverside Quay", "Unit 5, Riverside Quay", "SE16 3RQ", "Third floor", "+442079460140",
        "51.49870", "-0.04960",
        "Riverboat or Overground, then the footbridge. Visitors’ car park B, lift to the third floor.",
        ((WEEK, "0730", "1830"), ("5", "0800", "1400")),
        8, 3, 2, 2, hearing_booths=1,
        nurses=("Ngaire Walker", "Samir Haddou", "Lindiwe Khumalo", "Erin Fallon"),
        assistants=("Paulo Teixeira", "Jodie Marlow"),
        receptionists=("Gethin Howell", "Priscilla Owusu"),
        rules={"min_notice_minutes": 0, "max_open_appointments": 6, "override_needs_sign_off": True},
    ),
    ClinicSpec(
        "kingsway", "Kingsway", "210 Kingsway", "WC2B 6KW", "Fourth floor", "+442079460150",
        "51.51620", "-0.11930",
        "Corner of Sardinia Court, buzzer 4. Step-free from the goods entrance only: please ring ahead.",
        ((WEEK, "0800", "2000"), ("5", "0900", "1600")),
        8, 2, 2, 2,
        nurses=("Amelie Roux", "Chidi Anozie", "Fern Aldridge"),
        assistants=("Tomos Rhydderch",),
        receptionists=("Zainab Qureshi", "Howard Pike"),
        step_free=False,
        rules={"min_notice_minutes": 120, "cancel_cutoff_minutes": 720, "reschedule_cutoff_minutes": 720},
    ),
    ClinicSpec(
        "millbrook", "Millbrook", "1 Weir Lane", "SE8 4MB", "Ground floor", "+442079460160",
        "51.47980", "-0.02730",
        "The old mill by the weir. Level access everywhere, parking in the yard.",
        ((WEEK, "0900", "1700"),),
        6, 1, 1, 1, quiet_rooms=1,
        nurses=("Constance Adu", "Ivo Lindgren"),
        assistants=("Mabli Price",),
        receptionists=("Edith Farrow", "Kwesi Amankwah"),
        rules={"min_notice_minutes": 0, "max_advance_days": 120, "max_open_appointments": 4},
    ),
)  # fmt: skip
"""Six clinics with 80 rooms between them."""
