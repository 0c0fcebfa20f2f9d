"""Rules of messages: what holds where, what each says, and what it said before."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import Http404, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from carebridge.errors import DomainError
from carebridge.http import StaffRequest
from reminders.models import Rule, RuleVersion
from reminders.placeholders import PLACEHOLDERS
from reminders.queries.rule_list import line_of, sections_of, visible_rules
from reminders.rule_changes import Terms, Words, may_edit, save_rule, switch_rule
from reminders.rule_words import scope_name
from reminders.views.rule_form import RuleForm, values_of
from scheduling.models import AppointmentType, Clinic
from scheduling.permissions import clinic_ids_with
from scheduling.roles import Permission
from scheduling.views.patients import add_errors

FIELD_OF = {"media": "first", "texts": None, "kind": None}
"""Where what a command says of a value stands in the form, if not under the same name."""


@login_required
@require_GET
def rules(request: StaffRequest) -> HttpResponse:
    """Every rule by kind; of one clinic and type, which one holds there and why the others don't."""
    clinics = _clinics(request)
    types = AppointmentType.objects.visible_to(request.user).select_related("service")
    clinic = next((each for each in clinics if str(each.pk) == request.GET.get("clinic")), None)
    kind_of_visit = next((each for each in types if str(each.pk) == request.GET.get("type")), None)
    chosen = {"clinic_id": clinic.pk, "type_id": kind_of_visit.pk} if clinic and kind_of_visit else {}
    context = {
        "sections": sections_of(request.user, _editable(request, clinics), **chosen),
        "clinics": clinics,
        "types": types,
        "clinic": clinic,
        "type": kind_of_visit,
        "chosen": bool(chosen),
        "half_chosen": bool(clinic or kind_of_visit) and not chosen,
        "nav": "rules",
    }
    return render(request, "reminders/rules.html", context)


@login_required
@require_http_methods(["GET", "POST"])
def rule(request: StaffRequest, pk: int) -> HttpResponse:
    """One rule as it is, with its form for whoever may change it; and what is posted there as the next version."""
    found = visible_rule(request, pk)
    version = current(found)
    form = RuleForm(request.POST or None, kind=found.kind, initial=values_of(version))
    if request.method == "POST":
        require_editor(request, found)
        if form.is_valid() and _saved(request, form, found, _number(request)):
            return redirect("reminders:rule", pk=pk)
    return render(request, "reminders/rule.html", _context(request, found, form), status=422 if form.errors else 200)


@login_required
@require_POST
def switch(request: StaffRequest, pk: int) -> HttpResponse:
    """A rule off or on."""
    found = visible_rule(request, pk)
    require_editor(request, found)
    is_on = request.POST.get("on") == "1"
    try:
        switch_rule(rule=found, is_active=is_on, by=request.user, number=_number(request))
        messages.success(request, f"{found.get_kind_display()}, {scope_name(found)}: {'on' if is_on else 'off'}.")
    except DomainError as refused:
        messages.error(request, refused.message)
    return redirect("reminders:rules")


@login_required
@require_GET
def version(request: StaffRequest, pk: int, number: int) -> HttpResponse:
    """What a rule said before, to read and to take up again."""
    found = visible_rule(request, pk)
    older = _version(found, number)
    context = {
        "rule": found,
        "version": older,
        "line": line_of(_as_of(found, older), {}),
        "texts": older.texts.all(),
        "may_edit": may_edit(request.user, found.clinic_id),
        "number": current(found).number,
        "nav": "rules",
    }
    return render(request, "reminders/rule_version.html", context)


@login_required
@require_POST
def restore(request: StaffRequest, pk: int, number: int) -> HttpResponse:
    """An older version as the newest one."""
    found = visible_rule(request, pk)
    require_editor(request, found)
    older = _version(found, number)
    try:
        saved = save_rule(
            **scope_of(found), terms=Terms.of(older), texts=_words(older), number=_number(request), by=request.user
        )
        messages.success(request, f"Version {number} holds again, as version {saved.number}.")
    except DomainError as refused:
        messages.error(request, refused.message)
    return redirect("reminders:rule", pk=pk)


def visible_rule(request: StaffRequest, pk: int) -> Rule:
    """The rule, or Http404: unseen and unknown are the same answer."""
    found = visible_rules(request.user).filter(pk=pk).first()
    if found is None:
        raise Http404
    return found


def require_editor(request: StaffRequest, found: Rule) -> None:
    """Raise Http404 for somebody who changes no rules anywhere; the command refuses the rest in words."""
    if not clinic_ids_with(request.user, Permission.EDIT_REMINDERS):
        raise Http404


def _context(request: StaffRequest, found: Rule, form: RuleForm) -> dict[str, Any]:
    """What the page of a rule shows."""
    return {
        "rule": found,
        "form": form,
        "line": line_of(found, {}),
        "may_edit": may_edit(request.user, found.clinic_id),
        "may_narrow": bool(clinic_ids_with(request.user, Permission.EDIT_REMINDERS)),
        "number": current(found).number,
        "versions": found.versions.select_related("saved_by"),
        "placeholders": PLACEHOLDERS,
        "nav": "rules",
    }


def current(found: Rule) -> RuleVersion:
    """What the rule says now."""
    assert found.current is not None  # noqa: S101 - visible_rules
    return found.current


def scope_of(found: Rule) -> dict[str, Any]:
    """The rule's kind, slot and scope, as the command takes them."""
    return {name: getattr(found, name) for name in ("kind", "slot", "clinic", "service", "appointment_type")}


def add_refusal(form: RuleForm, refused: DomainError) -> None:
    """What a command refuses, beside the fields it names."""
    fields = {FIELD_OF.get(name, name) or "": words for name, words in refused.fields.items()}
    add_errors(form, DomainError(refused.message, code=refused.code, fields=fields))


def _saved(request: StaffRequest, form: RuleForm, found: Rule, number: int | None) -> bool:
    try:
        saved = save_rule(**scope_of(found), terms=form.terms(), texts=form.texts(), number=number, by=request.user)
    except DomainError as refused:
        add_refusal(form, refused)
        return False
    messages.success(request, f"Saved as version {saved.number}. Visits to come are planned by it within minutes.")
    return True


def _clinics(request: StaffRequest) -> list[Clinic]:
    """Clinics whose rules the user sees, or Http404."""
    held = clinic_ids_with(request.user, Permission.SEE_REMINDERS)
    if not held:
        raise Http404
    return list(Clinic.objects.visible_to(request.user).filter(pk__in=held))


def _editable(request: StaffRequest, clinics: list[Clinic]) -> Mapping[int | None, bool]:
    held = clinic_ids_with(request.user, Permission.EDIT_REMINDERS)
    here: dict[int | None, bool] = {each.pk: each.pk in held for each in clinics}
    return {**here, None: may_edit(request.user, None)} if held else here


def _number(request: StaffRequest) -> int | None:
    """The version that the person saw."""
    given = request.POST.get("number", "")
    return int(given) if given.isdecimal() and len(given) < 6 else None


def _version(found: Rule, number: int) -> RuleVersion:
    older = found.versions.select_related("saved_by").filter(number=number).first()
    if older is None:
        raise Http404
    return older


def _as_of(found: Rule, older: RuleVersion) -> Rule:
    """The rule as if the version held, for its words."""
    found = Rule(pk=found.pk, **scope_of(found))
    found.current = older
    return found


def _words(older: RuleVersion) -> list[Words]:
    return [
        Words(language=each.language, medium=each.medium, subject=each.subject, body=each.body)
        for each in older.texts.all()
    ]
