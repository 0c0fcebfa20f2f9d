"""The appointment drawer: what it shows to whom, its steps, and how it refuses."""

from __future__ import annotations

import json
from datetime import datetime, time, timedelta

import pytest
import time_machine
from django.db import connection
from django.test.utils import CaptureQueriesContext

from scheduling.booking import book_appointment
from scheduling.models import Appointment, Cancellation, Status
from scheduling.rescheduling import reschedule_appointment

pytestmark = pytest.mark.django_db(transaction=True)

HTMX = {"HX-Request": "true", "HX-Target": "drawer"}


@pytest.fixture
def visit(patient, consultation, dr_osei, harbour, receptionist, monday, room_1, room_2) -> Appointment:
    """The patient sees Dr Osei on Monday at ten."""
    start = datetime.combine(monday, time(10), tzinfo=harbour.zone)
    wish = {"patient": patient, "appointment_type": consultation, "doctor": dr_osei, "clinic": harbour}
    return book_appointment(**wish, starts_at=start, by=receptionist, notes="Bring the tablets")


@pytest.fixture
def on_the_day(visit):
    """Ten minutes before the visit."""
    with time_machine.travel(visit.starts_at - timedelta(minutes=10), tick=False):
        yield


@pytest.fixture
def post(client, receptionist, visit):
    """Presses a button of the drawer as the receptionist."""

    def press(action: str, user=receptionist, headers=HTMX, **data):
        client.force_login(user)
        return client.post(f"/appointments/{visit.reference}/{action}/", data, headers=headers)

    return press


def toast(answer) -> dict:
    return json.loads(answer["HX-Trigger"])["carebridge:toast"]


# --- Looking ----------------------------------------------------------------------------------------------------------


def test_a_cold_address_shows_the_board_with_the_drawer_open(client, receptionist, visit):
    client.force_login(receptionist)
    page = client.get(f"/appointments/{visit.reference}/").content.decode()

    assert "<html" in page
    assert "Nerys Calloway" in page
    assert "Bring the tablets" in page
    assert "Booked" in page


def test_htmx_gets_the_drawer_alone_and_304_while_nothing_changed(client, receptionist, visit, on_the_day):
    client.force_login(receptionist)
    first = client.get(f"/appointments/{visit.reference}/", headers=HTMX)
    again = client.get(f"/appointments/{visit.reference}/", headers={**HTMX, "If-None-Match": first["ETag"]})

    assert "<html" not in first.content.decode()
    assert again.status_code == 304


def test_support_sees_the_visit_but_neither_name_nor_contacts_nor_note(client, support, visit):
    client.force_login(support)
    whole = client.get(f"/appointments/{visit.reference}/").content.decode()
    page = client.get(f"/appointments/{visit.reference}/", headers=HTMX).content.decode()

    assert visit.reference in page
    assert "Calloway" not in whole
    for hidden in ("Calloway", "7700", "Bring the tablets", "Check in"):
        assert hidden not in page


def test_an_appointment_of_another_clinic_is_not_found(client, receptionist_elsewhere, visit):
    client.force_login(receptionist_elsewhere)

    assert client.get(f"/appointments/{visit.reference}/").status_code == 404
    assert client.post(f"/appointments/{visit.reference}/steps/check-in/").status_code == 404
    assert client.get("/appointments/CB-NONE-NONE/").status_code == 404


def test_an_old_reference_leads_to_the_visit_as_it_is_now(client, receptionist, visit):
    moved = reschedule_appointment(appointment=visit, starts_at=visit.starts_at + timedelta(hours=1), by=receptionist)
    client.force_login(receptionist)
    page = client.get(f"/appointments/{visit.reference}/", headers=HTMX).content.decode()

    assert moved.reference in page
    assert "was moved" in page
    assert "11:00 to 11:30" in page


def test_the_drawer_costs_the_same_with_a_longer_history(client, receptionist, visit):
    client.force_login(receptionist)
    counts = []
    for _ in range(2):
        with CaptureQueriesContext(connection) as queries:
            client.get(f"/appointments/{visit.reference}/", headers=HTMX)
        counts.append(len(queries))
        visit = reschedule_appointment(
            appointment=visit, starts_at=visit.starts_at + timedelta(minutes=30), by=receptionist
        )

    assert counts[0] == counts[1]


# --- Acting -----------------------------------------------------------------------------------------------------------


def test_check_in_start_and_complete_one_after_another(post, visit, on_the_day):
    for step, status in (("check-in", "checked_in"), ("start", "in_progress"), ("complete", "completed")):
        answer = post(f"steps/{step}")
        visit.refresh_from_db()
        assert (answer.status_code, visit.status) == (200, status)
    assert toast(answer)["undo_url"] == f"/appointments/{visit.reference}/undo/"


def test_undo_from_a_toast_takes_the_step_back_and_opens_nothing(post, visit, on_the_day):
    post("steps/check-in")
    answer = post("undo", headers={"HX-Request": "true"})

    visit.refresh_from_db()
    assert (answer.status_code, visit.status) == (204, Status.CONFIRMED)


def test_a_screen_left_open_is_told_that_it_is_stale(post, visit, on_the_day):
    answer = post("steps/check-in", version=visit.version + 7)

    visit.refresh_from_db()
    assert answer.status_code == 412
    assert "changed meanwhile" in answer.content.decode()
    assert visit.status == Status.CONFIRMED


