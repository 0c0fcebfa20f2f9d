"""Patients' pages behind a link: the link alone opens them, for everybody alike, and only after a birth date."""

from tests.architecture.access.rows import row

ASKS = "200 200 200 200 200 200 200 200"
LEADS_TO_THE_QUESTION = "302 302 302 302 302 302 302 302"
OVER = "410 410 410 410 410 410 410 410"
WRONG = "422 422 422 422 422 422 422 422"
UNKNOWN = "404 404 404 404 404 404 404 404"

LINKS = [
    #                                                         nobody recep doct admin manag supp sysad no_role
    row(
        "GET",
        "patients/{patient}/booking-link/",
        "in 200 403 200 403 403 403 403",
        other="in 404 403 404 403 403 403 403",
    ),
    row(
        "POST",
        "patients/{patient}/booking-link/",
        "in 422 403 422 403 403 403 403",
        other="in 404 403 404 403 403 403 403",
        clinic="?",
    ),
    row("POST", "booking-links/{invitation}/withdraw/", "         in 302 404 302 302 302 404 404"),
    row("GET", "p/{link}/", ASKS),
    row("POST", "p/{link}/enter/", "422 422 422 422 422 422 422 422", day="1", month="1", year="1901"),
    row("POST", "p/{link}/language/", LEADS_TO_THE_QUESTION, language="fr"),
    row("POST", "p/{link}/confirm/", LEADS_TO_THE_QUESTION),
    row("GET", "p/{link}/cancel/", ASKS),
    row("POST", "p/{link}/cancel/", LEADS_TO_THE_QUESTION),
    row("POST", "p/{link}/undo/", LEADS_TO_THE_QUESTION),
    row("POST", "p/{link}/here/", LEADS_TO_THE_QUESTION),
    row("POST", "p/{link}/offer/yes/", LEADS_TO_THE_QUESTION),
    row("POST", "p/{link}/earlier/", LEADS_TO_THE_QUESTION),
    row("POST", "p/{link}/leave/", LEADS_TO_THE_QUESTION),
    row("GET", "p/{link}/questions/", ASKS),
    row("POST", "p/{link}/questions/", LEADS_TO_THE_QUESTION),
    row("GET", "p/{link}/time/", ASKS),
    row("POST", "p/{link}/time/", LEADS_TO_THE_QUESTION, slot="1.1.2026-11-30T10:00:00+00:00", sure="1"),
    row("GET", "p/{link}/visit.ics", ASKS),
    row("GET", "p/{invited}/", ASKS),
    row("POST", "p/{invited}/", LEADS_TO_THE_QUESTION, slot="1.1.2026-11-30T10:00:00+00:00", sure="1"),
    row("GET", "p/{visit}/", UNKNOWN, other=UNKNOWN),
    row("POST", "p/{visit}/cancel/", UNKNOWN, other=UNKNOWN),
    row("GET", "p/{link}/booked/", ASKS),
    row("GET", "p/book/", ASKS),
    row("POST", "p/book/", ASKS),
    row("GET", "p/book/nowhere/", UNKNOWN),
    row("GET", "p/book/nowhere/framed/", UNKNOWN),
    row("GET", "p/book/nowhere/framed/fr/", UNKNOWN),
    row("GET", "p/embed.js", ASKS),
    row("GET", "p/book/code/{asked}/", OVER, other=OVER),
    row("POST", "p/book/code/{asked}/", WRONG, other=WRONG, code="nothing"),
    row("POST", "p/book/code/{asked}/again/", OVER, other=OVER),
    row("POST", "p/language/", LEADS_TO_THE_QUESTION, language="fr"),
    row("GET", "requests/", "                             in 200 404 200 404 404 404 404"),
    row("POST", "requests/{asked}/done/", "              in 302 404 302 404 404 404 404"),
    row("GET", "referrers/", "                            in 200 403 200 403 403 403 403"),
    row("POST", "referrers/", "                           in 422 403 422 403 403 403 403", clinic="?"),
    row("POST", "referrers/{practice_id}/withdraw/", "    in 302 404 302 404 404 404 404"),
    row("GET", "p/refer/{practice}/", ASKS),
    row("POST", "p/refer/{practice}/", ASKS),
    row("POST", "p/refer/{practice}/language/", LEADS_TO_THE_QUESTION, language="fr"),
    row("GET", "p/refer/{practice}/{asked}/", UNKNOWN, other=UNKNOWN),
]
