"""Lists that clinics kept so far, on their way to the waitlist; and the waitlist taken along."""

from __future__ import annotations

import csv
import io
from collections.abc import Callable
from datetime import date, datetime, timedelta
from typing import Any

import pytest
import time_machine
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone
from hypothesis import given, settings
from hypothesis import strategies as st
from openpyxl import Workbook

from carebridge.audit.models import LogEntry
from scheduling.models import Patient
from scheduling.retention import anonymise_patient
from tests import factories
from waitlist.entries import join
from waitlist.models import Entry, ImportBatch, ImportRow, RowState, Urgency
from waitlist.sheets.cells import month_comes_first, name_key, read_day, read_urgency
from waitlist.sheets.columns import suggested
from waitlist.sheets.commands import ImportStopped, carry_in, check_again
from waitlist.sheets.forms import name_of
from waitlist.sheets.reading import UnreadableFile, read_sheet
from waitlist.sweeps import forget_old_imports

TODAY = date(2026, 11, 23)


# --- What is in a cell ---------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "text",
    [
        *("2026-03-04", "2026/3/4", "04/03/2026", "4.3.26", "4-3-26", "4 Mar 2026", "4th March 2026", "04-MAR-26"),
        *("March 4, 2026", "Wed 4 March 2026", "20260304", "2026-03-04 00:00:00", "4/3/2026 09:30", "46085"),
    ],
)
def test_a_day_is_understood_as_people_write_it(text):
    assert read_day(text) == date(2026, 3, 4)


@pytest.mark.parametrize(
    "text", ["31/02/2026", "soon", "13/13/2026", "4", "२०२६-०३-०४", "99999", "0/0/00", "4 Foo 2026"]
)
def test_what_is_no_day_is_refused(text):
    with pytest.raises(ValueError):  # noqa: PT011 - whatever says no
        read_day(text)


def test_a_birth_date_of_two_digits_is_never_still_to_come():
    assert read_day("1.2.27", not_after=TODAY) == date(1927, 2, 1)
    assert read_day("1.2.26", not_after=TODAY) == date(2026, 2, 1)


def test_a_column_writes_months_first_only_if_it_must():
    assert month_comes_first(["03/04/1980", "03/25/1980"])
    assert not month_comes_first(["03/04/1980", "03/25/1980", "25/03/1980"])
    assert not month_comes_first(["03/04/1980", "1980-03-25"])


def test_names_are_the_same_in_any_order_with_titles_and_accents():
    assert name_key("CALLOWAY, Nérys (Ms)") == name_key("Nerys Calloway")
    assert name_key("Jones, Ann") != name_key("Ann Smith Jones")


@pytest.mark.parametrize(
    ("text", "meant"),
    [
        ("URGENT - chest pain", (Urgency.URGENT, "chest pain")),
        ("Not urgent", (Urgency.ROUTINE, "")),
        ("non-urgent", (Urgency.ROUTINE, "")),
        ("soon (lives alone)", (Urgency.SOON, "lives alone")),
        ("ASAP!!", (Urgency.URGENT, "")),
    ],
)
def test_urgency_is_read_from_free_words(text, meant):
    assert read_urgency(text) == meant


# --- What is in a file ---------------------------------------------------------------------------------------------


def of_rows(*rows: tuple[Any, ...]) -> bytes:
    book, file = Workbook(), io.BytesIO()
    for row in rows:
        book.active.append(row)
    book.save(file)
    return file.getvalue()


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "cp1252"])
@pytest.mark.parametrize("separator", list(",;\t|"))
def test_text_is_read_in_any_usual_encoding_and_with_any_separator(encoding, separator):
    text = separator.join(["Name", "DOB"]) + "\r\n" + separator.join(['"Müller; Zoë, |A"', "1.2.80"]) + "\r\n"

    assert read_sheet(text.encode(encoding)).rows == ((2, ("Müller; Zoë, |A", "1.2.80")),)


@pytest.mark.parametrize(
    ("data", "said"),
    [
        (b"", "empty"),
        (b"   \r\n", "empty"),
        (b"Name,DOB\r\n", "no row below"),
        (b"just some words", "no table"),
        (b"%PDF-1.7 and so on", "no table"),
        (b"\x89PNG\r\n\x1a\n\0\0", "no table"),
        (b"\xd0\xcf\x11\xe0\xa1\xb1", "old form"),
        (b"PK\x03\x04 damaged", "damaged"),
        (of_rows(("Name", "DOB"), ("A", "B"))[:-300], "damaged"),
        (b'Name,DOB\n"Open,1980\n' + b"x,y\n" * 40, "quotation mark"),
        (b"Name,DOB\n" + b"x,1980\n" * 5_001, "5,000 rows"),
        (b"x" * 5_000_001, "5 MB"),
    ],
)
def test_a_file_that_holds_no_list_is_refused_with_what_to_do(data, said):
    with pytest.raises(UnreadableFile, match=said):
        read_sheet(data)


