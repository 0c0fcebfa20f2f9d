"""Breaking the glass: one patient's history for one hour, with a reason, seen by everybody who should know."""

from __future__ import annotations

from datetime import datetime, time, timedelta

import pytest
from django.db import IntegrityError, transaction
from django.test import Client
from django.utils import timezone

from carebridge.audit.models import LogEntry
from carebridge.errors import InvalidInput, NotAllowed
from scheduling.booking import book_appointment
from scheduling.emergency import close_record, open_record, review_opening, tell_reviewers
from scheduling.errors import WrongStatus
from scheduling.memberships import grant_membership, revoke_membership
from scheduling.models import Appointment, EmergencyAccess, Patient, ScheduleEvent
from scheduling.permissions import forget_roles, may_read, may_with
from scheduling.roles import Permission
from scheduling.visits import change_notes
from tests import factories

pytestmark = pytest.mark.django_db

REASON = "Collapsed in the waiting room, needs her cardiology history"


@pytest.fixture
def visit(patient, consultation, dr_osei, harbour, receptionist, monday) -> Appointment:
    """Nerys Calloway's visit at Harbour, with a note, which Northgate must not see."""
    return book_appointment(
        patient=patient,
        appointment_type=consultation,
        doctor=dr_osei,
        clinic=harbour,
        starts_at=datetime.combine(monday, time(10), tzinfo=harbour.zone),
        by=receptionist,
        notes="Allergic to penicillin",
    )


@pytest.fixture
def another_visit(another_patient, consultation, dr_osei, harbour, receptionist, monday) -> Appointment:
    return book_appointment(
        patient=another_patient,
        appointment_type=consultation,
        doctor=dr_osei,
        clinic=harbour,
        starts_at=datetime.combine(monday, time(11), tzinfo=harbour.zone),
        by=receptionist,
    )


@pytest.fixture
def opened(patient, visit, receptionist_elsewhere) -> EmergencyAccess:
    return open_record(patient=patient, reason=REASON, by=receptionist_elsewhere)


def turn_back(access: EmergencyAccess, ago: timedelta) -> None:
    """As if it had been opened that long ago."""
    EmergencyAccess.objects.filter(pk=access.pk).update(
        opened_at=access.opened_at - ago, expires_at=access.expires_at - ago
    )


def page(user, path, **posted):
    client = Client()
    client.force_login(user)
    return client.post(path, posted) if posted else client.get(path)


def test_an_emergency_opens_the_patients_visits_at_every_clinic_with_notes(opened, visit, receptionist_elsewhere):
    text = page(receptionist_elsewhere, f"/emergency/{opened.pk}/").content.decode()

    assert Appointment.objects.visible_to(receptionist_elsewhere).contains(visit)
    assert ScheduleEvent.objects.visible_to(receptionist_elsewhere).filter(appointment=visit).exists()
    assert "Allergic to penicillin" in text
    assert visit.reference in text


def test_nothing_else_opens(opened, visit, another_visit, patient, receptionist_elsewhere):
    visible = Appointment.objects.visible_to(receptionist_elsewhere)

    assert list(visible) == [visit]
    assert not Patient.objects.visible_to(receptionist_elsewhere).contains(patient)
    assert page(receptionist_elsewhere, f"/patients/{patient.pk}/").status_code == 404
    assert page(receptionist_elsewhere, f"/appointments/{another_visit.reference}/").status_code == 404


def test_reading_is_all_that_opens(opened, visit, receptionist_elsewhere):
    assert may_read(receptionist_elsewhere, Permission.SEE_NOTES, visit)
    assert not may_read(receptionist_elsewhere, Permission.SEE_CONTACTS, visit)
    assert not any(may_with(receptionist_elsewhere, permission, visit) for permission in Permission)
    with pytest.raises(NotAllowed):
        change_notes(appointment=visit, notes="Rewritten", by=receptionist_elsewhere)


