"""The day board: what is drawn where, for whom, and that it costs the same however much is booked."""

from __future__ import annotations

import re
from datetime import date, datetime, time, timedelta

import pytest
import time_machine
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone

from scheduling.booking import book_appointment
from scheduling.cancelling import cancel_appointment
from scheduling.holds import hold_slot
from scheduling.models import Clinic, DayNote, Resource, ScheduleBlock
from scheduling.queries.board import board_day
from scheduling.queries.scope import Viewer
from scheduling.rescheduling import reschedule_appointment
from scheduling.visits import check_in_patient
from tests import factories

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def book(patient, consultation, dr_osei, harbour, receptionist, at, room_1, room_2):
    """Books a consultation on Monday, with Dr Osei unless told otherwise."""

    def run(clock="10:00", **changes):
        wish = {"patient": patient, "appointment_type": consultation, "doctor": dr_osei, "clinic": harbour}
        return book_appointment(**(wish | {"starts_at": at(clock), "by": receptionist} | changes))

    return run


@pytest.fixture
def address(harbour, monday):
    """The board of Harbour on the Monday."""
    return lambda by="doctor": f"/board/?clinic={harbour.pk}&day={monday}&by={by}"


def column(user, clinic, day, key=0, by="doctor", now=None):
    return board_day(Viewer(user, clinic), day, by, now=now or timezone.now()).columns[key]


# --- What is drawn ----------------------------------------------------------------------------------------------------


def test_a_visit_is_drawn_at_its_time_with_its_buffer(book, receptionist, harbour, monday):
    book("10:00")

    card = column(receptionist, harbour, monday).cards[0]
    assert (card.start, card.end, card.name) == ("10:00", "10:30", "Nerys Calloway")
    assert (card.y, card.n, card.after) == ("24", "6", "2")  # five-minute rows from 08:00


def test_a_doctors_column_says_when_they_are_away_and_why(dr_osei, receptionist, harbour, monday, at):
    factories.ScheduleBlockFactory(
        resource=dr_osei.resource,
        kind=ScheduleBlock.Kind.EMERGENCY,
        starts_at=at("15:00"),
        ends_at=at("16:00"),
        reason="Theatre cover",
    )

    drawn = column(receptionist, harbour, monday)
    assert [(each.kind, each.title, each.when) for each in drawn.blocked] == [
        ("off", "", "08:00 to 08:30"),
        ("off", "", "17:30 to 18:00"),
        ("break", "Lunch", "12:30 to 13:15"),
        ("emergency", "Emergency block", "15:00 to 16:00"),
    ]


def test_how_full_a_doctor_is_counts_buffers_against_time_without_lunch(book, receptionist, harbour, monday):
    book("10:00")

    # 40 minutes of the 495 between 08:30 and 17:30 that lunch leaves.
    assert column(receptionist, harbour, monday).load == 8


def test_a_doctors_free_time_is_what_breaks_blocks_visits_buffers_and_holds_leave(
    book, consultation, dr_osei, receptionist, doctor_user, support, harbour, monday, at, room_1
):
    book("10:00")
    block = {"resource": dr_osei.resource, "kind": ScheduleBlock.Kind.OUTAGE}
    factories.ScheduleBlockFactory(**block, starts_at=at("13:15"), ends_at=at("16:00"))
    wish = {"appointment_type": consultation, "doctor": dr_osei, "clinic": harbour}
    hold_slot(**wish, starts_at=at("16:00"), owner="desk", by=receptionist)

    def free(user, clock="07:00"):
        return [gap.when for gap in column(user, harbour, monday, now=at(clock)).free]

    assert free(receptionist) == ["08:30 to 10:00", "10:40 to 12:30", "16:40 to 17:30"]
    assert free(receptionist, "10:58") == ["11:00 to 12:30", "16:40 to 17:30"]
    assert free(receptionist, "17:23") == free(doctor_user) == free(support) == []


@pytest.fixture
def free_address(client, receptionist, address, dr_osei):
    """Where reception is led by the first free time on the board."""
    client.force_login(receptionist)
    return re.search(r'class="gap"[^>]*href="([^"]+)"', client.get(address()).text)[1].replace("&amp;", "&")


@pytest.mark.parametrize("htmx", [True, False])
def test_a_free_time_leads_to_a_booking_and_to_those_who_wait(client, free_address, dr_osei, harbour, htmx):
    page = client.get(free_address, headers={"HX-Request": "true"} if htmx else {})

    assert "08:30 to 12:30" in page.text
    assert ('id="drawer"' in page.text) is not htmx
    assert f"/find/?clinic={harbour.pk}&amp;doctor={dr_osei.pk}&amp;" in page.text
    assert "/waitlist/offer/?" in page.text


@pytest.mark.parametrize("change", [("until=", "until=2"), ("from=", "from=x"), ("doctor=", "doctor=9"), ("&", "?", 1)])
def test_an_address_that_names_no_free_time_is_not_found(client, free_address, change):
    assert client.get(free_address).status_code == 200
    assert client.get(free_address.replace(*change)).status_code == 404