@settings(max_examples=30, deadline=None)
@given(st.binary(max_size=400), st.sampled_from([b"", b"PK\x03\x04", b"Name,DOB\n", b"\xff\xfe", b"sep=;\n"]))
def test_whatever_is_in_a_file_it_is_read_or_refused(data, head):
    try:
        sheet = read_sheet(head + data)
    except UnreadableFile:
        return
    assert sheet.rows
    assert {len(cells) for _, cells in sheet.rows} == {len(sheet.headings)}


# --- From the file to the list -------------------------------------------------------------------------------------

NUMBERS = [factories.valid_pms_number(n) for n in range(100)]


@pytest.fixture
def desk(receptionist) -> Client:
    client = Client()
    client.force_login(receptionist)
    return client


@pytest.fixture
def upload(desk, harbour) -> Callable[[bytes], Any]:
    def send(data: bytes, name: str = "our list.csv"):
        return desk.post("/waitlist/import/", {"clinic": harbour.pk, "file": SimpleUploadedFile(name, data)})

    return send


@pytest.fixture
def taken(upload, desk) -> Callable[[bytes], ImportBatch]:
    """Uploads a list, takes the columns as suggested, and returns it."""

    def send(data: bytes, **more: Any) -> ImportBatch:
        answer = upload(data)
        assert answer.status_code == 302, answer.text
        batch = ImportBatch.objects.latest("pk")
        assert desk.post(answer.url, {**suggested(batch.headings), **more}).url == f"/waitlist/import/{batch.pk}/"
        batch.refresh_from_db()
        return batch

    return send


def states(batch: ImportBatch) -> dict[int, str]:
    return dict(batch.rows.values_list("number", "state"))


def people(harbour: Any, count: int) -> list[Patient]:
    return [
        factories.PatientFactory(
            given_name="Zoë",
            family_name=f"Fairley{chr(97 + number)}",
            birth_date=date(1950 + number, 3, 4),
            pms_number=NUMBERS[number],
            at=[harbour],
        )
        for number in range(count)
    ]


