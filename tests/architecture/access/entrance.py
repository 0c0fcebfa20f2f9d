"""Signing in and out, and what operations ask."""

from tests.architecture.access.rows import row

ENTRANCE = [
    #                                                         nobody recep doct admin manag supp sysad no_role
    row("GET", "healthz", "                                      200 200 200 200 200 200 200 200"),
    row("GET", "readyz", "                                       200 200 200 200 200 200 200 200"),
    row("GET", "metrics", "                                      200 200 200 200 200 200 200 200"),
    row("GET", "accounts/login/", "                              200 302 302 302 302 302 302 302"),
    row("POST", "accounts/login/", "                             200 302 302 302 302 302 302 302"),
    row("GET", "accounts/logout/", "                              in 200 200 200 200 200 200 200"),
    row("POST", "accounts/logout/", "                            in in in in in in in in"),
    row("GET", "accounts/signup/", "                             404 404 404 404 404 404 404 404"),
    row("POST", "accounts/signup/", "                            404 404 404 404 404 404 404 404"),
    row("GET", "admin/", "                                        in in in 200 in in 200 in"),
    row("GET", "admin/scheduling/", "                             in in in 200 in in 200 in"),
    row("GET", "admin/jsi18n/", "                                 in in in 200 in in 200 in"),
    row("GET", "admin/autocomplete/", "                           in in in 403 in in 403 in"),
    row("GET", "admin/login/", "                                  in 403 403 302 403 403 302 403"),
    row("POST", "admin/logout/", "                                302 302 302 in 302 302 in 302"),
    row("GET", "admin/password_change/", "                        in in in 200 in in 200 in"),
    row("GET", "admin/password_change/done/", "                   in in in 200 in in 200 in"),
    row("GET", "admin/r/999999/1/", "                                  in in in 404 in in 404 in"),
    row("GET", "admin/scheduling/clinicmembership/roles/", "      in in in 200 in in 200 in"),
    row(
        "GET",
        "admin/scheduling/clinicmembership/people/{member}/",
        "in in in 200 in in 200 in",
        other="in in in 404 in in 200 in",
    ),
    row("GET", "people/invite/", "                                in 404 404 200 404 404 200 404"),
    row("POST", "people/invite/", "                               in 404 404 422 404 404 422 404", email="?"),
    row("POST", "people/invite/999999/again/", "                  in 404 404 404 404 404 404 404"),
    row("GET", "admin/no-such-page/", "                           in in in 404 in in 404 in"),
    row(
        "GET",
        "admin/accounts/user/{member}/password/",
        "        in in in 403 in in 200 in",
        other="in in in 403 in in 200 in",
    ),
    row("POST", "api/v1/auth/login/", "                          422 422 422 422 422 422 422 422"),
    row("POST", "api/v1/auth/logout/", "                         401 204 204 204 204 204 204 204"),
]

ELSEWHERE: list[str] = []
"""Routes whose answers other tests give, each with where."""

ANY_METHOD = {"accounts", "admin", "healthz", "readyz", "metrics"}
"""Where a method that no row names is answered as GET is: the pages of libraries, and the probes."""
