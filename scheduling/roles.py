"""What each role opens, and what is opened beside the roles: the table that docs/permissions.md prints. Pure.

Whether a person holds it somewhere is `scheduling.permissions`.
"""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum

from carebridge.accounts.models import Role


class Permission(StrEnum):
    """One thing a person may do at a clinic."""

    SEE_DIRECTORY = "see_directory"
    SEE_SCHEDULE = "see_schedule"
    SEE_PATIENTS = "see_patients"
    SEE_CONTACTS = "see_contacts"
    SEE_NOTES = "see_notes"
    SEE_HISTORY = "see_history"
    EDIT_PATIENTS = "edit_patients"
    BOOK = "book"
    CANCEL = "cancel"
    CHECK_IN = "check_in"
    RUN_VISIT = "run_visit"
    OVERRIDE = "override"
    SIGN_OFF = "sign_off"
    EDIT_ROSTER = "edit_roster"
    CONFIGURE = "configure"
    GRANT_ACCESS = "grant_access"
    BREAK_GLASS = "break_glass"
    REVIEW_ACCESS = "review_access"
    SEE_AUDIT = "see_audit"
    SEE_REFUSED = "see_refused"
    MERGE_PATIENTS = "merge_patients"
    RELEASE_PATIENT_DATA = "release_patient_data"
    SEE_REMINDERS = "see_reminders"
    SEND_REMINDERS = "send_reminders"
    EDIT_REMINDERS = "edit_reminders"
    SEE_WAITLIST = "see_waitlist"
    EDIT_WAITLIST = "edit_waitlist"
    EXPORT_DIRECTORY = "export_directory"
    EXPORT_REPORTS = "export_reports"
    EXPORT_AUDIT = "export_audit"


DESCRIPTIONS: Mapping[Permission, str] = {
    Permission.SEE_DIRECTORY: "See clinics, doctors, rooms, services and free times",
    Permission.SEE_SCHEDULE: "See every appointment of the clinic",
    Permission.SEE_PATIENTS: "See the names, birth dates and referrals of the clinic's patients",
    Permission.SEE_CONTACTS: "See patients' phone numbers, e-mail and addresses",
    Permission.SEE_NOTES: "See notes on appointments, patients’ answers, and why a rule was set aside",
    Permission.SEE_HISTORY: "See what happened to an appointment, and who did it",
    Permission.EDIT_PATIENTS: "Register patients and correct their details",
    Permission.BOOK: "Hold, book and move appointments",
    Permission.CANCEL: "Cancel appointments, and undo it",
    Permission.CHECK_IN: "Check patients in, record no-shows",
    Permission.RUN_VISIT: "Start and complete visits",
    Permission.OVERRIDE: "Set a scheduling rule aside, with a reason",
    Permission.SIGN_OFF: "Read why a rule was set aside by somebody else, and agree to it",
    Permission.EDIT_ROSTER: "Change working hours, leave, blocks and closures",
    Permission.CONFIGURE: "Configure clinics, services and resources in the admin",
    Permission.GRANT_ACCESS: "Invite people, hand out roles, and end sessions and tokens",
    Permission.BREAK_GLASS: "Open one patient's history for an hour in an emergency, with a reason",
    Permission.REVIEW_ACCESS: "Review what was opened in an emergency",
    Permission.SEE_AUDIT: "See who did, saw or tried what",
    Permission.SEE_REFUSED: "See what was tried and refused, and why",
    Permission.MERGE_PATIENTS: "Merge duplicate patient records, and undo it",
    Permission.RELEASE_PATIENT_DATA: "Give a patient a copy of their data, or anonymise it after its time",
    Permission.SEE_REMINDERS: "See which messages are planned, sent and failed, and why",
    Permission.SEND_REMINDERS: "Send, block and retry messages to patients, and answer their replies",
    Permission.EDIT_REMINDERS: "Change when and how patients are reminded, and the words",
    Permission.SEE_WAITLIST: "See who waits for a visit, in which order and why",
    Permission.EDIT_WAITLIST: "Put patients on the waitlist, pause them, take them off, and see to their offers",
    Permission.EXPORT_DIRECTORY: "Export the clinic's own directories",
    Permission.EXPORT_REPORTS: "Export reports",
    Permission.EXPORT_AUDIT: "Export the audit trail",
}

