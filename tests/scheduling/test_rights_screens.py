"""The screens of patients' rights: duplicates, copies, retention, and a clinic's directories to take along."""

from __future__ import annotations

import csv
import io
import json
import zipfile
from datetime import timedelta
from xml.etree import ElementTree

import pytest
from django.urls import reverse
from django.utils import timezone

from carebridge.audit.models import LogEntry
from scheduling.merging import merge_patients
from scheduling.models import DistinctPair, Patient, PatientMerge
from tests import factories

pytestmark = pytest.mark.django_db

REASON = "Quarterly check of the lists"


@pytest.fixture
def misspelt(harbour) -> Patient:
    return factories.PatientFactory(
        given_name="Neris", family_name="Caloway", search_name="neris caloway", pms_number="1234566", at=[harbour]
    )


@pytest.fixture
def admin_client(client, clinic_admin):
    client.force_login(clinic_admin)
    return client


def url(name: str, *args: object) -> str:
    return reverse(f"scheduling:{name}", args=args)


# --- Duplicates ----------------------------------------------------------------------------------------------------


def test_a_suggested_pair_is_compared_merged_with_the_details_chosen_and_parted_again(admin_client, patient, misspelt):
    compared = url("merge", patient.pk, misspelt.pk)
    assert compared in admin_client.get(url("duplicates")).text
    page = admin_client.get(compared).text
    assert "Neris" in page
    assert "1234566" in page

    sent = {"keep_version": "1", "remove_version": "1", "pms_number": "theirs", "given_name": "ours"}
    assert admin_client.post(compared, sent).url == url("patient", patient.pk)

    patient.refresh_from_db()
    assert (patient.given_name, patient.pms_number) == ("Nerys", "1234566")
    record = admin_client.get(url("patient", patient.pk)).text
    undo = url("merge-undo", PatientMerge.objects.get().pk)
    assert undo in record
    admin_client.post(undo)
    patient.refresh_from_db()
    assert patient.pms_number is None


def test_what_was_compared_too_long_ago_is_not_merged_and_choices_stay(admin_client, patient, misspelt):
    sent = {"keep_version": "7", "remove_version": "1", "given_name": "theirs"}
    answer = admin_client.post(url("merge", patient.pk, misspelt.pk), sent)

    assert answer.status_code == 412
    assert "Nothing was merged" in answer.text
    assert 'name="given_name" value="theirs" checked' in answer.text


def test_an_old_address_leads_to_the_kept_record(admin_client, clinic_admin, patient, misspelt):
    merge_patients(keep=patient, remove=misspelt, by=clinic_admin)

    assert admin_client.get(url("patient", misspelt.pk)).url == url("patient", patient.pk)
    answer = admin_client.get(f"/api/v1/patients/{misspelt.pk}/")
    assert answer.json()["id"] == str(patient.pk)


def test_an_old_address_of_somebody_elsewhere_leads_nowhere(
    client, receptionist_elsewhere, clinic_admin, patient, misspelt
):
    merge_patients(keep=patient, remove=misspelt, by=clinic_admin)
    client.force_login(receptionist_elsewhere)

    assert client.get(url("patient", misspelt.pk)).status_code == 404


def test_another_record_is_found_by_searching(admin_client, patient, misspelt):
    page = admin_client.post(url("duplicates-of", patient.pk), {"q": "caloway"})

    assert url("merge", patient.pk, misspelt.pk) in page.text


def test_a_pair_is_told_apart_with_one_press_and_suggested_again_with_another(admin_client, patient, misspelt):
    said = url("distinct", patient.pk, misspelt.pk)
    compared = url("merge", patient.pk, misspelt.pk)
    assert f'action="{said}"' in admin_client.get(url("duplicates")).text

    page = admin_client.post(said, follow=True).text
    assert compared not in page
    undo = url("distinct-undo", DistinctPair.objects.get().pk)
    assert f'action="{undo}"' in page

    page = admin_client.post(undo, follow=True).text
    assert compared in page
    assert undo not in page


# --- A copy, and retention -----------------------------------------------------------------------------------------