def test_it_opens_for_one_person_only(opened, visit, patient, northgate):
    colleague = factories.UserFactory()

    assert not Appointment.objects.visible_to(colleague).exists()
    assert page(colleague, f"/emergency/{opened.pk}/").status_code == 404


@pytest.mark.parametrize(("ago", "is_open"), [(timedelta(minutes=59), True), (timedelta(hours=1), False)])
def test_it_ends_after_an_hour(opened, visit, receptionist_elsewhere, ago, is_open):
    turn_back(opened, ago)
    forget_roles(receptionist_elsewhere)

    text = page(receptionist_elsewhere, f"/emergency/{opened.pk}/").content.decode()

    assert Appointment.objects.visible_to(receptionist_elsewhere).exists() == is_open
    assert ("Allergic to penicillin" in text) == is_open
    assert ("This access has ended" in text) != is_open


def test_exactly_at_the_hour_it_is_over(opened):
    assert opened.is_open_at(opened.opened_at + timedelta(hours=1) - timedelta(microseconds=1))
    assert not opened.is_open_at(opened.opened_at + timedelta(hours=1))


def test_it_ends_while_the_same_user_object_lives_on(opened, visit, receptionist_elsewhere):
    """A socket keeps its user for hours; what was remembered goes by the clock."""
    assert Appointment.objects.visible_to(receptionist_elsewhere).exists()
    remembered = receptionist_elsewhere._emergencies[0]
    remembered.expires_at = timezone.now()

    assert not Appointment.objects.visible_to(receptionist_elsewhere).exists()


def test_the_database_keeps_it_to_an_hour(opened):
    with pytest.raises(IntegrityError, match="an_hour_at_most"), transaction.atomic():
        EmergencyAccess.objects.filter(pk=opened.pk).update(expires_at=opened.opened_at + timedelta(hours=2))


def test_closing_ends_it_at_once(opened, visit, receptionist_elsewhere):
    answer = page(receptionist_elsewhere, f"/emergency/{opened.pk}/close/", now="1")
    forget_roles(receptionist_elsewhere)

    assert answer.status_code == 302
    assert not Appointment.objects.visible_to(receptionist_elsewhere).exists()
    assert LogEntry.objects.filter(event="emergency.closed", actor=receptionist_elsewhere).count() == 1


def test_it_ends_with_the_role(opened, visit, receptionist_elsewhere, northgate, sysadmin):
    revoke_membership(user=receptionist_elsewhere, clinic=northgate, role="receptionist", by=sysadmin)

    assert not Appointment.objects.visible_to(receptionist_elsewhere).exists()


def test_nobody_closes_what_somebody_else_opened(opened, receptionist):
    with pytest.raises(NotAllowed):
        close_record(access=opened, by=receptionist)


@pytest.mark.parametrize("reason", ["", "   ", "urgent"])
def test_it_needs_a_reason_that_can_be_judged(patient, receptionist_elsewhere, reason):
    with pytest.raises(InvalidInput) as refused:
        open_record(patient=patient, reason=reason, by=receptionist_elsewhere)

    assert "reason" in refused.value.fields
    assert not EmergencyAccess.objects.exists()


@pytest.mark.parametrize("person", ["manager", "support", "sysadmin"])
def test_roles_that_never_treat_anybody_open_nothing(person, patient, request):
    user = request.getfixturevalue(person)

    with pytest.raises(NotAllowed):
        open_record(patient=patient, reason=REASON, by=user)
    assert page(user, "/emergency/").status_code == 404


def test_opening_twice_is_one_opening_and_wins_no_time(opened, patient, receptionist_elsewhere):
    again = open_record(patient=patient, reason="Still the same emergency", by=receptionist_elsewhere)

    assert again == opened
    assert again.expires_at == opened.expires_at