_SEEING = {
    Permission.SEE_DIRECTORY,
    Permission.SEE_SCHEDULE,
    Permission.SEE_PATIENTS,
    Permission.SEE_CONTACTS,
    Permission.SEE_NOTES,
    Permission.SEE_HISTORY,
}
_RECEPTION = _SEEING | {
    Permission.EDIT_PATIENTS,
    Permission.BOOK,
    Permission.CANCEL,
    Permission.CHECK_IN,
    Permission.RUN_VISIT,
    Permission.OVERRIDE,
    Permission.BREAK_GLASS,
    Permission.SEE_REMINDERS,
    Permission.SEND_REMINDERS,
    Permission.SEE_WAITLIST,
    Permission.EDIT_WAITLIST,
}
_ADMINISTRATION = {
    Permission.SIGN_OFF,
    Permission.EDIT_ROSTER,
    Permission.CONFIGURE,
    Permission.GRANT_ACCESS,
    Permission.REVIEW_ACCESS,
    Permission.SEE_AUDIT,
    Permission.SEE_REFUSED,
    Permission.MERGE_PATIENTS,
    Permission.RELEASE_PATIENT_DATA,
    Permission.EDIT_REMINDERS,
    Permission.EXPORT_DIRECTORY,
}

ROLE_PERMISSIONS: Mapping[Role, frozenset[Permission]] = {
    Role.RECEPTIONIST: frozenset(_RECEPTION),
    # A doctor sees their own appointments through them being theirs, not through the clinic.
    Role.DOCTOR: frozenset({Permission.SEE_DIRECTORY, Permission.BREAK_GLASS}),
    Role.CLINIC_ADMINISTRATOR: frozenset(_RECEPTION | _ADMINISTRATION),
    Role.OPERATIONS_MANAGER: frozenset(
        {
            Permission.SEE_DIRECTORY,
            Permission.SEE_SCHEDULE,
            Permission.SEE_HISTORY,
            Permission.SIGN_OFF,
            Permission.EDIT_ROSTER,
            Permission.REVIEW_ACCESS,
            Permission.SEE_AUDIT,
            Permission.SEE_REFUSED,
            Permission.SEE_REMINDERS,
            Permission.EXPORT_REPORTS,
        }
    ),
    Role.SUPPORT: frozenset(
        {
            Permission.SEE_DIRECTORY,
            Permission.SEE_SCHEDULE,
            Permission.SEE_HISTORY,
            Permission.SEE_REFUSED,
            Permission.SEE_REMINDERS,
        }
    ),
    Role.SYSTEM_ADMINISTRATOR: frozenset(
        {
            Permission.SEE_DIRECTORY,
            Permission.CONFIGURE,
            Permission.GRANT_ACCESS,
            Permission.SEE_AUDIT,
            Permission.SEE_REFUSED,
            Permission.EXPORT_AUDIT,
        }
    ),
}

OWN_APPOINTMENT = frozenset(
    {
        Permission.SEE_SCHEDULE,
        Permission.SEE_PATIENTS,
        Permission.SEE_CONTACTS,
        Permission.SEE_NOTES,
        Permission.SEE_HISTORY,
        Permission.CHECK_IN,
        Permission.RUN_VISIT,
    }
)
"""What a doctor may do with an appointment on their own list."""

PEOPLE_ONLY = frozenset(
    {
        Permission.OVERRIDE,
        Permission.SIGN_OFF,
        Permission.EDIT_ROSTER,
        Permission.CONFIGURE,
        Permission.GRANT_ACCESS,
        Permission.BREAK_GLASS,
        Permission.REVIEW_ACCESS,
        Permission.SEE_AUDIT,
        Permission.SEE_REFUSED,
        Permission.MERGE_PATIENTS,
        Permission.RELEASE_PATIENT_DATA,
        Permission.SEND_REMINDERS,
        Permission.EDIT_REMINDERS,
        Permission.EXPORT_DIRECTORY,
        Permission.EXPORT_REPORTS,
        Permission.EXPORT_AUDIT,
    }
)
"""What needs a person's judgement: a service account never may, whatever role it holds."""

BOOKS_ELSEWHERE = "books_elsewhere"
"""Codename of the object permission on the clinic from which somebody may book into the group's other clinics."""

ELSEWHERE = frozenset({Permission.SEE_DIRECTORY, Permission.BOOK})
"""What that right opens at the other clinics: what there is and when it is free, to book it. Nobody else's visits."""

OWN_BOOKING = frozenset({Permission.SEE_SCHEDULE, Permission.SEE_PATIENTS})
"""What it shows there of a visit that the person booked themselves."""

FOR_A_PATIENT = frozenset({Permission.SEE_DIRECTORY, Permission.BOOK})
"""All that is left of a portal's rights while it carries a patient's token."""

READ_IN_EMERGENCY = frozenset({Permission.SEE_PATIENTS, Permission.SEE_NOTES, Permission.SEE_HISTORY})
"""What an opened history shows of each of the patient's appointments. Nothing may be done with them."""
