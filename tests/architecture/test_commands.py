"""Rules about the code itself: no change without a record, nobody's data without asking who may see it."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from django.conf import settings

ROOT = Path(settings.BASE_DIR)
RECORDS = {"record_appointment", "record_roster", "log_change"}
KEEPS_NO_HISTORY = {"_retry"}
"""Running another app's reaction again changes nothing of the schedule."""

PERSONAL = "Appointment|Patient|Referral|ScheduleEvent|PatientClinic|Allocation|Cancellation"
UNSCOPED = re.compile(rf"\b(?:{PERSONAL})\.objects\.(?!visible_to\b|none\b)")
SCOPED_OTHERWISE = {
    "scheduling/views/draft.py": "referrals of a patient who was loaded as visible or identified",
    "scheduling/views/reach.py": "patients identified exactly, which is audited",
    "scheduling/api/views/appointments.py": "other rows of a visit that the caller sees",
    "scheduling/api/views/patients.py": "a subquery of patients that the caller sees",
    "scheduling/api/views/own.py": "the one patient whose token it is",
    "scheduling/api/views/own_appointments.py": "visits of the one patient whose token it is",
    "scheduling/api/views/appointment_rows.py": "prefetches of appointments that the caller sees",
}


def functions() -> Iterator[tuple[str, ast.FunctionDef]]:
    for path in sorted((ROOT / "scheduling").rglob("*.py")):
        if "migrations" not in path.parts and "demo" not in path.parts:
            for node in ast.walk(ast.parse(path.read_text())):
                if isinstance(node, ast.FunctionDef):
                    yield str(path.relative_to(ROOT)), node


def is_command(node: ast.FunctionDef) -> bool:
    return any(isinstance(each, ast.Call) and getattr(each.func, "id", "") == "command" for each in node.decorator_list)


def called_by(node: ast.FunctionDef) -> set[str]:
    calls = (each.func for each in ast.walk(node) if isinstance(each, ast.Call))
    return {getattr(call, "attr", getattr(call, "id", "")) for call in calls}


CALLS: dict[str, set[str]] = {}
for _, _node in functions():
    CALLS.setdefault(_node.name, set()).update(called_by(_node))
COMMANDS = sorted((path, node.name) for path, node in functions() if is_command(node))


def reaches(name: str) -> set[str]:
    found, open_names = set(), {name}
    while open_names:
        current = open_names.pop()
        found.add(current)
        open_names |= CALLS.get(current, set()) - found
    return found


def test_the_commands_are_where_we_look_for_them():
    assert len(COMMANDS) > 25


@pytest.mark.parametrize(("path", "name"), COMMANDS)
def test_no_command_changes_anything_without_a_record(path, name):
    assert name in KEEPS_NO_HISTORY or reaches(name) & RECORDS, f"{path}: {name} leaves no history and no audit row"


def doors() -> list[Path]:
    return sorted(path for room in ("views", "api") for path in (ROOT / "scheduling" / room).rglob("*.py"))


@pytest.mark.parametrize("path", doors(), ids=lambda path: str(path.relative_to(ROOT)))
def test_a_door_asks_for_nobodys_data_without_saying_for_whom(path):
    place = str(path.relative_to(ROOT))
    unscoped = [line.strip() for line in path.read_text().splitlines() if UNSCOPED.search(line)]

    assert bool(unscoped) == (place in SCOPED_OTHERWISE), unscoped


def test_only_the_commands_files_write_appointments():
    writing = re.compile(r"\bAppointment(?:\.objects\.(?:create|bulk_create|filter\(.*\)\.update)|\()")
    files = {
        str(path.relative_to(ROOT)) for path in (ROOT / "scheduling").rglob("*.py") if writing.search(path.read_text())
    }
    kept = {place for place in files if "migrations" not in place and "demo" not in place and "models" not in place}

    assert kept == {"scheduling/booking.py", "scheduling/rescheduling.py"}
