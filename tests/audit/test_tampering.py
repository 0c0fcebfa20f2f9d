"""Somebody who owns the database changes the trail: the verification tells, whatever they do."""

from __future__ import annotations

import json

import pytest
from django.core.management import CommandError, call_command
from django.db import DatabaseError, connection, transaction

from carebridge.audit.models import Seal, Unsealed
from carebridge.audit.sealing import START, link_hash, prints_of, seal_new
from tests.audit.conftest import rules_broken

pytestmark = pytest.mark.django_db


def test_an_untouched_trail_verifies(sealed, capsys):
    call_command("verify_audit")

    assert "seals agree" in capsys.readouterr().out
    assert Unsealed.objects.count() == 0


def test_an_edited_row_is_found(sealed, owner):
    owner("UPDATE audit_logentry SET actor_id = NULL, event = 'clinic.praised' WHERE id = %s", [sealed[4].pk])

    assert rules_broken() == {"row_changed"}


def test_a_row_deleted_from_the_middle_is_found(sealed, owner):
    owner("DELETE FROM audit_logentry WHERE id = %s", [sealed[4].pk])

    assert rules_broken() == {"row_missing"}


def test_a_row_deleted_with_its_seal_is_found(sealed, owner):
    owner("DELETE FROM audit_logentry WHERE id = %s", [sealed[4].pk])
    owner("DELETE FROM audit_seal WHERE entry_id = %s", [sealed[4].pk])

    assert {"seal_missing", "chain_broken"} <= rules_broken()


def test_a_tail_deleted_with_its_seals_is_found_by_the_anchors(sealed, owner):
    tail = [row.pk for row in sealed[-2:]]
    owner("DELETE FROM audit_logentry WHERE id = ANY(%s)", [tail])
    owner("DELETE FROM audit_seal WHERE entry_id = ANY(%s)", [tail])

    assert rules_broken() == {"tail_missing"}


def test_two_rows_exchanged_are_found(sealed, owner):
    first, second = sealed[2].pk, sealed[3].pk
    owner("UPDATE audit_logentry SET id = -1 WHERE id = %s", [first])
    owner("UPDATE audit_logentry SET id = %s WHERE id = %s", [first, second])
    owner("UPDATE audit_logentry SET id = %s WHERE id = -1", [second])

    assert rules_broken() == {"row_changed"}


def test_two_seals_exchanged_are_found(sealed, owner):
    """The order of rows is part of what was sealed."""
    for old, new in ((2, -1), (3, 2), (-1, 3)):
        owner("UPDATE audit_seal SET position = %s WHERE position = %s", [new, old])

    assert rules_broken() == {"chain_broken"}


def test_a_chain_made_anew_from_the_start_is_found_by_the_anchors(sealed, owner):
    owner("UPDATE audit_logentry SET event = 'clinic.praised' WHERE id = %s", [sealed[0].pk])
    previous, prints = START, prints_of(Seal.objects.values_list("entry_id", flat=True))
    for seal in Seal.objects.order_by("position"):
        row = prints[seal.entry_id]
        previous = link_hash(previous, seal.position, seal.entry_id, row)
        owner("UPDATE audit_seal SET row_hash = %s, chain_hash = %s WHERE position = %s", [row, previous, seal.pk])

    assert rules_broken() == {"chain_rewritten"}


def test_a_row_taken_out_of_the_queue_is_found(sealed, write_rows, owner):
    (row,) = write_rows(1)
    owner("DELETE FROM audit_unsealed WHERE entry_id = %s", [row.pk])
    owner("UPDATE audit_logentry SET timestamp = timestamp - interval '1 hour' WHERE id = %s", [row.pk])
    seal_new()

    assert rules_broken() == {"row_unsealed"}


def test_a_row_deleted_before_it_was_sealed_is_found_and_stops_no_other(sealed, write_rows, owner):
    gone, kept = write_rows(2)
    owner("DELETE FROM audit_logentry WHERE id = %s", [gone.pk])
    seal_new()

    assert rules_broken() == {"row_missing"}
    assert Seal.objects.filter(entry_id=kept.pk).exists()


def test_the_command_fails_when_the_trail_was_touched(sealed, owner, capsys):
    owner("DELETE FROM audit_logentry WHERE id = %s", [sealed[4].pk])

    with pytest.raises(CommandError):
        call_command("verify_audit")
    assert f"row_missing: entry {sealed[4].pk}" in capsys.readouterr().err


@pytest.mark.parametrize("table", ["audit_logentry", "audit_seal"])
@pytest.mark.parametrize("statement", ["DELETE FROM {}", "UPDATE {} SET {} = {}"])
def test_the_database_refuses_to_change_or_delete_rows_and_seals(sealed, table, statement):
    column = {"audit_logentry": "id", "audit_seal": "position"}[table]

    with pytest.raises(DatabaseError, match=r"append-only|Cannot update or delete"), transaction.atomic():
        connection.cursor().execute(statement.format(table, column, column))


def test_every_head_is_anchored_once_outside_the_database(sealed, anchor_file):
    seal_new()

    lines = [json.loads(line) for line in anchor_file.read_text().splitlines()]
    heads = list(Seal.objects.order_by("-position").values_list("position", "chain_hash")[:1])
    assert (lines[-1]["position"], bytes.fromhex(lines[-1]["hash"])) == (heads[0][0], bytes(heads[0][1]))
    assert len({line["position"] for line in lines}) == len(lines) == 2


def test_a_head_that_could_not_be_anchored_is_anchored_later(write_rows, settings, anchor_file, tmp_path):
    settings.AUDIT_ANCHOR_FILE = str(tmp_path)  # a folder can't be appended to
    write_rows(1)
    seal_new()
    settings.AUDIT_ANCHOR_FILE = str(anchor_file)

    seal_new()

    assert len(anchor_file.read_text().splitlines()) == 1
    assert rules_broken() == set()
