"""When the trail can't be written, nothing is changed: whichever command, page or look it is."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, time, timedelta
from typing import Any

import pytest
from django.db import DatabaseError, connection, transaction
from django.test import Client

from scheduling.booking import book_appointment
from scheduling.cancelling import cancel_appointment
from scheduling.emergency import close_record, open_record, review_opening
from scheduling.memberships import grant_membership, revoke_membership
from scheduling.patients import record_referral, register_patient, update_patient
from scheduling.rescheduling import reschedule_appointment
from scheduling.resizing import change_duration
from scheduling.roster.blocks import block_time
from scheduling.roster.opening import revise_opening
from scheduling.roster.weekly import add_break, add_working_hours
from scheduling.visits import change_notes

BREAK = """
CREATE FUNCTION refuse_audit() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN RAISE EXCEPTION 'the disk of the audit trail is full'; END $$;
CREATE TRIGGER refuse_audit BEFORE INSERT ON audit_logentry FOR EACH ROW EXECUTE FUNCTION refuse_audit();
"""


@pytest.fixture
def visit(patient, consultation, dr_osei, dr_wilk, harbour, receptionist, monday):
    return book_appointment(
        patient=patient,
        appointment_type=consultation,
        doctor=dr_osei,
        clinic=harbour,
        starts_at=datetime.combine(monday, time(10), tzinfo=harbour.zone),
        by=receptionist,
    )


@pytest.fixture
def opened(visit, patient, receptionist_elsewhere):
    return open_record(patient=patient, reason="Collapsed in the waiting room", by=receptionist_elsewhere)


@pytest.fixture
def asked(request) -> Callable[[str], Any]:
    return request.getfixturevalue


def signed_in(user: Any) -> Client:
    client = Client()
    client.force_login(user)
    return client


CHANGES: dict[str, Callable[[Callable[[str], Any]], object]] = {
    "book": lambda get: book_appointment(
        patient=get("another_patient"),
        appointment_type=get("consultation"),
        doctor=get("dr_osei"),
        clinic=get("harbour"),
        starts_at=get("visit").starts_at + timedelta(hours=1),
        by=get("receptionist"),
    ),
    "cancel": lambda get: cancel_appointment(
        appointment=get("visit"), reason=get("patient_request"), by=get("receptionist")
    ),
    "move": lambda get: reschedule_appointment(
        appointment=get("visit"),
        starts_at=get("visit").starts_at + timedelta(hours=1),
        doctor=get("dr_osei"),
        clinic=get("harbour"),
        by=get("receptionist"),
    ),
    "change the length": lambda get: change_duration(appointment=get("visit"), minutes=20, by=get("receptionist")),
    "change the note": lambda get: change_notes(
        appointment=get("visit"), notes="Brings a friend", by=get("receptionist")
    ),
    "register": lambda get: register_patient(
        clinic=get("harbour"),
        by=get("receptionist"),
        given_name="Ada",
        family_name="Byron",
        birth_date=get("patient").birth_date,
    ),
    "correct": lambda get: update_patient(patient=get("patient"), by=get("receptionist"), given_name="Nest"),
    "refer": lambda get: record_referral(
        patient=get("patient"),
        clinic=get("harbour"),
        by=get("receptionist"),
        number="R-1",
        referrer="Dr Gray",
        valid_from=get("monday"),
        valid_until=get("monday"),
    ),
    "give a role": lambda get: grant_membership(
        user=get("receptionist_elsewhere"), clinic=get("harbour"), role="receptionist", by=get("clinic_admin")
    ),
    "take a role": lambda get: revoke_membership(
        user=get("receptionist"), clinic=get("harbour"), role="receptionist", by=get("clinic_admin")
    ),
    "block time": lambda get: block_time(
        resource=get("dr_osei").resource,
        kind="leave",
        starts_at=get("visit").starts_at,
        ends_at=get("visit").ends_at,
        by=get("clinic_admin"),
    ),
    "close the clinic": lambda get: revise_opening(clinic=get("harbour"), in_use=False, by=get("clinic_admin")),
    "open an emergency": lambda get: open_record(
        patient=get("another_patient"), reason="Collapsed in the waiting room", by=get("receptionist_elsewhere")
    ),
    "close an emergency": lambda get: close_record(access=get("opened"), by=get("receptionist_elsewhere")),
    "review an emergency": lambda get: review_opening(
        access=get("opened"), outcome="justified", note="", by=get("manager")
    ),
    "add hours": lambda get: add_working_hours(
        resource=get("dr_wilk").resource,
        clinic=get("harbour"),
        weekday=5,
        starts=time(9),
        ends=time(12),
        valid_from=get("monday"),
        by=get("clinic_admin"),
    ),
    "add a break": lambda get: add_break(
        resource=get("dr_wilk").resource,
        clinic=get("harbour"),
        weekday=0,
        starts=time(12),
        ends=time(13),
        valid_from=get("monday"),
        by=get("clinic_admin"),
    ),
    "look at a record": lambda get: signed_in(get("receptionist")).get(f"/patients/{get('patient').pk}/"),
    "configure in the admin": lambda get: signed_in(get("clinic_admin")).post(
        "/admin/scheduling/daynote/add/", {"clinic": get("harbour").pk, "day": get("monday"), "text": "Fire drill"}
    ),
}
NEEDED = ("visit", "opened", "another_patient", "patient_request", "clinic_admin", "manager", "monday", "doctor_user")


@pytest.mark.django_db
@pytest.mark.parametrize("change", CHANGES)
def test_when_the_trail_cannot_be_written_nothing_is_changed(change, asked):
    for name in NEEDED:
        asked(name)
    with connection.cursor() as cursor:
        cursor.execute(BREAK)
    before = everything()

    with pytest.raises(DatabaseError, match="audit trail is full"), transaction.atomic():
        CHANGES[change](asked)

    assert everything() == before


def everything() -> dict[str, str]:
    """A print of every table, so that one changed byte anywhere shows."""
    prints = {}
    with connection.cursor() as cursor:
        for table in connection.introspection.table_names(cursor):
            quoted = connection.ops.quote_name(table)
            cursor.execute(f"SELECT md5(coalesce(string_agg(t::text, '|' ORDER BY t::text), '')) FROM {quoted} t")
            prints[table] = cursor.fetchone()[0]
    return prints
