"""Trying a rule before it is saved: what it would do for a real visit, and a message to oneself."""

from __future__ import annotations

from uuid import UUID

from csp.decorators import csp
from django.contrib.auth.decorators import login_required
from django.http import Http404, HttpResponse
from django.shortcuts import render
from django.views.decorators.cache import never_cache
from django.views.decorators.clickjacking import xframe_options_sameorigin
from django.views.decorators.http import require_GET, require_POST

from carebridge.errors import DomainError, NotFound
from carebridge.http import StaffRequest, refusal
from reminders.messages import Draft, preview
from reminders.models import Medium, Rule, TrialMessage
from reminders.models.rule import TO_STAFF
from reminders.queries.trial import next_visit, try_out, visits_to_try
from reminders.trial_messages import queue_test
from reminders.views.outbox import AS_IN_A_MAILBOX
from reminders.views.rule_form import RuleForm
from reminders.views.rules import visible_rule
from reminders.wording import DEFAULT, LANGUAGES, Text
from scheduling.models import Appointment
from scheduling.patient_search import note_opened_visit
from scheduling.permissions import clinic_ids_with
from scheduling.roles import Permission

NO_VISIT = "There is no visit to come for which this rule could be. Type the reference of an earlier one."
NO_SUCH_VISIT = "There is no such visit among those this rule is for. Look at the reference again."


@login_required
@never_cache
@require_POST
def trial(request: StaffRequest, pk: int) -> HttpResponse:
    """What is in the form, for a visit: the fragment beside it, or without script a page of its own."""
    rule, form = _asked(request, pk)
    if not form.is_valid():
        return _tried(request, rule, {"invalid": form.errors})
    medium, language = _medium(request), _language(request)
    try:
        visit = _visit(request, rule)
        found = try_out(form.version(rule), form.draft(), visit, by=request.user, medium=medium, language=language)
    except DomainError as refused:
        return _tried(request, rule, {"error": refused}, refused.status)
    note_opened_visit(visit, by=request.user)
    own = form.draft().texts.get((found.language, found.message.medium), Text("", ""))
    return _tried(request, rule, {"trial": found, "own": own, "is_new": "narrower" in request.POST})


@login_required
@never_cache
@require_POST
@xframe_options_sameorigin
@csp(AS_IN_A_MAILBOX)  # type: ignore[arg-type]  # its types know no view with arguments
def mail(request: StaffRequest, pk: int) -> HttpResponse:
    """The email of a trial alone, as a mailbox shows it, for the frame beside the form."""
    rule = _rule(request, pk)
    language = _language(request) or DEFAULT
    own = Text(request.POST.get("subject", "")[:160], request.POST.get("body", "")[:6000])
    draft = Draft(rule.kind, {(language, Medium.EMAIL): own})
    try:
        visit = _visit(request, rule)
        reader = request.user if rule.kind in TO_STAFF else None
        message = preview(draft, visit, Medium.EMAIL, language, reader=reader)
    except DomainError as refused:
        raise Http404 from refused
    note_opened_visit(visit, by=request.user)
    return HttpResponse(message.html.replace("<head>", '<head><base target="_blank">', 1))


@login_required
@require_POST
def test(request: StaffRequest, pk: int) -> HttpResponse:
    """What is in the form, as a message to oneself: the fragment that says where it goes, then what became of it."""
    rule, form = _asked(request, pk)
    if not form.is_valid():
        return render(request, "reminders/rule_test.html", {"invalid": form.errors})
    try:
        sent = queue_test(
            draft=form.draft(),
            visit=_visit(request, rule),
            medium=_medium(request) if _medium(request) == Medium.SMS else Medium.EMAIL,
            language=_language(request) or DEFAULT,
            mobile=request.POST.get("mobile", ""),
            by=request.user,
        )
    except DomainError as refused:
        return refusal(request, "reminders/rule_test.html", refused)
    return render(request, "reminders/rule_test.html", {"test": sent})


@login_required
@never_cache
@require_GET
def test_state(request: StaffRequest, key: UUID) -> HttpResponse:
    """What became of a test of one's own: the same fragment."""
    found = TrialMessage.objects.visible_to(request.user).filter(pk=key).first()
    if found is None:
        raise Http404
    return render(request, "reminders/rule_test.html", {"test": found})


def _tried(request: StaffRequest, rule: Rule, context: dict[str, object], status: int = 200) -> HttpResponse:
    template = "rule_trial" if request.htmx else "rule_preview"  # type: ignore[attr-defined]
    return render(request, f"reminders/{template}.html", context | {"rule": rule, "nav": "rules"}, status=status)


def _rule(request: StaffRequest, pk: int) -> Rule:
    rule = visible_rule(request, pk)
    if not clinic_ids_with(request.user, Permission.EDIT_REMINDERS):
        raise Http404
    return rule


def _asked(request: StaffRequest, pk: int) -> tuple[Rule, RuleForm]:
    rule = _rule(request, pk)
    return rule, RuleForm(request.POST, kind=rule.kind)


def _visit(request: StaffRequest, rule: Rule) -> Appointment:
    """The visit that was named, or the next one. Raises NotFound."""
    reference = request.POST.get("reference", "").strip().upper()
    if not reference:
        found = next_visit(request.user, rule)
    else:
        found = visits_to_try(request.user, rule).filter(reference=reference).first()
    if found is None:
        raise NotFound(NO_SUCH_VISIT if reference else NO_VISIT)
    return found


def _medium(request: StaffRequest) -> str:
    given = request.POST.get("medium", "")
    return given if given in Medium.values else ""


def _language(request: StaffRequest) -> str:
    given = request.POST.get("language", "")
    return given if given in LANGUAGES else ""
