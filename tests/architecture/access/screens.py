"""Staff screens."""

from tests.architecture.access.rows import row

UNKNOWN = "00000000-0000-4000-8000-000000000000"
BOOKING = {"slot": "{slot}", "type": "{type}", "patient": "{patient}"}
SEARCH = {"service": "{service}", "type": "{type}"}

SCREENS = [
    #                                                         nobody recep doct admin manag supp sysad no_role
    row("GET", "", "                                              in 200 200 200 200 200 200 200"),
    row("GET", "board/", "                                        in 200 200 200 200 200 200 200"),
    row("GET", "board/?clinic={clinic}", "                        in 200 200 200 200 200 404 404"),
    row("GET", "appointments/{visit}/", "                         in 200 200 200 200 200 404 404"),
    row("POST", "appointments/{visit}/steps/check-in/", "         in 422 422 422 403 403 404 404"),
    row("POST", "appointments/{visit}/steps/start/", "            in 422 422 422 403 403 404 404"),
    row("POST", "appointments/{visit}/steps/complete/", "         in 422 422 422 403 403 404 404"),
    row("POST", "appointments/{visit}/steps/no-show/", "          in 422 422 422 403 403 404 404"),
    row("POST", "appointments/{visit}/steps/confirm/", "          in 302 403 302 403 403 404 404"),
    row("POST", "appointments/{visit}/steps/keep/", "             in 422 403 422 403 403 404 404"),
    row("POST", "appointments/{visit}/steps/sign-off/", "         in 403 403 422 422 403 404 404"),
    row("POST", "appointments/{visit}/refuse-override/", "        in 403 403 422 422 403 404 404", reason="No"),
    row("POST", "appointments/{visit}/notes/", "                  in 302 302 302 403 403 404 404", notes="Bring film"),
    row("POST", "appointments/{visit}/undo/", "                   in 422 422 422 403 403 404 404"),
    row("POST", "appointments/{visit}/undo-move/", "              in 404 404 404 404 404 404 404"),
    row("GET", "appointments/{visit}/cancel/", "                  in 200 403 200 403 403 404 404"),
    row(
        "POST", "appointments/{visit}/cancel/", "                 in 302 403 302 403 403 404 404", reason="{reason_id}"
    ),
    row("GET", "appointments/{visit}/reschedule/", "              in 200 403 200 403 403 404 404"),
    row("POST", "appointments/{visit}/reschedule/", "             in 302 403 302 403 403 404 404", slot="{slot}"),
    row("GET", "find/", "                                         in 200 403 200 403 403 403 403"),
    row("POST", "find/", "                                        in 200 403 200 403 403 403 403", **SEARCH),
    row("POST", "find/ruled-out/", "                              in 200 403 200 403 403 403 403", **SEARCH),
    row("POST", "find/hold/", "                                   in 200 403 200 403 403 403 404", **BOOKING),
    row("POST", "find/hold/nothing/extend/", "                    in 200 200 200 200 200 200 200"),
    row("POST", "find/hold/nothing/release/", "                   in 302 302 302 302 302 302 302"),
    row("POST", "find/patient/", "                                in 200 403 200 403 403 403 404", **BOOKING),
    row("POST", "find/confirm/", "                                in 422 403 422 403 403 403 404", **BOOKING),
    row("POST", "patients/suggest/", "                            in 200 403 200 403 403 403 403"),
    row("GET", "patients/new/", "                                 in 200 403 200 403 403 403 403"),
    row("POST", "patients/new/", "                                in 422 403 422 403 403 403 403", given_name="A"),
    row("GET", "patients/identify/", "                            in 200 403 200 403 403 403 403"),
    row("POST", "patients/identify/", "                           in 422 403 422 403 403 403 403", family_name="A"),
    row("GET", "patients/{patient}/", "                           in 200 404 200 404 404 404 404"),
    row("GET", "patients/{patient}/waitlist/", "                  in 200 404 200 404 404 404 404"),
    row("POST", "patients/{patient}/waitlist/", "                 in 422 404 422 404 404 404 404"),
    row("GET", "waitlist/", "                                     in 200 404 200 404 404 404 404"),
    row("GET", "waitlist/?clinic={clinic}", "                     in 200 404 200 404 404 404 404"),
    row("POST", "waitlist/{waiting}/pause/", "                    in 302 404 302 404 404 404 404"),
    row("POST", "waitlist/{waiting}/close/", "                    in 302 404 302 404 404 404 404", outcome="booked"),
    row("GET", "roster/block/", "                                 in 404 404 200 200 404 404 404"),
    row("POST", "roster/block/", "                                in 404 404 422 422 404 404 404"),
    row("POST", "roster/block/preview/", "                        in 404 404 200 200 404 404 404"),
    row("POST", "roster/block/{block}/lift/", "                   in 404 404 302 302 404 404 404"),
    row("GET", "search/", "                                       in 200 200 200 200 200 200 403"),
    row("POST", "search/", "                                      in 200 200 200 200 200 200 403", q="nobody at all"),
    row("GET", "api-access/", "                                   in 200 200 200 200 200 200 200"),
    row("POST", "api-access/", "                                  in 422 422 422 422 422 422 422"),
    row("POST", f"api-access/tokens/{UNKNOWN}/revoke/", "         in 404 404 404 404 404 404 404"),
    row("GET", "api-access/accounts/", "                          in 404 404 200 404 404 200 404"),
    row("POST", "api-access/accounts/", "                         in 404 404 422 404 404 422 404"),
    row("GET", f"api-access/accounts/{UNKNOWN}/", "               in 404 404 404 404 404 404 404"),
    row("POST", f"api-access/accounts/{UNKNOWN}/", "              in 404 404 404 404 404 404 404"),
    row("POST", f"api-access/accounts/{UNKNOWN}/close/", "        in 404 404 404 404 404 404 404"),
]