def test_an_impossible_step_is_refused_in_a_sentence(post, on_the_day):
    answer = post("steps/complete")

    assert answer.status_code == 422
    assert 'role="alert"' in answer.content.decode()
    assert "become completed" in answer.content.decode()


def test_support_may_look_but_not_act(post, support, visit, on_the_day):
    answer = post("steps/check-in", user=support)

    visit.refresh_from_db()
    assert (answer.status_code, visit.status) == (403, Status.CONFIRMED)


def test_a_doctor_runs_their_own_visits(post, doctor_user, visit, on_the_day):
    post("steps/check-in", user=doctor_user)
    post("steps/start", user=doctor_user)

    visit.refresh_from_db()
    assert visit.status == Status.IN_PROGRESS


def test_reading_changes_nothing(client, receptionist, visit, on_the_day):
    client.force_login(receptionist)

    assert client.get(f"/appointments/{visit.reference}/steps/check-in/").status_code == 405
    assert client.get(f"/appointments/{visit.reference}/undo/").status_code == 405


def test_the_note_is_replaced(post, visit):
    post("notes", notes="Daughter may join", version=visit.version)

    visit.refresh_from_db()
    assert visit.notes == "Daughter may join"


def test_its_length_is_changed_in_the_drawer(post, visit):
    answer = post("duration", minutes=20, version=visit.version)

    visit.refresh_from_db()
    assert visit.duration_minutes == 20
    assert toast(answer)["text"] == "Lasts 20 min now: Nerys Calloway"
    assert "20 min instead of 30" in answer.content.decode()


@pytest.mark.parametrize(
    ("minutes", "sentence"),
    [("many", "in steps of 5"), ("17", "in steps of 5"), ("30", "already"), ("600", "works 08:30")],
)
def test_a_length_that_is_refused_stays_in_the_open_form(post, visit, minutes, sentence):
    answer = post("duration", minutes=minutes)

    assert answer.status_code == 422
    page = answer.content.decode()
    assert sentence in page
    assert 'id="change-duration" open' in page
    assert f'value="{minutes}"' in page


def test_nobody_is_offered_another_length_of_a_visit_that_has_begun(client, receptionist, visit):
    client.force_login(receptionist)
    assert "change-duration" in client.get(f"/appointments/{visit.reference}/", headers=HTMX).content.decode()

    with time_machine.travel(visit.starts_at, tick=False):
        assert "change-duration" not in client.get(f"/appointments/{visit.reference}/", headers=HTMX).content.decode()


def test_without_script_a_step_leads_back_to_the_page(post, visit, on_the_day):
    answer = post("steps/check-in", headers={})

    assert (answer.status_code, answer.url) == (302, f"/appointments/{visit.reference}/")


# --- Cancelling and moving --------------------------------------------------------------------------------------------


def test_cancelling_asks_for_a_reason_and_offers_undo(post, visit, patient_request):
    assert post("cancel").status_code == 422

    answer = post("cancel", reason=patient_request.pk)
    visit.refresh_from_db()
    assert (answer.status_code, visit.status) == (200, Status.CANCELLED)
    assert answer["HX-Retarget"] == "#drawer"

    post("undo", headers={"HX-Request": "true"})
    visit.refresh_from_db()
    assert visit.status == Status.CONFIRMED


def test_after_the_cut_off_cancelling_needs_an_exception(post, visit, patient_request, on_the_day):
    refused = post("cancel", reason=patient_request.pk)
    assert refused.status_code == 422
    assert "Say why this is an exception" in refused.content.decode()

    post("cancel", reason=patient_request.pk, exception_reason="Ambulance called")
    assert Cancellation.objects.get(appointment=visit).is_late


def test_the_move_dialog_offers_free_times_as_if_the_visit_had_left(client, receptionist, visit):
    client.force_login(receptionist)
    page = client.get(f"/appointments/{visit.reference}/reschedule/", headers=HTMX).content.decode()

    assert "Move Nerys Calloway?" in page
    assert ">10:15<" in page  # overlaps its own present time
    assert ">10:00</span>" in page  # on other days
    assert ">12:30<" not in page  # lunch


def test_moving_keeps_the_old_time_until_the_new_one_is_sure(post, visit):
    start = visit.starts_at + timedelta(hours=1)
    slot = f"{visit.doctor_id}.{visit.clinic_id}.{start.isoformat()}"
    answer = post("reschedule", slot=slot, clinic=visit.clinic_id, doctor=visit.doctor_id)

    moved = Appointment.objects.get(moved_from=visit)
    assert moved.starts_at == start
    assert answer["HX-Push-Url"] == f"/appointments/{moved.reference}/"
    assert "moved to" in toast(answer)["text"]


def test_moving_nowhere_is_refused_and_says_so(post, visit):
    answer = post("reschedule")

    assert answer.status_code == 422
    assert "Choose one of the free times" in answer.content.decode()


def test_moving_onto_lunch_is_refused_and_the_visit_stays(post, visit):
    lunch = visit.starts_at + timedelta(hours=2, minutes=30)
    slot = f"{visit.doctor_id}.{visit.clinic_id}.{lunch.isoformat()}"
    answer = post("reschedule", slot=slot, clinic=visit.clinic_id, doctor=visit.doctor_id)

    visit.refresh_from_db()
    assert (answer.status_code, visit.status) == (422, Status.CONFIRMED)
    assert "Nothing was moved" in answer.content.decode()