def test_a_cancelled_visit_stays_as_a_ghost_until_its_time_is_taken(
    book, another_patient, receptionist, harbour, monday, patient_request
):
    cancel_appointment(appointment=book("10:00"), reason=patient_request, by=receptionist)
    assert [card.is_ghost for card in column(receptionist, harbour, monday).cards] == [True]

    book("10:00", patient=another_patient)

    assert [card.name for card in column(receptionist, harbour, monday).cards] == ["Martin Kessler"]


def test_a_moved_visit_leaves_the_day_it_was_on(book, receptionist, harbour, monday, at):
    reschedule_appointment(appointment=book("10:00"), starts_at=at("10:00") + timedelta(days=1), by=receptionist)

    assert column(receptionist, harbour, monday).cards == []
    assert len(column(receptionist, harbour, monday + timedelta(days=1)).cards) == 1


NOW = 'class="now-row"'


def test_on_its_own_day_the_list_draws_now_above_the_first_visit_to_come(
    book, another_patient, client, receptionist, address, at
):
    book("09:00")
    to_come = book("11:00", patient=another_patient)

    def drawn(now) -> str:
        with time_machine.travel(now, tick=False):
            client.logout()  # a session that was idle for hours has ended
            client.force_login(receptionist)
            return client.get(address("list")).content.decode()

    between, after, another_day = drawn(at("10:00")), drawn(at("15:00")), drawn(at("10:00") - timedelta(days=1))
    assert between.index(NOW) < between.index(f"l-{to_come.reference}")
    assert between.index(NOW) > between.index("09:00")
    assert after.index(NOW) > after.index(f"l-{to_come.reference}")
    assert NOW not in another_day


def test_an_overbooked_visit_stands_beside_the_other(book, another_patient, receptionist, harbour, monday):
    book("10:00")
    book("10:15", patient=another_patient, override_reason="Chest pain")

    assert sorted(card.lane for card in column(receptionist, harbour, monday).cards) == ["a", "b"]


def test_rooms_show_who_uses_them(book, receptionist, harbour, monday):
    book("10:00")

    board = board_day(Viewer(receptionist, harbour), monday, "room", now=timezone.now())
    assert {each.title: [card.room for card in each.cards] for each in board.columns} == {
        "Room 1": ["Dr Osei"],
        "Room 2": [],
    }


def test_the_waiting_room_counts_minutes_and_a_patient_not_yet_here_is_late(
    book, another_patient, receptionist, harbour, monday, at
):
    waiting, late = book("10:00"), book("10:45", patient=another_patient)
    with time_machine.travel(at("09:50"), tick=False):
        check_in_patient(appointment=waiting, by=receptionist)

    board = board_day(Viewer(receptionist, harbour), monday, "doctor", now=at("10:52"))
    assert [card.waiting for card in board.panel.waiting] == [62]
    assert [card.reference for card in board.rows if card.is_late] == [late.reference]


@pytest.mark.parametrize("day", [date(2026, 3, 29), date(2026, 10, 25)])
def test_on_days_when_clocks_change_the_board_still_begins_at_eight(receptionist, harbour, day):
    board = board_day(Viewer(receptionist, harbour), day, "doctor", now=timezone.now())

    assert board.hours[0] == ("0", "08:00")
    assert board.hours[-1] == ("120", "18:00")


# --- For whom ---------------------------------------------------------------------------------------------------------


def test_a_receptionist_of_another_clinic_sees_no_board_here(client, book, receptionist_elsewhere, address):
    book()
    client.force_login(receptionist_elsewhere)

    assert client.get(address()).status_code == 404
    assert client.get(address(), headers={"HX-Request": "true"}).status_code == 404


@pytest.mark.parametrize("by", ["doctor", "room", "list"])
def test_support_sees_references_instead_of_names(client, book, support, address, by):
    visit = book()
    client.force_login(support)

    page = client.get(address(by)).content.decode()
    assert visit.reference in page
    assert "Calloway" not in page


def test_a_doctor_sees_their_own_list_and_nobody_elses(client, book, another_patient, dr_wilk, doctor_user, address):
    book()
    book(patient=another_patient, doctor=dr_wilk)
    client.force_login(doctor_user)

    page = client.get(address()).content.decode()
    assert "Nerys Calloway" in page
    assert "Kessler" not in page
    assert "Dr Wilk" not in page


def test_a_system_administrator_is_told_that_there_is_no_board_for_them(client, sysadmin):
    client.force_login(sysadmin)

    assert "Your role shows no appointments" in client.get("/").content.decode()


def test_whoever_is_not_signed_in_is_asked_to(client, address):
    answer = client.get(address())

    assert answer.status_code == 302
    assert answer.url.startswith(reverse("account_login"))


def test_the_rail_offers_only_what_the_person_may_open(client, receptionist, support, harbour):
    client.force_login(receptionist)
    assert reverse("scheduling:find") in client.get("/").content.decode()

    client.force_login(support)
    assert f'href="{reverse("scheduling:find")}"' not in client.get("/").content.decode()


