"""Twenty thousand invented patients, with contacts from ranges that reach nobody."""

from __future__ import annotations

import random
import uuid
from collections.abc import Iterator
from datetime import date, datetime, timedelta

from scheduling.demo.horizon import Horizon
from scheduling.demo.names import FAMILIAR, NAME_FAMILIES, POSTCODE_AREAS, STREETS, NameFamily
from scheduling.demo.world import Person, World
from scheduling.models.resource import Sex
from scheduling.personal_details import search_form

LANDLINES = ("+442079460", "+441614960", "+441134960", "+441214960")
POSTCODE_LETTERS = "ABDEFGHJLNPQRSTUWXYZ"
CHANNELS, CHANNEL_WEIGHTS = ("sms", "email", "phone", "letter"), (62, 22, 12, 4)
FAMILIAR_PEOPLE = FAMILIAR.count(";") + 1
NEEDS = ("wheelchair", "interpreter", "hearing", "vision")
CONTACT_NOTES = (
    "Rings back after work only",
    "Daughter arranges the visits",
    "Prefers letters in large print",
    "Please say the name of the clinic first",
    "Carer comes along, allow for two",
)


def make_patients(world: World) -> None:
    """Make the patients, most at the bigger clinics; nothing is written yet."""
    rng, horizon = world.rng, world.horizon
    clinic_ids = [clinic.pk for clinic in world.clinics.values()]
    weights = (24, 19, 14, 18, 16, 9)
    numbers = pms_numbers(rng, world.patient_count)
    names = _names(rng)
    for index in range(world.patient_count):
        family, given_name, family_name, sex = next(names)
        person = _make_person(rng, horizon, index, family, given_name, family_name, sex)
        # A few came over without a number, as from a walk-in.
        person.row["pms_number"] = next(numbers) if rng.random() < 0.97 else None
        world.patients.append(person)
        home = clinic_ids[0] if index < FAMILIAR_PEOPLE else rng.choices(clinic_ids, weights)[0]
        world.home_clinics[home].append(index)


def pms_numbers(rng: random.Random, count: int) -> Iterator[str]:
    """So many different seven-digit numbers, each ending in its Luhn check digit."""
    for body in rng.sample(range(100_000, 1_000_000), count):
        yield f"{body}{_check_digit(str(body))}"


def _check_digit(digits: str) -> int:
    doubled = [int(digit) * (2 if place % 2 == 0 else 1) for place, digit in enumerate(reversed(digits))]
    return -sum(each - 9 if each > 9 else each for each in doubled) % 10


def _names(rng: random.Random) -> Iterator[tuple[NameFamily, str, str, str]]:
    for entry in FAMILIAR.split(";"):
        name, _, sex = entry.partition("|")
        given_name, family_name = name.split()
        yield NAME_FAMILIES[0], given_name, family_name, Sex.FEMALE if sex == "f" else Sex.MALE
    weights = [family.weight for family in NAME_FAMILIES]
    while True:
        family = rng.choices(NAME_FAMILIES, weights)[0]
        sex = Sex.FEMALE if rng.random() < 0.53 else Sex.MALE
        given_name = rng.choice(family.women if sex == Sex.FEMALE else family.men)
        # One in eight carries the family name of another part of the city: people marry.
        source = family if rng.random() < 0.88 else rng.choices(NAME_FAMILIES, weights)[0]
        yield family, given_name, rng.choice(source.families).replace("de-Vries", "de Vries"), sex


def _make_person(
    rng: random.Random, horizon: Horizon, index: int, family: NameFamily, given_name: str, family_name: str, sex: str
) -> Person:
    person = Person(
        id=uuid.UUID(int=rng.getrandbits(128), version=4),
        sex=sex if rng.random() < 0.99 else rng.choice((Sex.OTHER, Sex.UNKNOWN)),
        birth_date=_birth_date(rng, horizon.today, adult=index < FAMILIAR_PEOPLE),
        created_at=_registered_at(rng, horizon.now),
        row={
            "given_name": given_name,
            "family_name": family_name,
            "search_name": search_form(f"{given_name} {family_name}"),
        },
    )
    person.row |= {"id": person.id, "sex": str(person.sex), "birth_date": person.birth_date}
    person.row |= {"created_at": person.created_at, **_wishes(rng, family), **_contacts(rng, person, index)}
    return person


def _wishes(rng: random.Random, family: NameFamily) -> dict[str, object]:
    """Language, access needs, and how and when the person would like to be reached."""
    needs = [need for need in NEEDS if rng.random() < 0.018]
    speaks_own = family.language != "en" and rng.random() < 0.14
    if speaks_own and "interpreter" not in needs and rng.random() < 0.5:
        needs.append("interpreter")
    return {
        "language": family.language if speaks_own else "en",
        "access_needs": needs,
        "preferred_channel": rng.choices(CHANNELS, CHANNEL_WEIGHTS)[0],
        "preferred_times": rng.choice(([], [], [], ["morning"], ["afternoon"], ["late"], ["morning", "afternoon"])),
        "consents_to_sms": rng.random() < 0.9,
        "consents_to_email": rng.random() < 0.82,
        "contact_note": rng.choice(CONTACT_NOTES) if rng.random() < 0.03 else "",
    }


def _contacts(rng: random.Random, person: Person, index: int) -> dict[str, object]:
    """Numbers, e-mail and address; some can be reached by letter only."""
    mobile = f"+447700900{rng.randrange(1000):03d}" if rng.random() < 0.9 else ""
    has_landline = (not mobile or rng.random() < 0.2) and rng.random() < 0.8
    given_name, *_, family_name = str(person.row["search_name"]).replace("’", "").split()
    host = rng.choice(("example.com", "example.org", "example.net"))
    inward = f"{rng.randint(1, 9)}{rng.choice(POSTCODE_LETTERS)}{rng.choice(POSTCODE_LETTERS)}"
    return {
        "mobile": mobile,
        "phone": f"{rng.choice(LANDLINES)}{rng.randrange(1000):03d}" if has_landline else "",
        "email": f"{given_name}.{family_name}{index}@{host}" if rng.random() < 0.7 else "",
        "address": f"{rng.randint(1, 160)} {rng.choice(STREETS)}, London",
        "postcode": f"{rng.choice(POSTCODE_AREAS)} {inward}",
    }


def _birth_date(rng: random.Random, today: date, *, adult: bool) -> date:
    # Clinics see small children and the old more than those in between.
    age = rng.choices(
        (rng.uniform(0.1, 17), rng.uniform(17, 45), rng.uniform(45, 70), rng.uniform(70, 97)), (14, 30, 32, 24)
    )[0]
    return today - timedelta(days=int((30 + age % 40 if adult else age) * 365.25))


def _registered_at(rng: random.Random, now: datetime) -> datetime:
    return now - timedelta(days=rng.uniform(60, 2400))
