"""Your account: password, second factor, where you are signed in. And the first visit by an invitation."""

from __future__ import annotations

from typing import Any, cast

from allauth.account.internal.decorators import login_not_required
from allauth.mfa.adapter import get_adapter
from allauth.mfa.models import Authenticator
from allauth.mfa.webauthn.views import RemoveWebAuthnView
from allauth.usersessions.models import UserSession
from django import forms
from django.contrib import messages
from django.contrib.auth import logout, password_validation
from django.contrib.auth.decorators import login_required
from django.contrib.auth.forms import SetPasswordMixin
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.views.decorators.cache import never_cache
from django.views.decorators.debug import sensitive_post_parameters
from django.views.decorators.http import require_http_methods, require_POST

from carebridge.accounts import factors, invitations, sessions
from carebridge.accounts.browsers import browser_words
from carebridge.accounts.models import User
from carebridge.errors import NotFound
from carebridge.http import StaffRequest


@login_required
@never_cache
def account(request: StaffRequest) -> HttpResponse:
    """Everything about one's own sign-in on one page."""
    owned = Authenticator.objects.filter(user=request.user)
    context = {
        "sessions": _sessions_of(request),
        "app": owned.filter(type=Authenticator.Type.TOTP).first(),
        "passkeys": owned.filter(type=Authenticator.Type.WEBAUTHN).order_by("created_at"),
        "codes": owned.filter(type=Authenticator.Type.RECOVERY_CODES).first(),
        "needs_factor": factors.needs_factor(request.user),
    }
    return render(request, "account/account.html", context)


@require_http_methods(["GET", "POST"])
@never_cache
def session(request: HttpRequest) -> JsonResponse:
    """When this session ends; a POST says that somebody is here. 401 once it is over."""
    clock = sessions.clock_of(request)
    if clock is None:
        return JsonResponse({"signed_in": False}, status=401)
    if request.method == "POST":
        sessions.note_activity(request.session_record, clock.now)  # type: ignore[attr-defined]
        clock = cast(sessions.Clock, sessions.clock_of(request))
    body = {"signed_in": True, "idle_at": clock.idle_at, "ends_at": clock.ends_at, "now": clock.now}
    return JsonResponse(body)


@login_required
@require_POST
def end_session(request: StaffRequest, record_id: int) -> HttpResponse:
    """Sign one other browser out."""
    try:
        sessions.end_session(record_id=record_id, user=request.user, by=request.user)
    except NotFound as error:
        messages.info(request, error.message)
    else:
        messages.success(request, "Signed out there. Open screens close within seconds.")
    return redirect("account")


@login_required
@require_POST
def end_others(request: StaffRequest) -> HttpResponse:
    """Sign out everywhere but here."""
    sessions.sign_out_everywhere(user=request.user, by=request.user, keep=request.session.session_key)
    messages.success(request, "Signed out everywhere else. API tokens have ended too.")
    return redirect("account")


@login_required
@require_POST
def end_all(request: StaffRequest) -> HttpResponse:
    """Sign out everywhere, here included."""
    sessions.sign_out_everywhere(user=request.user, by=request.user, keep=request.session.session_key)
    logout(request)
    return redirect("account_login")


@login_required
@never_cache
def factors_page(request: StaffRequest, **kwargs: Any) -> HttpResponse:
    """Where allauth leads after every change of factors: the account, or the choice of a first one."""
    if factors.is_complete(request.session, request.user):
        return redirect("account")
    return render(request, "mfa/index.html")


class RemovePasskey(RemoveWebAuthnView):
    """allauth's page, which would also remove the last factor of somebody who needs one."""

    success_url = "/accounts/"

    def form_valid(self, form: forms.Form) -> HttpResponse:
        if not get_adapter().can_delete_authenticator(self.get_object()):
            messages.error(self.request, "This is your last second factor. Add another one first, then remove this.")
            return redirect("account")
        return super().form_valid(form)


class FirstPasswordForm(SetPasswordMixin, forms.Form):
    """A password, twice."""

    password1, password2 = SetPasswordMixin.create_password_fields("Password", "Password again")

    def __init__(self, user: User, *args: Any, **kwargs: Any) -> None:
        self.user = user
        super().__init__(*args, **kwargs)
        self.fields["password1"].help_text = password_rules()

    def clean(self) -> dict[str, Any]:
        """Raises ValidationError when they differ or break a rule."""
        self.validate_passwords("password1", "password2")
        self.validate_password_for_user(self.user, "password2")
        return self.cleaned_data


@login_not_required
@never_cache
@sensitive_post_parameters()
def invitation(request: HttpRequest, link: str) -> HttpResponse:
    """The first visit: choose a password; signing in then leads to the second factor."""
    try:
        invited = invitations.open_invitation(link)
        form = FirstPasswordForm(invited.user, request.POST if request.method == "POST" else None)
        if request.method == "POST" and form.is_valid():
            request.proved_by_link = invitations.accept_invitation(  # type: ignore[attr-defined]
                link=link, password=form.cleaned_data["password1"]
            )
            messages.success(request, "Your password is set. Sign in with it to set up your second factor.")
            return redirect("account_login")
    except invitations.InvitationOver as error:
        return render(request, "account/invitation_over.html", {"error": error}, status=error.status)
    status = 422 if form.errors else 200
    return render(request, "account/invitation.html", {"form": form, "invited": invited}, status=status)


def password_rules() -> str:
    """What a new password must be, in one line."""
    return " ".join(filter(None, password_validation.password_validators_help_texts()))


def _sessions_of(request: StaffRequest) -> list[dict[str, Any]]:
    """One's own sessions that still hold, the latest first."""
    now, current = timezone.now(), request.session.session_key
    records = [each for each in UserSession.objects.purge_and_list(request.user) if not sessions.over(each, now)]
    return [
        {
            "id": record.pk,
            "device": browser_words(record.user_agent),
            "ip": "" if record.ip == "::" else record.ip,
            "since": record.created_at,
            "seen": record.last_seen_at,
            "current": record.session_key == current,
        }
        for record in sorted(records, key=lambda each: each.last_seen_at, reverse=True)
    ]
