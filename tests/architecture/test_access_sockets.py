"""Who may listen: every websocket address for everybody, at the own clinic and the other one."""

from __future__ import annotations

import pytest
from asgiref.sync import async_to_sync
from channels.layers import channel_layers
from channels.testing import WebsocketCommunicator
from django.test import Client

from carebridge.asgi import application
from tests.architecture.access import routes
from tests.architecture.access.rows import COLUMNS, filled
from tests.architecture.access.sockets import SOCKETS
from tests.architecture.access.world import build_world

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture(autouse=True)
def fresh_layer():
    channel_layers.backends.clear()
    yield
    channel_layers.backends.clear()


def test_every_socket_opens_for_those_of_the_clinic_and_closes_on_everybody_else(settings):
    world = build_world()
    wrong = []
    for row in SOCKETS:
        for words, wanted in ((world.own, row.own), (world.other, row.other)):
            for column in COLUMNS if wanted else ():
                headers = [(b"origin", b"http://testserver"), (b"host", b"testserver")]
                if column in world.people:
                    client = Client()
                    client.force_login(world.people[column])
                    cookie = f"{settings.SESSION_COOKIE_NAME}={client.cookies[settings.SESSION_COOKIE_NAME].value}"
                    headers.append((b"cookie", cookie.encode()))
                got = async_to_sync(_opened)(f"/{filled(row.path, words)}", headers)
                if got != wanted[column]:
                    wrong.append(f"{row.path} {column}: {got}, the table says {wanted[column]}")

    assert not wrong, "\n".join(wrong)


async def _opened(path: str, headers: list[tuple[bytes, bytes]]) -> str:
    socket = WebsocketCommunicator(application, path, headers=headers)
    accepted, _ = await socket.connect(timeout=10)
    if not accepted:
        return "refused"
    if await socket.receive_nothing(timeout=0.4):
        await socket.disconnect()
        return "open"
    return str((await socket.receive_output())["code"])


def test_every_socket_has_a_row():
    asked = {routes.socket_route_of(filled(row.path, {"clinic": "1"})) for row in SOCKETS}

    assert routes.socket_routes() == asked
