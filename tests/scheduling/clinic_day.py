"""One morning of a small clinic, and what must be true of it whatever people did: for the booking machine."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import date, datetime, time, timedelta
from itertools import combinations

from django.db import connection
from django.utils import timezone

from carebridge.accounts.models import Role, User
from scheduling import hold_store, ledger_masks, timeline
from scheduling.hold_store import HoldRecord
from scheduling.memberships import grant_membership
from scheduling.models import (
    Allocation,
    Appointment,
    AppointmentType,
    CancellationReason,
    Clinic,
    Doctor,
    Patient,
    Resource,
)
from scheduling.placement import TAKEN
from tests import factories
from tests.concurrency.checks import (
    BLOCKED_BUT_UNFLAGGED,
    FLAGGED_BUT_ALONE,
    IN_REVIEW_WITHOUT_CAUSE,
    TWICE_AT_ONCE,
    number,
)


@dataclass
class Visit:
    """What the machine expects of one patient's visit: the rows it went through, and whether the last one lives."""

    rows: list[int]
    doctor_id: int
    starts_at: datetime
    needs: int
    lives: bool = True

    def row(self, *, former: bool = False) -> int:
        """The current row, or, where there is one, a row that the visit has left."""
        return self.rows[-2] if former and len(self.rows) > 1 else self.rows[-1]


@dataclass
class SmallClinic:
    """Two doctors, two rooms, one nurse, four patients, three types with really different needs."""

    clinic: Clinic
    monday: date
    doctors: list[Doctor]
    others: list[Resource]
    types: list[AppointmentType]
    patients: list[Patient]
    staff: User
    reason: CancellationReason
    visits: list[Visit] = field(default_factory=list)

    @property
    def resources(self) -> list[Resource]:
        return [*(doctor.resource for doctor in self.doctors), *self.others]

    def at(self, offset: timedelta) -> datetime:
        return datetime.combine(self.monday, time(9), tzinfo=self.clinic.zone) + offset

    def added(self, appointment: Appointment) -> int:
        """A new visit as booked; its number."""
        self.visits.append(Visit([], 0, appointment.starts_at, 0))
        self.placed(len(self.visits) - 1, appointment)
        return len(self.visits) - 1

    def placed(self, number: int, appointment: Appointment) -> None:
        """The visit now stands where this row says, and got there by the rules."""
        visit = self.visits[number]
        if visit.rows[-1:] != [appointment.pk]:
            visit.rows.append(appointment.pk)
        visit.doctor_id, visit.starts_at, visit.lives = appointment.doctor_id, appointment.starts_at, True
        visit.needs = appointment.appointment_type.requirements.count()
        self._check_neighbours(appointment)

    def _check_neighbours(self, appointment: Appointment) -> None:
        """Nobody lands on a survivor, on another's hold or beside themselves, unless somebody said so."""
        ours = list(Allocation.objects.filter(appointment=appointment, released_at=None))
        if not TAKEN.intersection(appointment.overrides):
            assert not any(row.overbooked or _shares(row) for row in ours), "an ordinary visit is not alone"
        if "patient_busy" not in appointment.overrides:
            same_patient = Appointment.objects.occupying().filter(patient=appointment.patient_id)
            beside = same_patient.filter(starts_at__lt=appointment.ends_at, ends_at__gt=appointment.starts_at)
            assert beside.count() == 1, "the patient is in two places"

    def reconcile(self, pending: set[int]) -> None:
        """After time went by: those that were pending may have lapsed, and nobody else."""
        gone = set(Appointment.objects.filter(status="expired").values_list("pk", flat=True))
        for visit in self.visits:
            if visit.lives and visit.row() in gone & pending:
                visit.lives = False