@pytest.mark.django_db
def test_a_messy_list_is_looked_at_corrected_row_by_row_and_imported(
    desk, upload, taken, harbour, consultation, dr_osei, receptionist, patient, another_patient, patient_elsewhere
):
    known = people(harbour, 30)
    twin = factories.PatientFactory(given_name="Nerys", family_name="Calloway", mobile="+447700900999", at=[harbour])
    join(patient=another_patient, appointment_type=consultation, clinic=harbour, by=receptionist)
    good = [
        f'"{each.family_name.upper()}, Zoe";04/03/{each.birth_date:%y};;;Consultation;;routine;1 Sept 2026;'
        for each in known
    ]
    lines = [
        "Cardiology waitlist, do not delete;;;;;;;;",
        "",
        "Patient name;D.O.B.;PMS no.;Mobile;Type;Dr;Priority;Date added;Must be seen by",
        *good,
        "Calloway, Nerys;17.5.1980;;07700 900461;cardiology consultation;Osei;Urgent - chest pain;2026-10-01;",  # 34
        "Nerys Calloway;17.5.1980;;;Consultation;;;;",  # 35: which of the two?
        "Kessler Martin;1980-05-17;;;Consultation;;;;",  # 36: waits already
        '"FAIRLEYA, Zoe";4.3.50;;;Consultation;;;;',  # 37: stands above
        "Novak, Irena;17.5.1980;;;Consultation;;;;",  # 38: not at this clinic
        f"Fairleyb, Zoe;4.3.1951;{NUMBERS[0]};;Consultation;;;;",  # 39: somebody else's number
        "Fairleyb, Zoe;31.2.1951;;;Consultation;;;;",  # 40
        "Fairleyb, Zoe;4.3.1951;123;;Consultation;;;;",  # 41
        "Fairleyb, Zoe;4.3.1951;;;Cardio f/u;;P1;;",  # 42
        ";;;;;;;;",
        "Fairleyb, Zoe;4.3.1951;;;Consultation;Nobody;soon;1.1.2199;1.1.2020",  # 44
        "Patient name;D.O.B.;PMS no.;Mobile;Type;Dr;Priority;Date added;Must be seen by",  # once more
        "Total 30;;;;;;;;",  # 46
    ]

    batch = taken("\r\n".join(lines).encode("cp1252"))
    said = states(batch)
    assert [said[number] for number in range(4, 35)] == [RowState.READY] * 31
    assert {number: said[number] for number in (36, 37)} == dict.fromkeys((36, 37), RowState.DUPLICATE)
    problems = dict(batch.rows.filter(state=RowState.ERROR).values_list("number", "problems"))
    assert {number: set(each) for number, each in problems.items()} == {
        35: {"pms_number"},
        38: {"patient"},
        39: {"birth_date"},
        40: {"birth_date"},
        41: {"pms_number"},
        42: {"visit", "urgency"},
        44: {"doctor", "waiting_since", "latest_day", "urgency_reason"},
        46: {"birth_date", "visit"},
    }
    page = desk.get(f"/waitlist/import/{batch.pk}/?state=error").text
    assert "Register this patient first" in page
    assert "Put 31 on the waitlist" in page
    assert "Novak" in page

    row = f"/waitlist/import/{batch.pk}/rows"
    assert "Several patients have this name" in desk.get(f"{row}/35/").text
    values = {"name": "Nerys Calloway", "birth_date": "17.5.1980", "phone": "07700900999", "visit": "Consultation"}
    assert desk.post(f"{row}/35/", values).url == f"{row}/38/"
    assert desk.post(f"{row}/38/", {"leave_out": "1"}).url == f"{row}/39/"
    assert desk.post(f"{row}/46/", {"leave_out": "1"}).url == f"/waitlist/import/{batch.pk}/"
    desk.post(
        f"/waitlist/import/{batch.pk}/words/",
        {name_of("visit", "cardio f u"): consultation.pk, name_of("urgency", "p1"): 0},
    )
    said = states(batch)
    assert (said[35], said[38], said[46], said[42]) == ("ready", "left_out", "left_out", "duplicate")

    desk.post(f"/waitlist/import/{batch.pk}/", {"ready": "31"})
    assert Entry.objects.count() == 1, "what was seen isn't what would be imported"
    assert "32 patients wait" in desk.post(f"/waitlist/import/{batch.pk}/", {"ready": "32"}, follow=True).text

    assert Entry.objects.count() == 33
    urgent = Entry.objects.get(patient=patient)
    assert (urgent.urgency, urgent.urgency_reason, urgent.doctor) == (Urgency.URGENT, "chest pain", dr_osei)
    assert urgent.waiting_since == datetime(2026, 10, 1, tzinfo=harbour.zone)
    assert Entry.objects.filter(patient=twin).exists()
    assert LogEntry.objects.filter(event="waitlist.joined", actor=receptionist).count() == 33
    again = states(taken("\r\n".join(lines).encode()))
    assert RowState.READY not in again.values()
    assert list(again.values()).count(RowState.DUPLICATE) == 33


@pytest.mark.django_db
def test_a_workbook_is_read_with_its_days_and_numbers(taken, desk, harbour, consultation, dr_osei):
    first, second = people(harbour, 2)
    data = of_rows(
        ("Surname", "First name", "Born", "NHS No", "Referred", "Must be seen by"),
        ("Fairleya", "Zoë", first.birth_date, int(first.pms_number), date(2026, 2, 3), None),
        (None, None, None, None, None, None),
        (None, None, second.birth_date, float(second.pms_number), 46085, "=1+1"),
    )

    batch = taken(data, appointment_type=consultation.pk)
    assert states(batch) == {2: RowState.READY, 4: RowState.READY}
    desk.post(f"/waitlist/import/{batch.pk}/", {"ready": "2"})

    since = {
        entry.patient: timezone.localtime(entry.waiting_since, harbour.zone).date() for entry in Entry.objects.all()
    }
    assert since == {first: date(2026, 2, 3), second: date(2026, 3, 4)}


@pytest.mark.django_db
def test_when_one_row_cannot_wait_after_all_nobody_does(taken, harbour, consultation, dr_osei, receptionist):
    known = people(harbour, 5)
    rows = [f"{each.full_name},{each.birth_date},Consultation" for each in known]
    batch = taken("\n".join(["Name,DOB,Visit", *rows]).encode())
    last = max(known, key=lambda each: each.pk)
    entry = join(patient=last, appointment_type=consultation, clinic=harbour, by=receptionist)

    with pytest.raises(ImportStopped, match="waitlist for this visit already"):
        carry_in(batch=batch, by=receptionist)

    assert list(Entry.objects.all()) == [entry]
    assert set(states(batch).values()) == {RowState.READY}
    check_again(batch=batch, by=receptionist)
    assert carry_in(batch=batch, by=receptionist) == 4


