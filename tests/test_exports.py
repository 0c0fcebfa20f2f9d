"""Spreadsheets that leave the house: limited, marked, recorded, and harmless to open."""

from __future__ import annotations

import csv
import io
from datetime import UTC, datetime

import pytest

from carebridge.audit.models import LogEntry
from carebridge.errors import InvalidInput
from carebridge.exports import TooManyRows, export_csv, neutral

REASON = "Yearly report to the board"


def table(response):
    return list(csv.reader(io.StringIO(response.content.decode("utf-8-sig"))))


@pytest.mark.parametrize(
    "typed",
    ["=1+1", "+44 7700", "-2", "@SUM(A1)", "\t=1", "\r=1", "＝1+1", "  =1+1", '=HYPERLINK("http://evil")', "\n=1"],
)
def test_text_that_begins_a_formula_is_made_text(typed):
    assert neutral(typed) == f"'{typed}"


@pytest.mark.parametrize("plain", ["Calloway", "10:30", "a=b", "", 7, -7, 1.5, None, True])
def test_other_cells_stay_as_they_are(plain):
    assert neutral(plain) == plain


def test_times_are_written_with_their_offset():
    assert neutral(datetime(2026, 11, 22, 9, tzinfo=UTC)) == "2026-11-22T09:00:00+00:00"


def test_a_file_says_first_and_last_who_took_it_and_why(receptionist):
    rows = [("=cmd", 1), ("Kessler", 2)]

    found = table(export_csv(name="patients", columns=("Name", "Visits"), rows=rows, reason=REASON, by=receptionist))

    assert found[0] == found[-1]
    assert "Maya Fielding (reception)" in found[0][0]
    assert "2 rows" in found[0][0]
    assert found[1:-1] == [["Name", "Visits"], ["'=cmd", "1"], ["Kessler", "2"]]


def test_an_export_is_recorded_with_reason_count_and_filters(receptionist):
    export_csv(name="patients", columns=("N",), rows=[(1,)], reason=REASON, by=receptionist, filters={"clinic": 3})

    row = LogEntry.objects.get(event="patients.exported")
    facts = {key: row.additional_data[key] for key in ("rows", "reason", "filters")}
    assert (row.actor, facts) == (receptionist, {"rows": 1, "reason": REASON, "filters": {"clinic": "3"}})


@pytest.mark.parametrize("reason", ["", "      x      ", "report"])
def test_an_export_without_a_reason_is_refused(receptionist, reason):
    with pytest.raises(InvalidInput):
        export_csv(name="patients", columns=("N",), rows=[], reason=reason, by=receptionist)


def test_an_export_over_the_limit_is_refused_before_anything_leaves(receptionist):
    asked = []

    def rows():
        for number in range(1_000):
            asked.append(number)
            yield (number,)

    with pytest.raises(TooManyRows):
        export_csv(name="patients", columns=("N",), rows=rows(), reason=REASON, by=receptionist, limit=10)
    assert len(asked) == 11
    assert not LogEntry.objects.filter(event="patients.exported").exists()
