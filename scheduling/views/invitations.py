"""Inviting a colleague, and seeing who has not come yet."""

from __future__ import annotations

from typing import Any

from django import forms
from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.contrib.auth.validators import UnicodeUsernameValidator
from django.http import Http404, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.views.decorators.http import require_http_methods, require_POST

from carebridge.accounts.models import Role, User
from carebridge.errors import DomainError
from carebridge.http import StaffRequest
from scheduling.forms import StyledForm
from scheduling.invitations import invite_again, invite_colleague, waiting_for
from scheduling.memberships import GROUP_ROLES
from scheduling.models import Clinic
from scheduling.permissions import clinic_ids_with, clinic_roles
from scheduling.roles import Permission


class InviteForm(StyledForm):
    """Who comes, where, as what. Only clinics and roles that the inviting person may hand out are offered."""

    first_name = forms.CharField(label="First name", max_length=150)
    last_name = forms.CharField(label="Last name", max_length=150)
    username = forms.CharField(label="User name", max_length=150, validators=[UnicodeUsernameValidator()])
    email = forms.EmailField(label="Work email", max_length=254, widget=forms.EmailInput(attrs={"class": "input"}))
    clinic = forms.ModelChoiceField(Clinic.objects.none(), empty_label=None)
    role = forms.ChoiceField()

    def __init__(self, *args: Any, user: User, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        clinics = clinic_ids_with(user, Permission.GRANT_ACCESS)
        self.fields["clinic"].queryset = Clinic.objects.visible_to(user).filter(pk__in=clinics)  # type: ignore[attr-defined]
        group = any(Role.SYSTEM_ADMINISTRATOR in held for held in clinic_roles(user).values())
        offered = [role for role in Role if group or role not in GROUP_ROLES]
        self.fields["role"].choices = [(role.value, role.label) for role in offered]  # type: ignore[attr-defined]


@login_required
@require_http_methods(["GET", "POST"])
def invite(request: StaffRequest) -> HttpResponse:
    """The form, and below it who was invited and has not come."""
    if not clinic_ids_with(request.user, Permission.GRANT_ACCESS):
        raise Http404
    form = InviteForm(request.POST or None, user=request.user)
    if request.method == "POST" and form.is_valid():
        try:
            sent = invite_colleague(**form.cleaned_data, by=request.user)
        except DomainError as refused:
            for field, sentence in refused.fields.items() or [(None, refused.message)]:
                form.add_error(field, sentence)
        else:
            messages.success(request, f"Invited: {sent.user.get_full_name()}. The link works for three days.")
            return redirect("scheduling:invite")
    context = {"form": form, "waiting": waiting_for(request.user), "now": timezone.now()}
    return render(request, "scheduling/invite.html", context, status=422 if form.errors else 200)


@login_required
@require_POST
def again(request: StaffRequest, pk: int) -> HttpResponse:
    """A new link in place of the old one."""
    invitation = get_object_or_404(waiting_for(request.user), pk=pk)
    try:
        invite_again(invitation=invitation, by=request.user)
    except DomainError as refused:
        messages.error(request, refused.message)
    else:
        messages.success(request, f"Sent again: {invitation.user.get_full_name()}. The earlier link has ended.")
    return redirect("scheduling:invite")
