"""Doors: nobody's data without saying for whom, and no appointment written past the commands."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from pathlib import PurePath

import pytest
from django.apps import apps

from tests.architecture.code import ROOT, files

DOORS = {"views", "api", "admin", "consumers", "navigation", "forms", "audit_directory"}
"""Modules and packages that ask on behalf of a person."""
SCOPED = {model.__name__ for model in apps.get_models() if hasattr(model._default_manager, "visible_to")}
PERSONAL = {"Referral", "PatientClinic", "Allocation", "Cancellation"}
"""Rows about patients that are reached through a patient or an appointment, and have no `visible_to` of their own."""
SHORTCUTS = {"get_object_or_404", "get_list_or_404"}

ASKED_OTHERWISE = {
    ("scheduling/views/draft.py", "Referral"): "of a patient who was loaded as visible or identified",
    ("scheduling/views/reach.py", "Patient"): "identified exactly in this session, which is audited",
    ("scheduling/views/dialogs.py", "Doctor"): "names to times that the search offered this person",
    ("scheduling/views/api_access.py", "Clinic"): "where an account or token reaches, for whoever may end it",
    ("scheduling/api/views/appointments.py", "Appointment"): "a subquery, for events that are visible",
    ("scheduling/api/views/appointments.py", "Referral"): "of a patient whom the caller sees",
    ("scheduling/api/views/appointment_rows.py", "Allocation"): "prefetched for visits that the caller sees",
    ("scheduling/api/views/appointment_rows.py", "Cancellation"): "prefetched for visits that the caller sees",
    ("scheduling/api/views/patients.py", "PatientClinic"): "a subquery of patients whom the caller sees",
    ("scheduling/api/views/own.py", "Patient"): "the one patient whose token it is",
    ("scheduling/api/views/own_appointments.py", "Appointment"): "visits of the one patient whose token it is",
    ("scheduling/api/views/own_appointments.py", "Cancellation"): "of visits of the one patient whose token it is",
    ("scheduling/api/views/own_appointments.py", "Referral"): "of the one patient whose token it is",
    ("scheduling/views/self_service/offered.py", "Doctor"): "who performs what the link is for, where it is for",
    ("scheduling/views/self_service/public.py", "Clinic"): "open to the public, by the name in the address",
    ("scheduling/views/self_service/public_door.py", "Clinic"): "one that lists sites to be shown on, by its name",
    ("scheduling/views/self_service/public_choice.py", "OnlineBooking"): "what is open to the public",
    ("scheduling/views/self_service/public_choice.py", "Doctor"): "who performs what is open to the public, there",
    ("scheduling/views/self_service/public_code.py", "SelfBooking"): "the one whose random id is in the address",
    ("scheduling/views/self_service/public_form.py", "Clinic"): "those that were found open to the public",
    ("scheduling/admin/access.py", "Clinic"): "where somebody books elsewhere, for whoever hands out access",
    ("scheduling/admin/catalogue.py", "AppointmentType"): "locked because their service is edited",
    ("scheduling/admin/clinics.py", "Clinic"): "the row just saved",
    ("scheduling/admin/locks.py", "Resource"): "locked because they are edited",
    ("scheduling/admin/rosters.py", "Resource"): "narrowed to the reader's clinics by `used_at`",
    ("scheduling/audit_directory.py", "Appointment"): "by SEE_AUDIT, SEE_REFUSED; asked for by whoever was refused",
    ("scheduling/audit_directory.py", "Patient"): "by SEE_AUDIT",
    ("scheduling/audit_directory.py", "Clinic"): "by SEE_AUDIT or SEE_REFUSED",
}


def doors() -> list[tuple[str, ast.Module]]:
    return [(place, module) for place, module in files() if DOORS & {*PurePath(place).with_suffix("").parts}]


def unscoped(module: ast.Module) -> Iterator[tuple[str, int]]:
    """Models asked for without `visible_to`, with the line."""
    parents = {child: node for node in ast.walk(module) for child in ast.iter_child_nodes(node)}
    for node in ast.walk(module):
        if isinstance(node, ast.Attribute) and node.attr in ("objects", "_default_manager"):
            model = getattr(node.value, "id", getattr(node.value, "attr", ""))
            if getattr(parents[node], "attr", "") not in ("visible_to", "none"):
                yield model, node.lineno
        if isinstance(node, ast.Call) and getattr(node.func, "id", "") in SHORTCUTS and node.args:
            yield getattr(node.args[0], "id", ""), node.lineno


def found(module: ast.Module) -> dict[str, int]:
    return {model: line for model, line in unscoped(module) if model in SCOPED | PERSONAL}


@pytest.mark.parametrize(("place", "module"), doors(), ids=lambda each: each if isinstance(each, str) else "")
def test_a_door_asks_for_nobodys_data_without_saying_for_whom(place, module):
    allowed = {model for where, model in ASKED_OTHERWISE if where == place}

    assert found(module).keys() == allowed, f"{place}: {found(module)}"


def test_the_list_of_what_is_asked_otherwise_names_doors_only():
    assert {place for place, _ in ASKED_OTHERWISE} <= {place for place, _ in doors()}


@pytest.mark.parametrize(
    "line",
    [
        "Patient.objects.filter(pk=pk)",
        "Patient._default_manager.get(pk=pk)",
        "models.Patient.objects.all()",
        "get_object_or_404(Patient, pk=pk)",
        "search(Patient.objects)",
    ],
)
def test_every_way_to_ask_for_everybodys_rows_is_seen(line):
    assert found(ast.parse(line)) == {"Patient": 1}


def test_only_the_commands_files_write_appointments():
    writing = re.compile(r"\bAppointment(?:\.objects\.(?:create|bulk_create|filter\(.*\)\.update)|\()")
    writers = {place for place, _ in files() if writing.search((ROOT / place).read_text())}

    assert {place for place in writers if "models" not in place} == {
        "scheduling/booking.py",
        "scheduling/rescheduling.py",
    }
