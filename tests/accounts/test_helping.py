"""What an administrator does for a colleague who can't get in."""

from __future__ import annotations

import pytest

from carebridge.accounts import factors
from carebridge.accounts.helping import take_factors
from carebridge.accounts.tokens import ApiToken
from carebridge.audit.models import LogEntry
from carebridge.errors import NotAllowed

pytestmark = pytest.mark.django_db
USERS = "/admin/accounts/user/"


@pytest.fixture
def run_action(client, sysadmin):
    client.force_login(sysadmin)
    return lambda action, user: client.post(USERS, {"action": action, "_selected_action": [str(user.pk)]})


def test_a_lost_phone_is_taken_away_and_a_new_one_must_be_set_up(colleague, phone, sign_in, run_action):
    early, _ = sign_in("reception")
    early.post("/accounts/2fa/authenticate/", {"code": phone.code()})
    run_action("take_away_factors", colleague)

    assert not factors.has_factor(colleague)
    assert early.get("/board/").status_code == 302
    client, _ = sign_in("reception")
    assert client.get("/board/")["Location"] == "/accounts/2fa/"
    assert LogEntry.objects.filter(event="factor.taken", object_pk=str(colleague.pk)).exists()


def test_a_password_set_in_the_admin_ends_sessions_and_tokens(client, receptionist, sysadmin, sign_in):
    inside, _ = sign_in("reception")
    ApiToken.objects.issue(user=receptionist)
    client.force_login(sysadmin)
    new = {"password1": "seven quiet violet kettles", "password2": "seven quiet violet kettles"}

    answer = client.post(f"{USERS}{receptionist.pk}/password/", {**new, "usable_password": "true"})

    assert answer.status_code == 302
    assert inside.get("/board/").status_code == 302
    assert not ApiToken.objects.filter(user=receptionist).exists()
    assert client.get(USERS).status_code == 200


def test_nobody_takes_away_their_own(sysadmin):
    with pytest.raises(NotAllowed):
        take_factors(user=sysadmin, by=sysadmin)


def test_a_locked_account_is_unlocked_and_sessions_end_from_the_admin(receptionist, sign_in, run_action):
    inside, _ = sign_in("reception")
    for _ in range(10):
        sign_in("reception", "wrong")
    assert sign_in("reception")[1].status_code == 429

    run_action("unlock", receptionist)
    assert sign_in("reception")[1].status_code == 302
    run_action("sign_out", receptionist)
    assert inside.get("/board/").status_code == 302
    assert LogEntry.objects.filter(event="account.unlocked").exists()
