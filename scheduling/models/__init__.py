"""The schema of scheduling. Models hold fields, constraints, querysets and facts about themselves; no decisions."""

from scheduling.models.appointment import (
    Appointment,
    AppointmentGroup,
    Channel,
    ExternalReference,
    Status,
)
from scheduling.models.cancellation import Cancellation, CancellationReason
from scheduling.models.clinic import (
    Clinic,
    ClinicClosure,
    ClinicMembership,
    ClinicUserObjectPermission,
    DayNote,
    OpeningHours,
)
from scheduling.models.distinct import DistinctPair
from scheduling.models.emergency import EmergencyAccess
from scheduling.models.history import HandlerFailure, ScheduleEvent
from scheduling.models.idempotency import IdempotencyRecord
from scheduling.models.ledger import Allocation, ResourceDay
from scheduling.models.link import BookingInvitation, PatientLink
from scheduling.models.merge import PatientMerge
from scheduling.models.online import OnlineBooking, SelfBooking
from scheduling.models.page_text import PageText
from scheduling.models.patient import Patient, PatientClinic, Referral
from scheduling.models.question import Answer, Question
from scheduling.models.referrer import ReferrerLink
from scheduling.models.resource import (
    Doctor,
    DoctorClinic,
    Resource,
    ResourceCategory,
    ResourceKind,
    Sex,
    Speciality,
)
from scheduling.models.roster import ExtraSession, RecurringBreak, ScheduleBlock, WorkingHours
from scheduling.models.service import AppointmentType, Modality, Offering, Requirement, Service
from scheduling.models.translation import Translation

__all__ = [
    "Allocation",
    "Answer",
    "Appointment",
    "AppointmentGroup",
    "AppointmentType",
    "BookingInvitation",
    "Cancellation",
    "CancellationReason",
    "Channel",
    "Clinic",
    "ClinicClosure",
    "ClinicMembership",
    "ClinicUserObjectPermission",
    "DayNote",
    "DistinctPair",
    "Doctor",
    "DoctorClinic",
    "EmergencyAccess",
    "ExternalReference",
    "ExtraSession",
    "HandlerFailure",
    "IdempotencyRecord",
    "Modality",
    "Offering",
    "OnlineBooking",
    "OpeningHours",
    "PageText",
    "Patient",
    "PatientClinic",
    "PatientLink",
    "PatientMerge",
    "Question",
    "RecurringBreak",
    "Referral",
    "ReferrerLink",
    "Requirement",
    "Resource",
    "ResourceCategory",
    "ResourceDay",
    "ResourceKind",
    "ScheduleBlock",
    "ScheduleEvent",
    "SelfBooking",
    "Service",
    "Sex",
    "Speciality",
    "Status",
    "Translation",
    "WorkingHours",
]
