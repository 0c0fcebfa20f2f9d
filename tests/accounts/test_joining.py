"""New colleagues, forgotten passwords, and passwords that nobody may choose."""

from __future__ import annotations

import re
from datetime import timedelta

import pytest
import time_machine
from django.contrib.auth.password_validation import validate_password
from django.core.exceptions import ValidationError
from django.test import Client
from django.utils import timezone

from carebridge.accounts.models import Role, User
from carebridge.audit.models import LogEntry
from carebridge.errors import NotAllowed
from scheduling.invitations import invite_colleague
from scheduling.permissions import clinic_roles

pytestmark = pytest.mark.django_db
NEW = "seven quiet violet kettles"
INVITE, BOTH = "/people/invite/", {"password1": NEW, "password2": NEW}


@pytest.fixture
def invited(clinic_admin, harbour, client, mailoutbox, django_capture_on_commit_callbacks):
    """Ines is invited as a receptionist at Harbour; the address in her mail."""
    client.force_login(clinic_admin)
    form = {"first_name": "Ines", "last_name": "Duarte", "username": "ines", "email": "ines@harbour.example"}
    with django_capture_on_commit_callbacks(execute=True):
        client.post(INVITE, {**form, "clinic": harbour.pk, "role": "receptionist"})
    return re.search(r"http://[^/]+(/accounts/invitation/\S+/)", mailoutbox[0].body)[1]


def test_an_invited_colleague_sets_a_password_and_then_a_second_factor(invited, harbour):
    client = Client()
    assert "Welcome, Ines" in client.get(invited).content.decode()
    assert client.post(invited, BOTH)["Location"] == "/accounts/login/"

    client.post("/accounts/login/", {"login": "ines", "password": NEW})

    assert client.get("/board/")["Location"] == "/accounts/2fa/"
    assert clinic_roles(User.objects.get(username="ines")) == {harbour.pk: frozenset({Role.RECEPTIONIST})}


def test_an_invitation_works_once_and_for_three_days(invited):
    with time_machine.travel(timezone.now() + timedelta(days=3, seconds=1)):
        assert Client().get(invited).status_code == 410
    assert Client().post(invited, BOTH).status_code == 302
    assert Client().get(invited).status_code == 410
    assert Client().get(invited[:-4] + "xyz/").status_code == 410


def test_sending_again_ends_the_earlier_link(invited, client, django_capture_on_commit_callbacks):
    waiting = User.objects.get(username="ines").invitations.get()
    with django_capture_on_commit_callbacks(execute=True):
        client.post(f"{INVITE}{waiting.pk}/again/")

    assert Client().get(invited).status_code == 410


def test_a_weak_first_password_is_refused_in_words(invited):
    answer = Client().post(invited, {"password1": "harbourstreet1", "password2": "harbourstreet1"})

    assert answer.status_code == 422
    assert "mostly the name of a clinic" in answer.content.decode()


def test_the_link_is_not_kept_where_somebody_could_read_it(invited):
    link = invited.rstrip("/").rpartition("/")[2]

    assert not User.objects.get(username="ines").invitations.filter(digest=link).exists()
    assert link not in repr(list(LogEntry.objects.values()))


def test_who_may_not_hand_out_access_invites_nobody(receptionist, clinic_admin, harbour, northgate, client):
    client.force_login(receptionist)
    assert client.get(INVITE).status_code == 404

    person = {"username": "x", "first_name": "X", "last_name": "Y", "email": "x@harbour.example"}
    for by, clinic, role in (
        (receptionist, harbour, Role.RECEPTIONIST),
        (clinic_admin, northgate, Role.RECEPTIONIST),
        (clinic_admin, harbour, Role.SYSTEM_ADMINISTRATOR),
    ):
        with pytest.raises(NotAllowed):
            invite_colleague(**person, clinic=clinic, role=role, by=by)
    assert not User.objects.filter(username="x").exists()


def test_a_forgotten_password_is_set_by_a_link_that_works_once(receptionist, mailoutbox, client):
    client.post("/accounts/password/reset/", {"email": receptionist.email})
    link = re.search(r"http://[^/]+(/accounts/password/reset/key/\S+/)", mailoutbox[0].body)[1]
    page = client.get(link, follow=True)
    client.post(page.request["PATH_INFO"], BOTH)

    receptionist.refresh_from_db()
    assert receptionist.check_password(NEW)
    assert "This link has ended" in Client().get(link, follow=True).content.decode()
    events = set(LogEntry.objects.values_list("event", flat=True))
    assert {"password.reset_requested", "password.reset", "session.ended_everywhere"} <= events


def test_the_answer_does_not_say_whether_an_address_is_known(receptionist, client):
    known, unknown = (
        client.post("/accounts/password/reset/", {"email": mail}) for mail in (receptionist.email, "no@one.example")
    )
    assert (known.status_code, known["Location"]) == (unknown.status_code, unknown["Location"])


def test_an_open_invitation_is_not_walked_around_by_a_reset(invited, mailoutbox, client):
    mailoutbox.clear()
    client.post("/accounts/password/reset/", {"email": "ines@harbour.example"})

    [mail] = mailoutbox  # as for an unknown address, so that neither answer nor time tells them apart
    assert "/password/reset/key/" not in mail.body
    assert "use the link in your invitation" in mail.body


@pytest.mark.parametrize(
    "password",
    [
        "short",
        "carebridge-demo",
        "CareBridge2026!",
        "Harbour-Street-1",
        "northgate12345",
        "password1234",
        "qwertyqwerty",
    ],
)
def test_these_passwords_are_refused(harbour, northgate, password):
    with pytest.raises(ValidationError):
        validate_password(password)


@pytest.mark.parametrize("password", [NEW, "Kuh-Radio-Mond-77", "harbour seals sleep standing up"])
def test_these_passwords_are_taken(harbour, northgate, password):
    validate_password(password)


def test_passwords_are_kept_with_argon2():
    from carebridge import settings

    assert settings.PASSWORD_HASHERS[0].endswith("Argon2PasswordHasher")
