# ruff: noqa: E501  (one line a model, whatever its length)
"""The admin: for members of staff with a role that configures. Everybody else is sent to sign in."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from tests.architecture.access.rows import COLUMNS, Row

PEOPLE = ("clinic_admin", "sysadmin")
"""The columns that may enter at all; the answers below are theirs, in this order."""


@dataclass(frozen=True)
class Pages:
    """The pages of one model. `clinic` is the lookup from a row to its clinic, empty for what clinics share."""

    model: str
    clinic: str
    list: str
    add: str
    change: str
    delete: str
    other: str = "404 200"


#         model                          clinic                      list       add        change     delete
ADMIN = [
    Pages("scheduling.appointment",      "clinic",                   "200 403", "403 403", "200 403", "403 403", "404 404"),
    Pages("scheduling.patient",          "clinics__clinic",          "200 403", "403 403", "200 403", "403 403", "404 404"),
    Pages("scheduling.referral",         "patient__clinics__clinic", "200 403", "403 403", "200 403", "403 403", "404 404"),
    Pages("scheduling.scheduleevent",    "clinic",                   "200 403", "403 403", "200 403", "403 403", "404 404"),
    Pages("scheduling.handlerfailure",   "event__clinic",            "200 403", "403 403", "200 403", "403 403", "404 404"),
    Pages("scheduling.clinicmembership", "clinic",                   "200 200", "200 200", "200 200", "200 200"),
    Pages("scheduling.clinic",           "pk",                       "200 200", "403 200", "200 200", "403 403"),
    Pages("scheduling.daynote",          "clinic",                   "200 200", "200 200", "200 200", "200 200"),
    Pages("scheduling.resource",         "clinic",                   "200 200", "200 200", "200 200", "403 403"),
    Pages("scheduling.doctor",           "clinics",                  "200 200", "200 200", "200 200", "403 403"),
    Pages("scheduling.offering",         "clinic",                   "200 200", "200 200", "200 200", "200 200"),
    Pages("scheduling.onlinebooking",    "clinic",                   "200 200", "200 200", "200 200", "200 200"),
    Pages("scheduling.pagetext",         "clinic",                   "200 200", "200 200", "200 200", "403 403"),
    Pages("scheduling.workinghours",     "clinic",                   "200 200", "200 403", "200 200", "200 403"),
    Pages("scheduling.recurringbreak",   "clinic",                   "200 200", "200 403", "200 200", "200 403"),
    Pages("scheduling.scheduleblock",    "resource__doctor__clinics", "200 200", "200 403", "200 200", "200 403"),
    Pages("scheduling.extrasession",     "clinic",                   "200 200", "200 403", "200 200", "200 403"),
    Pages("scheduling.speciality",       "",                         "200 200", "200 200", "200 200", "403 403"),
    Pages("scheduling.service",          "",                         "200 200", "200 200", "200 200", "403 403"),
    Pages("scheduling.appointmenttype",  "",                         "200 200", "200 200", "200 200", "403 403"),
    Pages("scheduling.cancellationreason", "",                         "200 200", "200 200", "200 200", "403 403"),
    Pages("scheduling.translation",      "",                         "200 200", "200 200", "200 200", "200 200"),
    Pages("scheduling.resourcecategory", "",                         "200 200", "200 200", "200 200", "403 403"),
    Pages("waitlist.clinicterms",        "clinic",                   "200 200", "200 200", "200 200", "200 200"),
    Pages("waitlist.entry",              "clinic",                   "200 403", "403 403", "200 403", "403 403", "404 404"),
    Pages("waitlist.freedslot",          "clinic",                   "200 403", "403 403", "200 403", "403 403", "404 404"),
    Pages("waitlist.decision",           "slot__clinic",             "200 403", "403 403", "200 403", "403 403", "404 404"),
    Pages("waitlist.offer",              "slot__clinic",             "200 403", "403 403", "200 403", "403 403", "404 404"),
    Pages("accounts.user",               "",                         "403 200", "403 200", "403 200", "403 403"),
]  # fmt: skip


def rows_of(pages: Pages, own: str, other: str | None) -> Iterator[Row]:
    """The rows of a model's pages; `other` is the id of the other clinic's object, None where clinics share."""
    base = f"admin/{pages.model.replace('.', '/')}/"
    yield _row("GET", base, pages.list)
    yield _row("GET", f"{base}add/", pages.add)
    for action, answers in (("change", pages.change), ("delete", pages.delete)):
        yield _row("GET", f"{base}{own}/{action}/", answers)
        if other is not None:
            yield _row("GET", f"{base}{other}/{action}/", _unseen(answers, pages.other))
    yield _row("GET", f"{base}{own}/history/", _history(pages))
    yield _row("GET", f"{base}{own}/", "302 302")
    yield _row("POST", f"{base}{own}/delete/", _done(pages.delete), post="yes")
    if other is not None:
        yield _row("POST", f"{base}{other}/delete/", _unseen(_done(pages.delete), pages.other), post="yes")


def _history(pages: Pages) -> str:
    """Here Django looks for the row before it asks for the permission."""
    return pages.change.replace("403", "404") if pages.clinic else pages.change


def _unseen(answers: str, others: str) -> str:
    """At the other clinic: what is refused altogether stays refused, the rest is as `others` says."""
    pairs = zip(answers.split(), others.split(), strict=True)
    return " ".join(own if own == "403" or seen == "200" else seen for own, seen in pairs)


def _done(answers: str) -> str:
    return answers.replace("200", "302")


def _row(method: str, path: str, answers: str, **send: str) -> Row:
    """Whoever is no member of the admin's staff is sent to sign in as somebody who is."""
    allowed = dict(zip(PEOPLE, answers.split(), strict=True))
    return Row(method, path, {column: allowed.get(column, "in") for column in COLUMNS}, None, send)
