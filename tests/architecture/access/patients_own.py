"""What a patient reaches with a short token of their own: closed to every token and session of staff."""

from tests.architecture.access.rows import row

_STAFF = "401 401 401 401 401 401 401 401"

PATIENTS_OWN = [
    row(method, path, _STAFF, other=_STAFF if "{" in path else "", **send)
    for method, path, send in [
        ("GET", "api/v1/me/", {}),
        ("PATCH", "api/v1/me/", {"email": "x@example.org"}),
        ("DELETE", "api/v1/me/token/", {}),
        ("GET", "api/v1/me/clinics/", {}),
        ("GET", "api/v1/me/clinics/{clinic}/", {}),
        ("GET", "api/v1/me/doctors/", {}),
        ("GET", "api/v1/me/doctors/{doctor}/", {}),
        ("GET", "api/v1/me/appointment-types/", {}),
        ("GET", "api/v1/me/appointment-types/{type}/", {}),
        ("GET", "api/v1/me/cancellation-reasons/", {}),
        ("GET", "api/v1/me/cancellation-reasons/{reason_id}/", {}),
        ("GET", "api/v1/me/slots/", {}),
        ("GET", "api/v1/me/slots/days/", {}),
        ("GET", "api/v1/me/slots/first/", {}),
        ("POST", "api/v1/me/holds/", {}),
        ("DELETE", "api/v1/me/holds/nothing.here/", {}),
        ("POST", "api/v1/me/holds/nothing.here/extend/", {}),
        ("GET", "api/v1/me/appointments/", {}),
        ("POST", "api/v1/me/appointments/", {}),
        ("GET", "api/v1/me/appointments/{visit}/", {}),
        ("POST", "api/v1/me/appointments/{visit}/cancel/", {}),
        ("POST", "api/v1/me/appointments/{visit}/reschedule/", {}),
        ("GET", "api/v1/me/waitlist/entries/", {}),
        ("POST", "api/v1/me/waitlist/entries/", {}),
        ("DELETE", "api/v1/me/waitlist/entries/{waiting}/", {}),
    ]
] + [row("POST", "api/v1/auth/patient-token/", "401 403 403 403 403 403 403 403")]
