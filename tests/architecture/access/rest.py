"""The REST interface."""

from tests.architecture.access.rows import row

SLOT = {"appointment_type": "{type}", "doctor": "{doctor}", "clinic": "{clinic}", "starts_at": "{start}"}
BOOKING = {**SLOT, "patient": "{patient}"}
AT = "appointment_type={type}&clinic={clinic}"
EXPLAIN = "appointment_type={type}&clinic={clinic}&doctor={doctor}&starts_at={day}T14:00:00Z"
NEW = {"clinic": "{clinic}", "given_name": "Ada", "family_name": "Byron", "birth_date": "1980-01-01", "phone": ""}

WAITS = {"clinic": "{clinic}", "patient": "{patient}", "appointment_type": "{type}"}

REST = [
    #                                                          nobody recep doct admin manag supp sysad no_role
    row("GET", "api/v1/clinics/", "                               401 200 200 200 200 200 200 200"),
    row("GET", "api/v1/clinics/{clinic}/", "                      401 200 200 200 200 200 200 404"),
    row("GET", "api/v1/doctors/", "                               401 200 200 200 200 200 200 200"),
    row("GET", "api/v1/doctors/{doctor}/", "                      401 200 200 200 200 200 200 404"),
    row("GET", "api/v1/doctors/?clinic={clinic}", "               401 200 200 200 200 200 200 404"),
    row("GET", "api/v1/rooms/", "                                 401 200 200 200 200 200 200 200"),
    row("GET", "api/v1/rooms/{room}/", "                          401 200 200 200 200 200 200 404"),
    row("GET", "api/v1/services/", "                              401 200 200 200 200 200 200 200"),
    row("GET", "api/v1/services/{service}/", "                    401 200 200 200 200 200 200 404"),
    row("GET", "api/v1/appointment-types/", "                     401 200 200 200 200 200 200 200"),
    row("GET", "api/v1/appointment-types/{type}/", "              401 200 200 200 200 200 200 404"),
    row("GET", "api/v1/cancellation-reasons/", "                  401 200 200 200 200 200 200 200"),
    row("GET", "api/v1/cancellation-reasons/{reason_id}/", "      401 200 200 200 200 200 200 200"),
    row("GET", "api/v1/patients/", "                              401 200 200 200 200 200 200 200"),
    row("POST", "api/v1/patients/", "                             401 201 403 201 403 403 403 404", **NEW),
    row("GET", "api/v1/patients/{patient}/", "                    401 200 404 200 404 404 404 404"),
    row(
        "PATCH", "api/v1/patients/{patient}/", "                  401 200 404 200 404 404 404 404", mobile="07700900123"
    ),
    row("GET", "api/v1/slots/?" + AT, "                           401 200 200 200 200 200 200 404"),
    row("GET", "api/v1/slots/days/?" + AT, "                      401 200 200 200 200 200 200 404"),
    row("GET", "api/v1/slots/first/?" + AT, "                     401 200 200 200 200 200 200 404"),
    row("GET", "api/v1/slots/explain/?" + EXPLAIN, "              401 200 200 200 200 200 200 404"),
    row("POST", "api/v1/holds/", "                                401 201 403 201 403 403 403 404", **SLOT),
    row("DELETE", "api/v1/holds/nothing.here/", "                 401 409 409 409 409 409 409 409"),
    row("POST", "api/v1/holds/nothing.here/extend/", "            401 409 409 409 409 409 409 409"),
    row("GET", "api/v1/appointments/", "                          401 200 200 200 200 200 200 200"),
    row("GET", "api/v1/appointments/?patient={patient}", "        401 200 200 200 200 200 404 404"),
    row("POST", "api/v1/appointments/", "                         401 201 404 201 404 404 404 404", **BOOKING),
    row("GET", "api/v1/appointments/{visit}/", "                  401 200 200 200 200 200 404 404"),
    row("PATCH", "api/v1/appointments/{visit}/", "                401 200 200 200 403 403 404 404", notes="Bring film"),
    row("GET", "api/v1/appointments/{visit}/history/", "          401 200 200 200 200 200 404 404"),
    row("POST", "api/v1/appointments/{visit}/confirm/", "         401 200 403 200 403 403 404 404"),
    row("POST", "api/v1/appointments/{visit}/check-in/", "        401 422 422 422 403 403 404 404"),
    row("POST", "api/v1/appointments/{visit}/start/", "           401 422 422 422 403 403 404 404"),
    row("POST", "api/v1/appointments/{visit}/complete/", "        401 422 422 422 403 403 404 404"),
    row("POST", "api/v1/appointments/{visit}/no-show/", "         401 422 422 422 403 403 404 404"),
    row("POST", "api/v1/appointments/{visit}/cancel/", "          401 200 403 200 403 403 404 404", reason="{reason}"),
    row(
        "POST", "api/v1/appointments/{visit}/reschedule/", "      401 200 403 200 403 403 404 404", starts_at="{start}"
    ),
    row("GET", "api/v1/reminders/", "                             401 200 200 200 200 200 200 200"),
    row("GET", "api/v1/waitlist/entries/", "                      401 200 200 200 200 200 200 200"),
    row("GET", "api/v1/waitlist/entries/?clinic={clinic}", "      401 200 200 200 200 200 200 404"),
    row("POST", "api/v1/waitlist/entries/", "                     401 409 404 409 404 404 404 404", **WAITS),
    row("GET", "api/v1/waitlist/offers/", "                       401 200 200 200 200 200 200 200"),
    row("GET", "api/v1/reminders/?clinic={clinic}", "             401 200 200 200 200 200 200 404"),
    row("GET", "api/v1/reminders/?patient={patient}", "           401 200 200 200 200 200 404 404"),
    row("GET", "api/v1/no-such-thing/", "                         404 404 404 404 404 404 404 404"),
    row("GET", "api/schema/", "                                   200 200 200 200 200 200 200 200"),
    row("GET", "api/docs/", "                                     200 200 200 200 200 200 200 200"),
]
