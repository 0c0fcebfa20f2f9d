"""How long somebody stays signed in, where they are signed in, and how that ends at once.

A session ends after a quarter of an hour without its person doing anything, and after twelve hours in any case. Pages
that look for news by themselves are not somebody doing something.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from allauth.account.adapter import get_adapter
from allauth.usersessions.models import UserSession
from django.conf import settings
from django.contrib.auth import HASH_SESSION_KEY, SESSION_KEY
from django.contrib.sessions.models import Session
from django.http import HttpRequest
from django.utils import timezone
from django.utils.crypto import constant_time_compare, salted_hmac

from carebridge.accounts import factors
from carebridge.accounts.models import User
from carebridge.accounts.tokens import ApiToken
from carebridge.audit.trail import Action, log_change
from carebridge.db import command
from carebridge.errors import NotFound

NOTED_EVERY = timedelta(seconds=15)
"""Activity is written down this often, so that a busy screen doesn't cost a write for each request."""
WARNED_BEFORE = timedelta(minutes=2)


@dataclass(frozen=True, slots=True)
class Clock:
    """When a session ends, for the page that shows it."""

    now: datetime
    idle_at: datetime
    ends_at: datetime
    input_key: str
    warn_seconds: int


def note_start(request: HttpRequest, user: User) -> UserSession:
    """Write down that a session of `user` begins, from where and with which browser."""
    agent = request.META.get("HTTP_USER_AGENT", "")[: UserSession._meta.get_field("user_agent").max_length]
    facts = {"user": user, "ip": get_adapter().get_client_ip(request), "user_agent": agent}
    return UserSession.objects.get_or_create(session_key=request.session.session_key, defaults=facts)[0]


def find_or_note(request: HttpRequest, user: User) -> UserSession | None:
    """The record of this request's session, made now if there is none; None when the session has just been ended."""
    key = request.session.session_key
    record = UserSession.objects.filter(session_key=key).first()
    if record is None and key and request.session.exists(key):
        return note_start(request, user)
    return record


def over(record: UserSession, now: datetime) -> str:
    """Why the session is over: "idle", "too_long", or an empty string while it goes on."""
    if now - record.created_at >= settings.SESSION_LIFETIME:
        return "too_long"
    return "idle" if now - record.last_seen_at >= settings.SESSION_IDLE else ""


def note_activity(record: UserSession, now: datetime) -> None:
    """Its person did something just now."""
    if now - record.last_seen_at >= min(NOTED_EVERY, settings.SESSION_IDLE / 10):
        UserSession.objects.filter(pk=record.pk).update(last_seen_at=now)
        record.last_seen_at = now


def is_activity(request: HttpRequest) -> bool:
    """Whether a person is behind the request: a page opened, a form sent, a part asked for by hand.

    Scripts that look for news by themselves send no HX-Request, or say X-Background (static/js/session.js).
    """
    if request.headers.get("X-Background"):
        return False
    mode = request.headers.get("Sec-Fetch-Mode", "navigate")
    return bool(request.headers.get("HX-Request")) or mode == "navigate"


def open_user(session_key: str | None) -> User | None:
    """The person signed in by this session, if it is still good for staff screens; asked afresh, for open sockets."""
    now = timezone.now()
    session = Session.objects.filter(session_key=session_key, expire_date__gt=now).first()
    if session is None:
        return None
    data = session.get_decoded()
    user = User.objects.filter(pk=data.get(SESSION_KEY), is_active=True).first()
    if user is None or not constant_time_compare(data.get(HASH_SESSION_KEY, ""), user.get_session_auth_hash()):
        return None
    record = UserSession.objects.filter(session_key=session_key).first()
    if not factors.is_complete(data, user) or (record and over(record, now)):
        return None
    return user


@command()
def end_session(*, record_id: int, user: User, by: User | None, reason: str = "revoked") -> None:
    """End one session of `user`; it can do nothing from the next request on, and its sockets close within seconds.

    Raises NotFound when there is no such session of this person.
    """
    record = UserSession.objects.select_for_update().filter(pk=record_id, user=user).first()
    if record is None:
        raise NotFound("This session has ended already.")

    record.end()

    log_change(user, event="session.ended", by=by, action=Action.UPDATE, changes={"reason": (None, reason)})


@command()
def sign_out_everywhere(*, user: User, by: User | None, keep: str | None = None, tokens: bool = True) -> int:
    """End every session of `user` but the one with key `keep`, and every API token; returns how many sessions ended."""
    records = UserSession.objects.select_for_update().filter(user=user).exclude(session_key=keep)

    ended = 0
    for record in records:
        record.end()
        ended += 1
    dropped = ApiToken.objects.filter(user=user).delete()[0] if tokens else 0

    changes = {"sessions": (ended, 0), "tokens": (dropped, 0)}
    log_change(user, event="session.ended_everywhere", by=by, action=Action.UPDATE, changes=changes)
    return ended


def clock_of(request: HttpRequest) -> Clock | None:
    """When the session of this request ends; None when nobody is signed in."""
    record = getattr(request, "session_record", None)
    if record is None:
        return None
    ends_at = record.created_at + settings.SESSION_LIFETIME
    return Clock(
        now=timezone.now(),
        idle_at=min(record.last_seen_at + settings.SESSION_IDLE, ends_at),
        ends_at=ends_at,
        input_key=input_key(record.user_id),
        warn_seconds=int(min(WARNED_BEFORE, settings.SESSION_IDLE / 2).total_seconds()),
    )


def input_key(user_id: object) -> str:
    """The key, as hexadecimal, that locks what this person had typed while they sign in again.

    It never leaves a page they are signed in to, so what the browser keeps meanwhile can be read by nobody else.
    """
    return salted_hmac("carebridge.accounts.kept_input", str(user_id), algorithm="sha256").hexdigest()


def session_clock(request: HttpRequest) -> dict[str, Any]:
    """Context processor: `session_ends`, which the shell hands to static/js/session.js."""
    return {"session_ends": clock_of(request)}
