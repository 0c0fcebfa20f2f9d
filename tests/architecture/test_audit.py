"""No change goes unaudited: every command, every admin action and every admin page that changes rows leaves a row."""

from __future__ import annotations

from typing import Any

import pytest
from auditlog.registry import auditlog
from django.contrib import admin
from django.contrib.admin.options import ModelAdmin
from django.test import RequestFactory

from tests.architecture.code import COMMANDS, calls_of, reaches

RECORDS = {"record_appointment", "record_roster", "log_change", "log_access"}
KEEPS_NO_HISTORY = {"_retry": "runs another app's reaction again, and changes nothing of its own"}
OURS = ("scheduling.", "carebridge.")


def our_admins() -> list[ModelAdmin]:
    return [each for each in admin.site._registry.values() if type(each).__module__.startswith(OURS)]


def test_the_commands_are_where_we_look_for_them():
    assert len(COMMANDS) > 40


@pytest.mark.parametrize(("place", "name"), sorted(COMMANDS))
def test_every_command_leaves_a_row(place, name):
    assert name in KEEPS_NO_HISTORY or reaches({name}) & RECORDS, f"{place}: {name} leaves no audit row"


def actions() -> list[Any]:
    pairs = [(each, name) for each in our_admins() for name in each.actions or () if isinstance(name, str)]
    return [pytest.param(each, name, id=f"{each.model.__name__}.{name}") for each, name in pairs]


@pytest.mark.parametrize(("model_admin", "name"), actions())
def test_every_admin_action_runs_a_command(model_admin, name):
    assert reaches(calls_of(getattr(model_admin, name))) & RECORDS


@pytest.mark.django_db
@pytest.mark.parametrize("model_admin", our_admins(), ids=lambda each: each.model.__name__)
def test_every_admin_page_that_changes_rows_is_audited(model_admin, sysadmin):
    """By a command behind the save, or by being followed row by row."""
    request = RequestFactory().get("/admin/")
    request.user = sysadmin
    for page in (model_admin, *model_admin.get_inline_instances(request)):
        adding = (request,) if page is model_admin else (request, None)
        may = (
            page.has_add_permission(*adding),
            page.has_change_permission(request),
            page.has_delete_permission(request),
        )
        if not any(may):
            continue
        saved_by = {name: getattr(type(model_admin), name) for name in ("save_model", "save_formset", "save_related")}
        own = [method for name, method in saved_by.items() if method is not getattr(ModelAdmin, name)]
        by_command = any(reaches(calls_of(method)) & RECORDS for method in own)
        assert auditlog.contains(page.model) or by_command, f"{page.model.__name__} can be changed unseen"
