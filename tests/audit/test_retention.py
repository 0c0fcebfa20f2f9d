"""What policy no longer asks to keep is removed; the rest can still be verified."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.db import DatabaseError, connection, transaction
from django.utils import timezone

from carebridge.audit.models import LogEntry, Seal
from carebridge.audit.retention import purge_batch, purge_by_policy
from carebridge.audit.sealing import seal_new
from tests.audit.conftest import rules_broken

pytestmark = pytest.mark.django_db


@pytest.fixture
def nine_years(write_rows, owner, settings):
    """Four rows nine years old and three of today, sealed in that order; eight years are kept."""
    settings.AUDIT_KEEP_DAYS = 8 * 365
    old = write_rows(4)
    owner("UPDATE audit_logentry SET timestamp = now() - interval '9 years'")
    new = write_rows(3)
    seal_new()
    return old, new


def test_rows_past_their_time_go_and_the_rest_still_verifies(nine_years):
    old, new = nine_years

    assert purge_by_policy() == Seal.objects.count() - len(new)
    seal_new()

    assert not LogEntry.objects.filter(pk__in=[row.pk for row in old]).exists()
    assert LogEntry.objects.filter(pk__in=[row.pk for row in new]).count() == 3
    assert rules_broken() == set()


def test_a_purge_is_itself_in_the_trail(nine_years):
    old, _ = nine_years

    purge_by_policy()

    entry = LogEntry.objects.get(event="audit.purged")
    assert entry.additional_data["rows"] >= len(old)
    assert entry.additional_data["process"].startswith("command ")


def test_a_row_deleted_beyond_what_was_purged_is_found(nine_years, owner):
    purge_by_policy()
    seal_new()
    owner("DELETE FROM audit_logentry WHERE id = %s", [nine_years[1][0].pk])

    assert rules_broken() == {"row_missing"}


def test_a_purge_stops_at_a_row_that_somebody_deleted_so_that_it_is_still_found(nine_years, owner):
    (first, *_), _ = nine_years
    owner("DELETE FROM audit_logentry WHERE id = %s", [first.pk])

    purge_by_policy()

    assert rules_broken() == {"row_missing"}


def test_nothing_is_purged_twice(nine_years):
    purge_by_policy()

    assert purge_by_policy() == 0


def test_a_year_is_kept_whatever_the_setting_says(nine_years, settings):
    settings.AUDIT_KEEP_DAYS = 0

    purge_by_policy()

    assert LogEntry.objects.filter(pk__in=[row.pk for row in nine_years[1]]).count() == 3


def test_the_database_refuses_to_purge_young_rows(nine_years):
    with pytest.raises(DatabaseError, match="append-only"), transaction.atomic():
        purge_batch(before=timezone.now() + timedelta(days=1), by=None)


def test_the_database_refuses_to_purge_what_was_never_sealed(write_rows, owner):
    (row,) = write_rows(1)
    owner("UPDATE audit_logentry SET timestamp = now() - interval '9 years' WHERE id = %s", [row.pk])

    connection.cursor().execute("SET LOCAL carebridge.purging_audit = 'on'")

    with pytest.raises(DatabaseError, match="append-only"), transaction.atomic():
        connection.cursor().execute("DELETE FROM audit_logentry WHERE id = %s", [row.pk])