def test_opening_and_reading_are_in_the_patients_trail_without_the_reason(opened, patient, receptionist_elsewhere):
    page(receptionist_elsewhere, f"/emergency/{opened.pk}/")

    rows = LogEntry.objects.about_patient(patient.pk).filter(actor=receptionist_elsewhere)
    assert set(rows.values_list("event", flat=True)) == {"emergency.opened", "emergency.history_viewed"}
    assert {row.role for row in rows} == {"receptionist"}
    assert not any("Collapsed" in str(row.additional_data) + str(row.changes) for row in rows)


def test_every_page_says_so_while_it_is_open(opened, receptionist_elsewhere):
    assert "Emergency access to Nerys Calloway" in page(receptionist_elsewhere, "/find/").content.decode()
    turn_back(opened, timedelta(hours=1))
    assert "Emergency access to" not in page(receptionist_elsewhere, "/find/").content.decode()


def test_from_the_screen_by_exact_birth_date_and_name(patient, visit, receptionist_elsewhere):
    wanted = {"birth_date": patient.birth_date.isoformat(), "family_name": "Calloway", "reason": REASON}

    answer = page(receptionist_elsewhere, "/emergency/", **wanted)

    access = EmergencyAccess.objects.get(opened_by=receptionist_elsewhere)
    assert answer.headers["Location"] == f"/emergency/{access.pk}/"
    assert LogEntry.objects.filter(event="patient.identified", patient_id=patient.pk).count() == 1


def test_nobody_is_opened_by_a_birth_date_alone(patient, receptionist_elsewhere):
    answer = page(
        receptionist_elsewhere, "/emergency/", birth_date=patient.birth_date.isoformat(), family_name="", reason=REASON
    )

    assert answer.status_code == 422
    assert not EmergencyAccess.objects.exists()


def test_one_of_two_people_who_match_must_be_chosen(patient, harbour, receptionist_elsewhere):
    twin = factories.PatientFactory(
        given_name="Nest",
        family_name="Calloway",
        search_name="nest calloway",
        birth_date=patient.birth_date,
        at=[harbour],
    )
    wanted = {"birth_date": patient.birth_date.isoformat(), "family_name": "Calloway", "reason": REASON}

    unsure = page(receptionist_elsewhere, "/emergency/", **wanted)
    page(receptionist_elsewhere, "/emergency/", **wanted, patient=str(twin.pk))

    assert "Several people match" in unsure.content.decode()
    assert EmergencyAccess.objects.get().patient == twin


def test_from_the_record_of_a_patient_one_sees(patient, receptionist):
    page(receptionist, "/emergency/", record=str(patient.pk), reason=REASON)

    assert EmergencyAccess.objects.get().patient == patient


def test_a_patient_one_does_not_see_is_not_opened_by_their_id(patient, receptionist_elsewhere):
    answer = page(receptionist_elsewhere, "/emergency/", record=str(patient.pk), reason=REASON)

    assert answer.status_code == 404
    assert not EmergencyAccess.objects.exists()


def test_it_waits_for_review_by_somebody_else(opened, manager, receptionist_elsewhere):
    text = page(manager, "/emergency/review/").content.decode()

    assert REASON in text
    assert "Nerys Calloway" not in text  # a manager's role shows no names of patients
    assert page(receptionist_elsewhere, "/emergency/review/").status_code == 404


def test_a_reviewer_says_whether_it_was_justified(opened, manager):
    page(manager, f"/emergency/{opened.pk}/review/", outcome="justified", note="")

    opened.refresh_from_db()
    assert (opened.outcome, opened.reviewed_by) == ("justified", manager)
    assert LogEntry.objects.get(event="emergency.reviewed").actor == manager


def test_not_justified_needs_a_note(opened, manager):
    answer = page(manager, f"/emergency/{opened.pk}/review/", outcome="not_justified", note="")

    assert answer.status_code == 422
    assert "Say why it was not justified" in answer.content.decode()


