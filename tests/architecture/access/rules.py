"""When and how patients are written to, and whether it helps: read by many, changed by few."""

from tests.architecture.access.rows import row

_CHANGED = {
    "days": "2", "minutes": "0", "quiet_from": "20:00", "quiet_until": "08:00", "latest_minutes_before": "60",
    "skip_when_booked_within": "0", "is_active": "on",
}  # fmt: skip
_FOR = {"clinic": "{clinic}", "appointment_type": "{type}"}
_TEST = "reminders/tests/00000000-0000-4000-8000-000000000000/"

RULES = [
    #                                                          nobody recep doct admin manag supp sysad no_role
    row("GET", "reminders/rules/", "                              in 200 404 200 200 200 404 404"),
    row("GET", "reminders/rules/{rule}/", "                       in 200 404 200 200 200 404 404"),
    row("GET", "reminders/rules/{rule}/versions/1/", "            in 200 404 200 200 200 404 404"),
    row("GET", "reminders/rules/{rule}/narrower/", "              in 404 404 200 404 404 404 404"),
    row("POST", "reminders/rules/{rule}/", "                      in 404 404 302 404 404 404 404", **_CHANGED),
    row("POST", "reminders/rules/{rule}/switch/", "               in 404 404 302 404 404 404 404", on="0"),
    row("POST", "reminders/rules/{rule}/versions/1/restore/", "   in 404 404 302 404 404 404 404"),
    row("POST", "reminders/rules/{rule}/narrower/", "             in 404 404 302 404 404 404 404", **_CHANGED, **_FOR),
    row("POST", "reminders/rules/{rule}/trial/", "                in 404 404 200 404 404 404 404", **_CHANGED),
    row("POST", "reminders/rules/{rule}/trial/mail/", "           in 404 404 200 404 404 404 404", reference="{visit}"),
    row("POST", "reminders/rules/{rule}/test/", "                 in 404 404 200 404 404 404 404", **_CHANGED),
    row("GET", _TEST, "                                           in 404 404 404 404 404 404 404"),
    row("GET", "reminders/effect/", "                             in 200 404 200 200 200 404 404"),
    row("GET", "reminders/effect/?clinic={clinic}", "             in 200 404 200 200 200 404 404"),
    row(
        "POST",
        "reminders/effect/export/",
        "                                                         in 404 404 404 200 404 404 404",
        clinic="{clinic}",
        reason="For the yearly report to the board",
    ),
]