def test_the_clinic_looked_at_last_is_remembered(client, manager, harbour, northgate):
    client.force_login(manager)
    client.get(f"/board/?clinic={northgate.pk}")

    assert "Clinic: Northgate" in client.get("/").content.decode()


def test_a_day_that_is_no_date_is_refused_in_words(client, receptionist, harbour):
    client.force_login(receptionist)
    answer = client.get(f"/board/?clinic={harbour.pk}&day=2026-02-30")

    assert answer.status_code == 422
    assert "no date of the calendar" in answer.content.decode()


def test_a_clinic_that_does_not_exist_is_not_found(client, receptionist, harbour):
    client.force_login(receptionist)

    assert client.get("/board/?clinic=999999").status_code == 404
    assert client.get("/board/?clinic=x").status_code == 404


def test_notes_for_the_day_are_shown(client, receptionist, dr_osei, harbour, monday, address):
    DayNote.objects.create(clinic=harbour, day=monday, text="Fire drill at 11")
    client.force_login(receptionist)

    assert "Fire drill at 11" in client.get(address()).content.decode()


# --- What it costs ----------------------------------------------------------------------------------------------------


def fill(count: int, clinic: Clinic, room: Resource, kind, monday, by) -> None:
    """So many doctors, each with as many visits."""
    for number in range(count):
        doctor = factories.DoctorFactory(at=[clinic], family_name=f"Doctor {number} of {count}")
        factories.works_on_weekdays(doctor.resource, clinic)
        factories.OfferingFactory(doctor=doctor, appointment_type=kind, clinic=clinic)
        for hour in range(count):
            start = datetime.combine(monday, time(9 + 2 * hour), tzinfo=clinic.zone)
            patient = factories.PatientFactory(at=[clinic])
            book_appointment(
                patient=patient, appointment_type=kind, doctor=doctor, clinic=clinic, starts_at=start, by=by
            )


@pytest.mark.parametrize("by", ["doctor", "room", "list"])
def test_the_board_asks_as_much_for_three_doctors_as_for_one(
    client, receptionist, harbour, room_1, monday, address, by
):
    kind = factories.AppointmentTypeFactory(name="Call", code="call")
    client.force_login(receptionist)
    client.get(address(by))  # The first look also remembers the clinic.
    counts = []
    for doctors in (1, 3):
        fill(doctors, harbour, room_1, kind, monday, receptionist)
        with CaptureQueriesContext(connection) as queries:
            assert client.get(address(by)).status_code == 200
        counts.append(len(queries))

    assert counts[0] == counts[1]
    assert counts[1] <= 26


# --- Entity tags ------------------------------------------------------------------------------------------------------


@pytest.fixture
def refresh(client, receptionist, address):
    """Asks for the live part as an open screen does, with the tag of what it shows."""
    client.force_login(receptionist)

    def run(tag=""):
        return client.get(address(), headers={"HX-Request": "true", "If-None-Match": tag})

    return run


def test_an_unchanged_board_is_answered_with_304_in_five_statements(refresh, book):
    book()
    tag = refresh()["ETag"]

    with CaptureQueriesContext(connection) as queries:
        answer = refresh(tag)

    assert answer.status_code == 304
    assert len(queries) <= 5, "session, user, whether the session was revoked, roles, clinic with its version"


def test_the_page_carries_the_tag_of_what_it_shows(client, refresh, book, address):
    book()
    page = client.get(address()).content.decode()

    tag = re.search(r'data-etag="([^"]+)"', page)[1].replace("&quot;", '"')
    assert refresh(tag).status_code == 304


def test_every_change_of_the_day_changes_the_tag(
    refresh, book, receptionist, patient_request, dr_osei, harbour, monday, at
):
    tags = [refresh()["ETag"]]
    visit = book("10:00")
    tags.append(refresh()["ETag"])
    moved = reschedule_appointment(appointment=visit, starts_at=at("11:00"), by=receptionist)
    tags.append(refresh()["ETag"])
    cancel_appointment(appointment=moved, reason=patient_request, by=receptionist)
    tags.append(refresh()["ETag"])
    DayNote.objects.create(clinic=harbour, day=monday, text="Lift out of order")
    tags.append(refresh()["ETag"])
    Resource.objects.filter(pk=dr_osei.resource_id).update(schedule_version=7)
    tags.append(refresh()["ETag"])

    assert len(set(tags)) == len(tags)


def test_another_day_leaves_the_tag_alone(refresh, book, at):
    tag = refresh()["ETag"]
    book("10:00", starts_at=at("10:00") + timedelta(days=1))

    assert refresh(tag).status_code == 304


def test_the_live_part_brings_counts_and_panel_but_no_page(refresh, book):
    book()
    part = refresh().content.decode()

    assert "<html" not in part
    assert 'id="count-confirmed" hx-swap-oob="true">1<' in part
    assert 'id="panel" hx-swap-oob="innerHTML"' in part
