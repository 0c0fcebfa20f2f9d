"""Who may open what: the table of every address, and the world in which it is tried.

A new address needs a row. Staff screens are in `screens.py`, REST in `rest.py`, the admin in `admin_pages.py`,
signing in and operations in `entrance.py`, websockets in `sockets.py`. A row gives the address as a client writes
it, what is sent, and the answer for each of `COLUMNS`. A `{word}` stands for something at the people's own clinic;
every such row is tried a second time with the other clinic's, which has to be unseen: 404 unless `other` says more.
"""

from __future__ import annotations

from tests.architecture.access.accountability import ACCOUNTABILITY
from tests.architecture.access.entrance import ENTRANCE
from tests.architecture.access.links import LINKS
from tests.architecture.access.messages import MESSAGES
from tests.architecture.access.own_account import OWN_ACCOUNT
from tests.architecture.access.patients_own import PATIENTS_OWN
from tests.architecture.access.rest import REST
from tests.architecture.access.rows import Row
from tests.architecture.access.rules import RULES
from tests.architecture.access.screens import SCREENS

TABLE = {
    "screens": SCREENS,
    "accountability": ACCOUNTABILITY,
    "rest": REST,
    "patients_own": PATIENTS_OWN,
    "own_account": OWN_ACCOUNT,
    "entrance": ENTRANCE,
    "links": LINKS,
    "messages": MESSAGES,
    "rules": RULES,
}


def every_row() -> list[Row]:
    """The whole table but the admin's pages, whose rows are made model by model."""
    return [row for rows in TABLE.values() for row in rows]
