"""A new rule beside a broader one: for a clinic, a service or a type of visit."""

from __future__ import annotations

from typing import Any

from django import forms
from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import Http404, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_http_methods

from carebridge.errors import DomainError
from carebridge.http import StaffRequest
from reminders.models import Rule
from reminders.placeholders import PLACEHOLDERS
from reminders.queries.rule_list import visible_rules
from reminders.rule_changes import may_edit, save_rule
from reminders.views.rule_form import RuleForm, values_of
from reminders.views.rules import add_refusal, current, visible_rule
from scheduling.forms import StyledForm
from scheduling.models import AppointmentType, Clinic, Service
from scheduling.permissions import clinic_ids_with
from scheduling.roles import Permission


class ScopeForm(StyledForm):
    """For whom the new rule is."""

    clinic = forms.ModelChoiceField(Clinic.objects.none(), label="Clinic", required=False, empty_label="Every clinic")
    service = forms.ModelChoiceField(Service.objects.none(), required=False, empty_label="Every service")
    appointment_type = forms.ModelChoiceField(
        AppointmentType.objects.none(), label="Type of visit", required=False, empty_label="Every type"
    )

    def __init__(self, *args: Any, request: StaffRequest, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        user = request.user
        held = clinic_ids_with(user, Permission.EDIT_REMINDERS)
        clinics = Clinic.objects.visible_to(user).filter(pk__in=held)
        if not may_edit(user, None):
            self.fields["clinic"].required = True
            self.fields["clinic"].empty_label = None  # type: ignore[attr-defined]
        self.fields["clinic"].queryset = clinics  # type: ignore[attr-defined]
        self.fields["service"].queryset = Service.objects.all()  # type: ignore[attr-defined]
        types = AppointmentType.objects.visible_to(user).select_related("service")
        self.fields["appointment_type"].queryset = types  # type: ignore[attr-defined]

    def clean(self) -> dict[str, Any]:
        """A type is of one service already."""
        data = super().clean() or {}
        if data.get("service") and data.get("appointment_type"):
            self.add_error("service", "Choose a service or a type, not both: a type is of one service already.")
        if not any(data.values()) and not self.errors:
            self.add_error("clinic", "Choose whom the new rule is for: a clinic, a service or a type.")
        return data


@login_required
@require_http_methods(["GET", "POST"])
def narrower(request: StaffRequest, pk: int) -> HttpResponse:
    """The forms, filled in with what the broader rule says, and the rule that they make."""
    broader = visible_rule(request, pk)
    if not clinic_ids_with(request.user, Permission.EDIT_REMINDERS):
        raise Http404
    scope = ScopeForm(request.POST or None, request=request, initial={"clinic": broader.clinic_id})
    form = RuleForm(request.POST or None, kind=broader.kind, initial=values_of(current(broader)))
    if request.method == "POST" and all([scope.is_valid(), form.is_valid()]):
        made = _made(request, broader, scope, form)
        if made is not None:
            return redirect("reminders:rule", pk=made.pk)
    context = {"broader": broader, "scope": scope, "form": form, "placeholders": PLACEHOLDERS, "nav": "rules"}
    wrong = form.errors or scope.errors
    return render(request, "reminders/rule_new.html", context, status=422 if wrong else 200)


def _made(request: StaffRequest, broader: Rule, scope: ScopeForm, form: RuleForm) -> Rule | None:
    where = {"kind": broader.kind, "slot": broader.slot, **scope.cleaned_data}
    existing = visible_rules(request.user).filter(**{k: v for k, v in where.items() if v})
    missing = {f"{name}__isnull": True for name, value in where.items() if value is None}
    if existing.filter(**missing).exists():
        scope.add_error("clinic", "There is a rule of this kind for just these visits. Change that one.")
        return None
    try:
        saved = save_rule(**where, terms=form.terms(), texts=form.texts(), number=0, by=request.user)
    except DomainError as refused:
        add_refusal(form, refused)
        return None
    messages.success(request, "The rule holds from now on. Visits to come are planned by it within minutes.")
    return saved.rule
