"""Filters of the list that people keep for themselves."""

from __future__ import annotations

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import Http404, HttpResponse
from django.shortcuts import redirect
from django.urls import reverse
from django.views.decorators.http import require_POST

from carebridge.errors import DomainError
from carebridge.http import StaffRequest
from waitlist import saved_filters
from waitlist.models import SavedFilter
from waitlist.queries.ranking import Filters
from waitlist.views.dashboard import clinics_of


@login_required
@require_POST
def keep(request: StaffRequest) -> HttpResponse:
    """Keep the filters that were sent, under a name, and go on with them."""
    clinics_of(request)
    query = Filters.of(request.POST.dict()).query
    try:
        saved_filters.save_filter(name=request.POST.get("name", ""), query=query, by=request.user)
    except DomainError as refused:
        messages.error(request, " ".join(refused.fields.values()) or refused.message)
    return redirect(f"{reverse('waitlist:list')}?{query}#ranked-title")


@login_required
@require_POST
def remove(request: StaffRequest, pk: int) -> HttpResponse:
    """Let go of one."""
    kept = SavedFilter.objects.filter(owner=request.user, pk=pk).first()
    if kept is None:
        raise Http404
    saved_filters.remove_filter(kept=kept, by=request.user)
    return redirect(f"{reverse('waitlist:list')}#ranked-title")
