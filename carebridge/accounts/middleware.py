"""At every request: is the session still good, and has it shown a second factor?"""

from __future__ import annotations

import contextlib
from collections.abc import Callable

from django.conf import settings
from django.contrib import messages
from django.contrib.auth import logout
from django.contrib.auth.models import AnonymousUser
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import resolve_url
from django.urls import resolve, reverse
from django.urls.exceptions import Resolver404
from django.utils import timezone

from carebridge.accounts import devices, factors, sessions
from carebridge.accounts.lockout import account_name
from carebridge.accounts.models import User
from carebridge.errors import NotFound
from carebridge.http import plain_problem

Answer = Callable[[HttpRequest], HttpResponse]
WORDS = {
    "idle": "You were signed out because nothing happened here for 15 minutes.",
    "too_long": "You were signed out because 12 hours had passed. Sign in again to go on.",
}
WITHOUT_FACTOR = frozenset(
    {
        "account_login",
        "account_logout",
        "account_reauthenticate",
        "account-session",
        "mfa_index",
        "mfa_activate_totp",
        "mfa_add_webauthn",
        "mfa_authenticate",
        "mfa_reauthenticate",
        "mfa_reauthenticate_webauthn",
    }
)
"""Where somebody may go who has yet to set up a second factor, by URL name."""


class SessionLimits:
    """Ends sessions that are idle or old, notes activity, and makes browsers known that sign-in was completed in."""

    def __init__(self, get_response: Answer) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        if isinstance(request.user, User):
            self.check(request, request.user)
        response = self.get_response(request)
        self.make_known(request, response)
        return _for_fragments(request, response)

    def check(self, request: HttpRequest, user: User) -> None:
        """End the session if it is over; otherwise note the activity, if it is any."""
        record, now = sessions.find_or_note(request, user), timezone.now()
        reason = sessions.over(record, now) if record else "ended"
        if record and not reason:
            if sessions.is_activity(request):
                sessions.note_activity(record, now)
            request.session_record = record  # type: ignore[attr-defined]
            return
        request.session.flush()
        request.user = AnonymousUser()
        if record:
            with contextlib.suppress(NotFound):  # another request of the same moment was first
                sessions.end_session(record_id=record.pk, user=user, by=None, reason=reason)
            messages.info(request, WORDS[reason])

    def make_known(self, request: HttpRequest, response: HttpResponse) -> None:
        """Hand out the device cookie, on the sign-in pages only: no other page ever receives it."""
        if not request.path.startswith(devices.PATH):
            return
        user = getattr(request, "proved_by_link", None) or request.user
        if not isinstance(user, User):
            return
        name = account_name(user.username)
        proved = hasattr(request, "proved_by_link") or factors.is_complete(request.session, user)
        if proved and not devices.known(request, name):
            devices.remember(response, user, name)


class SecondFactorRequired:
    """Whoever is signed in without having shown a second factor reaches its set-up and sign-out, nothing else."""

    def __init__(self, get_response: Answer) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        user = request.user
        if not isinstance(user, User) or factors.is_complete(request.session, user) or _is_open_to_all(request):
            return self.get_response(request)
        if factors.has_factor(user):
            # Signed in before the factor was set up, perhaps by whoever stole the password: the factor is asked now.
            logout(request)
            return _sign_in_again(request)
        return self.confined(request)

    def confined(self, request: HttpRequest) -> HttpResponse:
        """Let the set-up pages answer; send everything else there."""
        try:
            name = resolve(request.path_info).url_name
        except Resolver404:
            name = None
        if name in WITHOUT_FACTOR:
            return self.get_response(request)
        if request.path.startswith("/api/"):
            return _missing()
        return HttpResponseRedirect(reverse("mfa_index"))


def _is_open_to_all(request: HttpRequest) -> bool:
    return request.path.startswith((settings.STATIC_URL, "/healthz", "/readyz", "/metrics", "/accounts/invitation/"))


def _sign_in_again(request: HttpRequest) -> HttpResponse:
    if request.path.startswith("/api/"):
        return _missing()
    return HttpResponseRedirect(resolve_url(settings.LOGIN_URL))


def _missing() -> HttpResponse:
    return plain_problem(403, "second_factor_missing", "Set up a second factor on the site first.")


def _for_fragments(request: HttpRequest, response: HttpResponse) -> HttpResponse:
    """A part of a page can't become the sign-in page: htmx gets a 401, on which the page goes there, input kept."""
    if not request.headers.get("HX-Request") or not isinstance(response, HttpResponseRedirect):
        return response
    leads_out = response.url.startswith((resolve_url(settings.LOGIN_URL), reverse("mfa_index")))
    return HttpResponse(status=401) if leads_out and not request.path.startswith("/accounts/") else response
