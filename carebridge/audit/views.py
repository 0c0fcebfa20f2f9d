"""The trail's screens: everything, refused attempts, one patient's, one person's, and the export."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import partial, wraps
from typing import Any
from uuid import UUID

from django import forms
from django.contrib.auth.decorators import login_required
from django.db.models import QuerySet
from django.http import Http404, HttpResponse
from django.shortcuts import get_object_or_404, render
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_GET, require_http_methods

from carebridge.audit.directory import Reach, directory
from carebridge.audit.filters import KINDS, TrailFilter, people_within
from carebridge.audit.models import LogEntry
from carebridge.audit.trail import log_access
from carebridge.audit.words import lines_of, what_of
from carebridge.errors import DomainError
from carebridge.exports import MOST_ROWS, export_csv
from carebridge.http import StaffRequest

PAGE = 50
COLUMNS = (
    *("Id", "Time (UTC)", "What", "Event", "Who", "Role", "Clinic", "Object", "Id of object", "Patient", "Refused"),
    *("Changed", "Request", "Address"),
)


View = Callable[..., HttpResponse]


class AuditRequest(StaffRequest):
    """A request of somebody who may look into the trail."""

    audit_reach: Reach


def auditors_only(view: View, *, refusals: bool = False) -> View:
    """For everybody else the trail is not there; of what was refused, for a few more people."""

    @login_required
    @never_cache
    @wraps(view)
    def wrapped(request: AuditRequest, **kwargs: Any) -> HttpResponse:
        request.audit_reach = directory().reach_of(request.user, refusals=refusals)
        if not request.audit_reach.clinics:
            raise Http404
        return view(request, **kwargs)

    return wrapped


@require_GET
@auditors_only
def everything(request: AuditRequest) -> HttpResponse:
    """Who did, saw or tried what."""
    return _page(request, _seen(request), tab="all", title="Audit trail")


@require_GET
@partial(auditors_only, refusals=True)
def refused(request: AuditRequest) -> HttpResponse:
    """What was tried and not allowed, and why; its links lead on for those who see all of that trail."""
    rows = _seen(request).filter(KINDS["refused"][1])
    leads_on = directory().reach_of(request.user) == request.audit_reach
    return _page(request, rows, tab="refused", title="Refused attempts", leads_on=leads_on)


@require_GET
@auditors_only
def patient(request: AuditRequest, pk: UUID) -> HttpResponse:
    """Who looked at or changed one patient. Looking here is itself a look."""
    name = directory().patient_name(request.user, pk)
    if name is None:
        raise Http404
    rows = _seen(request).about_patient(pk)
    log_access(request.user, event="patient.trail_viewed", by=request.user, facts={"patient": str(pk)})
    return _page(request, rows, tab="patient", title=f"Who looked at or changed {name}")


@require_GET
@auditors_only
def person(request: AuditRequest, pk: UUID) -> HttpResponse:
    """What one member of staff did, saw or tried."""
    who = get_object_or_404(people_within(request.audit_reach), pk=pk)
    rows = _seen(request).filter(actor=who)
    return _page(request, rows, tab="person", title=f"What {who.get_full_name() or who.username} did")


class ExportForm(forms.Form):
    """Why the trail is taken out of the house."""

    reason = forms.CharField(max_length=240, widget=forms.TextInput(attrs={"class": "input"}))


@require_http_methods(["GET", "POST"])
@auditors_only
def export(request: AuditRequest) -> HttpResponse:
    """The filtered rows as a file, with a reason. The filters stand in the address."""
    if not request.audit_reach.exports:
        raise Http404
    filters, rows = _filtered(request, _seen(request))
    form = ExportForm(request.POST or None)
    if form.is_valid() and filters.is_valid():
        try:
            return export_csv(
                name="audit",
                columns=COLUMNS,
                rows=_cells(rows, request.audit_reach),
                reason=form.cleaned_data["reason"],
                by=request.user,
                limit=MOST_ROWS,
                filters={key: value for key, value in request.GET.items() if value and key in filters.filters},
            )
        except DomainError as error:
            form.add_error("reason" if error.fields else None, error.fields.get("reason", error.message))
    counted = rows[: MOST_ROWS + 1].count()
    context = {"form": form, "counted": counted, "limit": MOST_ROWS, "filters": filters, "nav": "audit"}
    return render(request, "audit/export.html", context, status=422 if form.errors or filters.errors else 200)


def _seen(request: AuditRequest) -> Any:
    return LogEntry.objects.visible_within(request.audit_reach)


def _filtered(request: AuditRequest, rows: Any) -> tuple[TrailFilter, QuerySet[LogEntry]]:
    """The filters in the address and the rows they leave, youngest first: none where a filter can't be understood."""
    filters = TrailFilter(request.GET, rows, request=request)
    return filters, filters.qs.order_by("-id") if filters.is_valid() else rows.none()


def _page(
    request: AuditRequest, rows: QuerySet[LogEntry], *, tab: str, title: str, leads_on: bool = True
) -> HttpResponse:
    """One page of a trail, youngest first; older pages begin below a row's id, so rows added meanwhile move nothing."""
    filters, found = _filtered(request, rows)
    found = found.select_related("actor", "content_type")
    before = request.GET.get("before", "")
    if before.isdecimal() and len(before) < 19:
        found = found.filter(pk__lt=int(before))
    entries = list(found[: PAGE + 1])
    query = request.GET.copy()
    query.pop("before", None)
    newest = query.urlencode()
    if len(entries) > PAGE:
        query["before"] = str(entries[PAGE - 1].pk)
    context = {
        "lines": lines_of(entries[:PAGE], request.audit_reach.clinics),
        "filters": filters,
        "older": query.urlencode() if len(entries) > PAGE else "",
        "newest": newest if before else None,
        "query": newest,
        "reach": request.audit_reach,
        "leads_on": leads_on,
        "tab": tab,
        "title": title,
        "nav": "audit",
    }
    return render(request, "audit/trail.html", context, status=422 if filters.errors else 200)


def _cells(rows: QuerySet[LogEntry], reach: Reach) -> Iterator[tuple[Any, ...]]:
    for row in rows.select_related("actor", "content_type").iterator(chunk_size=1000):
        yield (
            row.pk,
            row.timestamp,
            what_of(row),
            row.event,
            row.actor.get_username() if row.actor else "",
            row.role,
            reach.clinics.get(row.clinic_id or 0, ""),
            row.content_type.name,
            row.object_pk,
            row.patient_id or "",
            "refused" if row.refused else "",
            ", ".join(row.changes or {}),
            row.cid or "",
            row.remote_addr or "",
        )