def test_a_copy_comes_as_a_page_or_as_a_file_named_after_nobody(admin_client, patient):
    where = url("patient-copy", patient.pk)
    assert admin_client.post(where, {"reason": "", "form": "page"}).status_code == 422

    page = admin_client.post(where, {"reason": "Asked at the desk with passport", "form": "page"})
    file = admin_client.post(where, {"reason": "Asked at the desk with passport", "form": "json"})

    assert "Calloway" in page.text
    assert json.loads(file.text)["patient"]["family_name"] == "Calloway"
    assert "alloway" not in file.headers["Content-Disposition"]
    assert LogEntry.objects.filter(event="patient.data_released").count() == 2


def test_who_the_night_would_take_is_listed_and_may_be_taken_now(admin_client, patient, another_patient):
    Patient.objects.filter(pk=patient.pk).update(created_at=timezone.now() - timedelta(days=366 * 9))
    page = admin_client.get(url("retention")).text
    assert "Calloway" in page
    assert "Kessler" not in page

    admin_client.post(url("anonymise", patient.pk))
    refused = admin_client.post(url("anonymise", another_patient.pk), follow=True)

    patient.refresh_from_db()
    another_patient.refresh_from_db()
    assert (patient.full_name, another_patient.family_name) == ("Anonymised patient", "Kessler")
    assert "time is not over" in refused.text


# --- Directories ---------------------------------------------------------------------------------------------------


def test_a_directory_leaves_as_a_file_with_who_when_and_why_and_is_recorded(
    admin_client, clinic_admin, harbour, patient, patient_elsewhere
):
    Patient.objects.filter(pk=patient.pk).update(contact_note="Ask for Bryn", address="=HYPERLINK(1)")
    sent = {"clinic": harbour.pk, "directory": "patients", "form": "csv", "reason": REASON}
    answer = admin_client.post(url("exports"), sent)

    rows = list(csv.reader(io.StringIO(answer.text.removeprefix("\ufeff"))))
    assert clinic_admin.username in rows[0][0]
    assert REASON in rows[0][0]
    assert [row[0] for row in rows[2:-1]] == ["Calloway"]
    assert "'=HYPERLINK(1)" in rows[2]
    assert "Bryn" not in answer.text
    assert "Novak" not in answer.text
    entry = LogEntry.objects.get(event="directory-patients.exported")
    assert (entry.actor, entry.clinic_id, entry.additional_data["rows"]) == (clinic_admin, harbour.pk, 1)


@pytest.mark.parametrize("directory", ["doctors", "rooms", "services", "rosters"])
def test_every_directory_of_the_clinic_can_be_exported(admin_client, harbour, dr_osei, room_1, directory):
    sent = {"clinic": harbour.pk, "directory": directory, "form": "csv", "reason": REASON}
    answer = admin_client.post(url("exports"), sent)

    rows = list(csv.reader(io.StringIO(answer.text.removeprefix("\ufeff"))))
    assert len(rows) > 3
    assert len({len(row) for row in rows[1:-1]}) == 1


def test_a_workbook_holds_the_same_cells_as_text(admin_client, harbour, patient):
    Patient.objects.filter(pk=patient.pk).update(address="=HYPERLINK(1)", email="a&b<c@example.org")
    sent = {"clinic": harbour.pk, "directory": "patients", "form": "xlsx", "reason": REASON}
    answer = admin_client.post(url("exports"), sent)

    with zipfile.ZipFile(io.BytesIO(answer.content)) as package:
        assert package.testzip() is None
        sheet = ElementTree.fromstring(package.read("xl/worksheets/sheet1.xml"))  # noqa: S314 - made above
    cells = [[cell.findtext(".//{*}t") for cell in row] for row in sheet.findall(".//{*}row")]
    assert sheet.find(".//{*}f") is None
    assert REASON in str(cells[0][0])
    assert {"'=HYPERLINK(1)", "a&b<c@example.org"} <= set(cells[2])


def test_another_clinics_directory_is_not_on_offer(admin_client, northgate):
    answer = admin_client.post(
        url("exports"), {"clinic": northgate.pk, "directory": "doctors", "form": "csv", "reason": REASON}
    )

    assert answer.status_code == 422
    assert not LogEntry.objects.filter(event__endswith=".exported").exists()


@pytest.mark.parametrize("name", ["duplicates", "retention", "exports"])
def test_for_a_receptionist_these_pages_are_not_there(client, receptionist, name):
    client.force_login(receptionist)

    assert client.get(url(name)).status_code == 404