def test_nobody_reviews_their_own(patient, clinic_admin):
    access = open_record(patient=patient, reason=REASON, by=clinic_admin)

    with pytest.raises(NotAllowed):
        review_opening(access=access, outcome="justified", note="", by=clinic_admin)
    with pytest.raises(IntegrityError, match="second_person"), transaction.atomic():
        EmergencyAccess.objects.update(reviewed_by=clinic_admin, reviewed_at=timezone.now(), outcome="justified")


def test_a_review_stands(opened, manager):
    review_opening(access=opened, outcome="justified", note="", by=manager)

    with pytest.raises(WrongStatus):
        review_opening(access=opened, outcome="not_justified", note="On second thoughts", by=manager)


def test_openings_of_another_clinic_are_not_there_to_review(opened, clinic_admin):
    """It was opened by Northgate's reception; Harbour's administrator reviews Harbour's."""
    assert REASON not in page(clinic_admin, "/emergency/review/").content.decode()
    assert page(clinic_admin, f"/emergency/{opened.pk}/review/", outcome="justified").status_code == 404


@pytest.fixture
def northgate_admin(northgate):
    """Reviews Northgate's openings, as the manager does; Harbour's administrator doesn't."""
    user = factories.UserFactory(username="northadmin", is_staff=True)
    grant_membership(user=user, clinic=northgate, role="clinic_administrator", by=None)
    return user


def rail(user):
    """The rail's entry that leads to the worklist, or None."""
    items = page(user, "/board/").context["nav_items"]
    return next((item for item in items if item["key"] == "emergency-review"), None)


def test_the_rail_counts_what_waits_for_those_who_review_it(
    opened, manager, northgate_admin, clinic_admin, receptionist_elsewhere
):
    assert [rail(user)["count"] for user in (manager, northgate_admin, clinic_admin)] == [1, 1, 0]
    assert rail(receptionist_elsewhere) is None

    review_opening(access=opened, outcome="justified", note="", by=manager)

    assert rail(manager)["count"] == 0


def test_the_rail_does_not_count_what_one_opened_oneself(patient, clinic_admin):
    open_record(patient=patient, reason=REASON, by=clinic_admin)

    assert rail(clinic_admin)["count"] == 0


def test_those_who_review_are_mailed_once_and_told_nothing_of_the_patient(
    opened, visit, patient, manager, northgate_admin, clinic_admin, mailoutbox
):
    assert [tell_reviewers(), tell_reviewers()] == [1, 0]

    assert sorted(mail.to for mail in mailoutbox) == [[manager.email], [northgate_admin.email]]
    text = mailoutbox[0].subject + mailoutbox[0].body
    assert "Reuben Clarke opened a patient's history in an emergency, at Northgate" in text
    assert "/emergency/review/" in text
    hidden = ("Nerys", "Calloway", str(patient.pms_number), str(patient.pk), visit.reference, "Collapsed")
    assert [each for each in hidden if each in text] == []


def test_whoever_opened_it_is_not_asked_to_review_it(patient, clinic_admin, manager, mailoutbox):
    open_record(patient=patient, reason=REASON, by=clinic_admin)

    tell_reviewers()

    assert [mail.to for mail in mailoutbox] == [[manager.email]]


def test_a_mail_that_could_not_be_sent_is_sent_later(opened, manager, settings, mailoutbox):
    working, settings.EMAIL_BACKEND = settings.EMAIL_BACKEND, "django.core.mail.backends.smtp.EmailBackend"
    settings.EMAIL_PORT = 1
    assert tell_reviewers() == 0
    settings.EMAIL_BACKEND = working

    assert tell_reviewers() == 1
    assert [mail.to for mail in mailoutbox] == [[manager.email]]


def test_what_was_reviewed_meanwhile_is_not_mailed(opened, manager, northgate_admin, mailoutbox):
    review_opening(access=opened, outcome="justified", note="", by=manager)

    assert tell_reviewers() == 0
    assert mailoutbox == []
