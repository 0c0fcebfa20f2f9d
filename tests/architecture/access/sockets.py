"""Websockets: `open`, or the code they are closed with. 4401: sign in; 4403: nothing here is yours."""

from tests.architecture.access.rows import row

SOCKETS = [
    #                                                     nobody recep doct admin manag supp sysad no_role
    row(
        "WS",
        "ws/schedule/{clinic}/",
        "4401 open open open open open 4403 4403",
        other="4401 4403 4403 4403 4403 4403 4403 4403",
    ),
    row("WS", "ws/schedule/", "4401 open 4403 open 4403 4403 4403 4403"),
]
