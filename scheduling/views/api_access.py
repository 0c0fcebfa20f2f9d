"""API access: one's own tokens, and the service accounts of the clinics where one hands out access."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.db.models import QuerySet
from django.http import Http404, HttpResponse, QueryDict
from django.shortcuts import redirect, render
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_POST

from carebridge.accounts.models import Role, User
from carebridge.accounts.tokens import ApiToken
from carebridge.errors import DomainError
from carebridge.http import StaffRequest
from scheduling import api_access
from scheduling.forms import add_errors
from scheduling.models import Clinic
from scheduling.permissions import clinic_roles
from scheduling.views.api_access_forms import ServiceAccountForm, TokenForm
from scheduling.views.reach import visible


@dataclass(frozen=True, slots=True)
class Row:
    """A token as a line of the list."""

    token: ApiToken
    scopes: Sequence[str]
    clinics: str

    @property
    def name(self) -> str:
        """What it is for."""
        return self.token.name or "Signed in to the API"


@login_required
@never_cache
@require_http_methods(["GET", "POST"])
def own_tokens(request: StaffRequest) -> HttpResponse:
    """One's own tokens, and the form for another; its secret is shown in the answer and never again."""
    return _tokens_page(request, request.user, "scheduling/api_access/own.html")


@login_required
@require_POST
def revoke(request: StaffRequest, pk: UUID) -> HttpResponse:
    """End a token at once."""
    token = visible(api_access.revocable_tokens(request.user).select_related("user"), pk)
    api_access.revoke_token(token=token, by=request.user)
    messages.success(request, f"{token.name or 'The sign-in'} opens nothing any more.")
    if token.user_id == request.user.pk:
        return redirect("scheduling:api-access")
    return redirect("scheduling:service-account", pk=token.user_id)


@login_required
@require_http_methods(["GET", "POST"])
def service_accounts(request: StaffRequest) -> HttpResponse:
    """Portals and apps, and the form for another one."""
    clinics = _granting_clinics(request)
    form = ServiceAccountForm(_posted(request), clinics=clinics)
    if request.method == "POST" and form.is_valid():
        try:
            account = api_access.create_service_account(
                name=form.cleaned_data["name"],
                role=Role(form.cleaned_data["role"]),
                clinics=list(form.cleaned_data["clinics"]),
                by=request.user,
            )
        except DomainError as refused:
            add_errors(form, refused)
        else:
            return redirect("scheduling:service-account", pk=account.pk)
    accounts = api_access.service_accounts_of(request.user)
    context = {"accounts": [(each, _places(clinic_roles(each))) for each in accounts], "form": form}
    return render(request, "scheduling/api_access/accounts.html", context, status=422 if form.errors else 200)


@login_required
@never_cache
@require_http_methods(["GET", "POST"])
def service_account(request: StaffRequest, pk: UUID) -> HttpResponse:
    """One portal or app: its tokens, another one, and its end."""
    account = visible(api_access.service_accounts_of(request.user), pk)
    return _tokens_page(request, account, "scheduling/api_access/account.html")


@login_required
@require_POST
def close(request: StaffRequest, pk: UUID) -> HttpResponse:
    """End a portal or app and all its tokens."""
    account = visible(api_access.service_accounts_of(request.user), pk)
    api_access.close_service_account(account=account, by=request.user)
    messages.success(request, f"{account.first_name} is closed, and its tokens open nothing any more.")
    return redirect("scheduling:service-accounts")


def _tokens_page(request: StaffRequest, owner: User, template: str) -> HttpResponse:
    form = TokenForm(_posted(request), owner=owner, clinics=_clinics_for(request, owner))
    secret = ""
    if request.method == "POST" and form.is_valid():
        try:
            issued = api_access.issue_token(user=owner, by=request.user, **form.wanted())
        except DomainError as refused:
            add_errors(form, refused)
        else:
            secret, form = issued.secret, TokenForm(owner=owner, clinics=_clinics_for(request, owner))
    context = {
        "account": owner,
        "rows": _rows(api_access.tokens_of(owner).select_related("created_by")),
        "form": form,
        "secret": secret,
        "roles": _places(clinic_roles(owner)),
        "may_grant": api_access.grantable_clinics(request.user).exists(),
    }
    return render(request, template, context, status=422 if form.errors else 200)


def _clinics_for(request: StaffRequest, owner: User) -> QuerySet[Clinic]:
    """Clinics that a new token may reach: the owner's, and for another's token where one hands out access."""
    theirs = Clinic.objects.active().filter(pk__in=clinic_roles(owner))
    return theirs & api_access.grantable_clinics(request.user) if owner.is_service else theirs


def _granting_clinics(request: StaffRequest) -> QuerySet[Clinic]:
    clinics = api_access.grantable_clinics(request.user)
    if not clinics.exists():
        raise Http404
    return clinics


def _rows(tokens: Iterable[ApiToken]) -> list[Row]:
    tokens = list(tokens)
    names = _names(clinic for token in tokens for clinic in token.clinic_ids or ())
    return [
        Row(
            token,
            token.scopes or (),
            ", ".join(names.get(each, "") for each in token.clinic_ids) if token.clinic_ids else "All your clinics",
        )
        for token in tokens
    ]


def _places(roles: Any) -> str:
    names = _names(roles)
    return "; ".join(
        f"{', '.join(role.label for role in sorted(held))} at {names.get(clinic, '')}" for clinic, held in roles.items()
    )


def _names(ids: Iterable[int]) -> dict[int, str]:
    return dict(Clinic.objects.filter(pk__in=set(ids)).values_list("pk", "name"))


def _posted(request: StaffRequest) -> QueryDict | None:
    """What was sent, an empty form included: that one is answered with what it lacks."""
    return request.POST if request.method == "POST" else None