def open_small_clinic() -> SmallClinic:
    """Make it, open on a Monday that is entirely ahead."""
    clinic = factories.ClinicFactory(open_weekdays=True, min_notice_minutes=0)
    room = factories.ResourceCategoryFactory(kind="room")
    nurse = factories.ResourceCategoryFactory(kind="staff")
    rooms = [factories.RoomFactory(clinic=clinic, categories=[room]) for _ in range(2)]
    nurse_on_duty = factories.StaffFactory(clinic=clinic, categories=[nurse])
    factories.works_on_weekdays(nurse_on_duty, clinic, time(8), time(14))
    types = [
        factories.AppointmentTypeFactory(duration_minutes=30, buffer_after_minutes=10),
        factories.AppointmentTypeFactory(duration_minutes=45, doctor_from_minute=15),
        factories.AppointmentTypeFactory(duration_minutes=15),
    ]
    factories.RequirementFactory(appointment_type=types[0], category=room, to_minute=40)
    factories.RequirementFactory(appointment_type=types[1], category=room)
    factories.RequirementFactory(appointment_type=types[1], category=nurse, to_minute=15)
    doctors = [factories.DoctorFactory(at=[clinic]) for _ in range(2)]
    for doctor in doctors:
        factories.works_on_weekdays(doctor.resource, clinic, time(9), time(13))
        for kind in types:
            factories.OfferingFactory(doctor=doctor, appointment_type=kind, clinic=clinic)
    staff = factories.UserFactory()
    grant_membership(user=staff, clinic=clinic, role=Role.CLINIC_ADMINISTRATOR, by=None)
    today = timezone.localdate()
    return SmallClinic(
        clinic=clinic,
        monday=today + timedelta(days=14 - today.weekday()),
        doctors=doctors,
        others=[*rooms, nurse_on_duty],
        types=types,
        patients=[factories.PatientFactory(at=[clinic]) for _ in range(4)],
        staff=staff,
        reason=factories.CancellationReasonFactory(),
    )


def check(day: SmallClinic) -> None:
    """Everything that must be true after every step."""
    _speak_up()
    live = Allocation.objects.filter(released_at=None).values_list(
        "appointment", "appointment__doctor", "appointment__starts_at", "requirement"
    )
    found: dict[tuple, list[int | None]] = {}
    for pk, doctor, starts_at, requirement in live:
        found.setdefault((pk, doctor, starts_at), []).append(requirement)
    expected = {(each.row(), each.doctor_id, each.starts_at): each.needs for each in day.visits if each.lives}
    assert found.keys() == expected.keys(), "a visit is in two slots or in none"
    for key, requirements in found.items():
        assert requirements.count(None) == 1, "a visit has one doctor"
        assert len(requirements) == 1 + expected[key], "a visit has what its type needs"
    for sentence in (TWICE_AT_ONCE, FLAGGED_BUT_ALONE, BLOCKED_BUT_UNFLAGGED, IN_REVIEW_WITHOUT_CAUSE):
        assert number(sentence) == 0, sentence
    assert ledger_masks.verify(day.monday - timedelta(days=1), day.monday + timedelta(days=1)) == []
    for one, other in combinations(hold_store.alive(), 2):
        assert one.owner == other.owner or not _cells(one) & _cells(other), "two colleagues hold the same minutes"


def on_hold_for_others(appointment: Appointment, records: list[HoldRecord], owner: str) -> bool:
    """Whether the visit lies on time that somebody else was holding."""
    rows = Allocation.objects.filter(appointment=appointment, released_at=None)
    cells = {
        (row.resource_id, step)
        for row in rows
        for step in range(timeline.step_floor(row.during.lower), timeline.step_ceil(row.during.upper))
    }
    return any(cells & _cells(record) for record in records if record.owner != owner)


def _shares(row: Allocation) -> bool:
    beside = Allocation.objects.filter(resource=row.resource_id, released_at=None, during__overlap=row.during)
    return beside.exclude(pk=row.pk).exists()


def _cells(record: HoldRecord) -> set[tuple[int, int]]:
    return {(resource, step) for resource, first, last in record.cells for step in range(first, last)}


def _speak_up() -> None:
    """Let the deferred constraints say now what they would say at the commit."""
    with connection.cursor() as cursor:
        cursor.execute("SET CONSTRAINTS ALL IMMEDIATE; SET CONSTRAINTS ALL DEFERRED")