@pytest.mark.django_db
def test_a_list_is_forgotten_after_a_month_and_those_on_it_wait_on(taken, desk, harbour, consultation, dr_osei):
    (known,) = people(harbour, 1)
    batch = taken(f"Name,DOB,Visit\n{known.full_name},{known.birth_date},Consultation".encode())
    desk.post(f"/waitlist/import/{batch.pk}/", {"ready": "1"})

    assert forget_old_imports() == 0
    with time_machine.travel(timezone.now() + timedelta(days=31), tick=False):
        assert forget_old_imports() == 1

    assert not ImportRow.objects.exists()
    assert Entry.objects.filter(patient=known).exists()


@pytest.mark.django_db
def test_nothing_of_a_list_outlasts_a_patient_who_was_anonymised(taken, harbour, consultation, dr_osei, clinic_admin):
    (known,) = people(harbour, 1)
    taken(f"Name,DOB,Visit\n{known.full_name},{known.birth_date},Consultation".encode())
    Patient.objects.update(created_at=timezone.now() - timedelta(days=366 * 9))

    anonymise_patient(patient=known, by=clinic_admin)

    assert not ImportRow.objects.exists()


@pytest.mark.django_db
def test_bad_files_and_other_peoples_lists_are_refused(
    upload, desk, harbour, northgate, patient, receptionist_elsewhere, consultation, dr_osei
):
    for data in (b"", b"nothing here", b"\0\1\2", b"PK\x03\x04", b"%PDF"):
        assert upload(data).status_code == 422
    assert upload(b"x" * 5_000_050).status_code == 422
    assert upload(b"x" * 6_000_000).status_code == 413
    answer = upload(b"Colour,Shape\nred,round")
    assert "birth date" in desk.post(answer.url, {}).text
    file = SimpleUploadedFile("list.csv", b"Name,DOB\nA,B")
    assert desk.post("/waitlist/import/", {"clinic": northgate.pk, "file": file}).status_code == 422
    assert not ImportBatch.objects.filter(clinic=northgate).exists()


@pytest.mark.django_db
def test_the_rows_cost_the_same_for_one_and_for_three(taken, desk, harbour, consultation, dr_osei):
    known = people(harbour, 3)
    pages = []
    for count in (1, 3):
        rows = [f"{each.full_name},{each.birth_date},Consultation" for each in known[:count]]
        pages.append(f"/waitlist/import/{taken(chr(10).join(['Name,DOB,Visit', *rows]).encode()).pk}/")
    desk.get(pages[0])
    asked = []
    for page in pages:
        with CaptureQueriesContext(connection) as queries:
            assert "Fairleya" in desk.get(page).text
        asked.append(len(queries))

    assert asked[0] == asked[1]


# --- Taken along ---------------------------------------------------------------------------------------------------


@pytest.mark.django_db
def test_an_administrator_takes_the_list_along_with_a_reason(
    client, clinic_admin, desk, harbour, consultation, dr_osei, patient, another_patient, receptionist
):
    join(patient=another_patient, appointment_type=consultation, clinic=harbour, by=receptionist)
    urgent = {"urgency": Urgency.URGENT, "urgency_reason": "=HYPERLINK(0)"}
    join(patient=patient, appointment_type=consultation, clinic=harbour, by=receptionist, **urgent)
    client.force_login(clinic_admin)

    assert client.post("/waitlist/export/", {"form": "csv", "reason": "x"}).status_code == 422
    file = client.post("/waitlist/export/", {"form": "csv", "reason": "Meeting with the referrers"})

    _, headings, first, second, _ = csv.reader(io.StringIO(file.content.decode("utf-8-sig")))
    assert (first[2], second[2]) == ("Calloway", "Kessler")
    assert first[headings.index("Reason")] == "'=HYPERLINK(0)"
    narrowed = {"form": "csv", "reason": "Meeting with the referrers", "words": "kessler"}
    assert 'value="kessler"' in client.get("/waitlist/export/?words=kessler").text
    assert "Calloway" not in client.post("/waitlist/export/", narrowed).text
    row, _ = LogEntry.objects.filter(event="waitlist.exported").order_by("pk")
    assert not LogEntry.objects.filter(additional_data__icontains="kessler").exists()
    assert (row.actor, row.additional_data["rows"]) == (clinic_admin, 2)
    assert "/waitlist/export/" in client.get("/waitlist/").text
    assert "/waitlist/export/" not in desk.get("/waitlist/").text
