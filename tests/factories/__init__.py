"""Rows for tests: each factory makes the least that is valid, and nothing besides. What more you need, say.

Complex situations (a booked visit, a cancelled one) are made with commands, never with a factory.
"""

from tests.factories.clinics import ClinicClosureFactory, ClinicFactory, OpeningHoursFactory, open_on_weekdays
from tests.factories.patients import PatientFactory, ReferralFactory, valid_pms_number
from tests.factories.people import UserFactory
from tests.factories.resources import (
    DoctorClinicFactory,
    DoctorFactory,
    EquipmentFactory,
    ResourceCategoryFactory,
    RoomFactory,
    SpecialityFactory,
    StaffFactory,
)
from tests.factories.rosters import (
    ExtraSessionFactory,
    RecurringBreakFactory,
    ScheduleBlockFactory,
    WorkingHoursFactory,
    works_on_weekdays,
)
from tests.factories.visits import (
    AppointmentTypeFactory,
    CancellationReasonFactory,
    OfferingFactory,
    RequirementFactory,
    ServiceFactory,
)

__all__ = [
    "AppointmentTypeFactory",
    "CancellationReasonFactory",
    "ClinicClosureFactory",
    "ClinicFactory",
    "DoctorClinicFactory",
    "DoctorFactory",
    "EquipmentFactory",
    "ExtraSessionFactory",
    "OfferingFactory",
    "OpeningHoursFactory",
    "PatientFactory",
    "RecurringBreakFactory",
    "ReferralFactory",
    "RequirementFactory",
    "ResourceCategoryFactory",
    "RoomFactory",
    "ScheduleBlockFactory",
    "ServiceFactory",
    "SpecialityFactory",
    "StaffFactory",
    "UserFactory",
    "WorkingHoursFactory",
    "open_on_weekdays",
    "valid_pms_number",
    "works_on_weekdays",
]
