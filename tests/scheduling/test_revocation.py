"""What is taken away is gone within five seconds: for pages with the next request, for connections that stay open too.

The connections are real ones, and nothing else happens at the clinic: no message makes the site look again.
"""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterator

import pytest
from django.test import Client
from websockets.exceptions import ConnectionClosed
from websockets.sync.client import ClientConnection, connect

from carebridge.accounts.models import Role
from scheduling import consumers
from scheduling.memberships import allow_booking_elsewhere, disallow_booking_elsewhere, revoke_membership
from scheduling.models import ClinicMembership
from tests.concurrency.forked_site import fork_site

pytestmark = pytest.mark.django_db(transaction=True)
LONGEST = 5


def look_away() -> None:
    """A site that asks only when it has something to say."""
    consumers.RECHECK_SECONDS = 600


@pytest.fixture(params=["watchful", "careless"])
def site(request: pytest.FixtureRequest, transactional_db: None) -> Iterator[tuple[str, bool]]:
    """The address, and whether the site looks after quiet connections."""
    watchful = request.param == "watchful"
    with fork_site(workers=1, prepare=(lambda: None) if watchful else look_away) as address:
        yield address, watchful


@pytest.fixture
def screen(site, settings, harbour) -> Iterator[Callable[..., tuple[Client, ClientConnection]]]:
    """Signs somebody in and opens their live connection; at no clinic, that of a search."""
    address, _ = site

    def run(user, clinic=None):
        client = Client()
        client.force_login(user, backend="allauth.account.auth_backends.AuthenticationBackend")
        cookie = f"{settings.SESSION_COOKIE_NAME}={client.cookies[settings.SESSION_COOKIE_NAME].value}"
        path = f"/ws/schedule/{clinic.pk}/" if clinic else "/ws/schedule/"
        url = address.replace("http", "ws", 1) + path
        socket = opened.enter_context(connect(url, additional_headers={"Cookie": cookie}, origin=address))
        return client, socket

    with contextlib.ExitStack() as opened:
        yield run


def code_of_the_end(socket: ClientConnection) -> int | None:
    """The code the site closes with; None while the connection stays open."""
    with pytest.raises((ConnectionClosed, TimeoutError)) as end:
        socket.recv(timeout=LONGEST)
    return end.value.rcvd.code if isinstance(end.value, ConnectionClosed) else None


def leave_the_clinic(user, clinic):
    revoke_membership(user=user, clinic=clinic, role=Role.RECEPTIONIST, by=None)


def leave_the_company(user, clinic):
    user.is_active = False
    user.save()


@pytest.mark.parametrize(
    ("take_away", "code", "page"),
    [(leave_the_clinic, consumers.NOT_YOURS, 404), (leave_the_company, consumers.SIGNED_OUT, 302)],
    ids=["role", "account"],
)
def test_whoever_loses_the_role_or_the_account_loses_pages_and_quiet_connections(
    site, screen, receptionist, harbour, take_away, code, page
):
    client, socket = screen(receptionist, harbour)
    board = f"/board/?clinic={harbour.pk}"
    assert client.get(board).status_code == 200

    take_away(receptionist, harbour)

    assert client.get(board).status_code == page
    # The careless site leaves it open: so this test can fail.
    assert code_of_the_end(socket) == (code if site[1] else None)


def test_a_search_stops_hearing_of_other_clinics_when_booking_there_is_taken_away(
    site, screen, receptionist, harbour, northgate
):
    membership = ClinicMembership.objects.get(user=receptionist, clinic=harbour)
    allow_booking_elsewhere(membership=membership, by=None)
    _, socket = screen(receptionist)

    disallow_booking_elsewhere(membership=membership, by=None)

    assert code_of_the_end(socket) == (consumers.NOT_YOURS if site[1] else None)
