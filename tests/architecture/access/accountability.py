"""Emergencies, the audit trail, exports, and what patients may ask of their data."""

from tests.architecture.access.rows import row

MERGE = "patients/{patient}/merge/{colleague_patient}/"
APART = "patients/{patient}/distinct/{colleague_patient}/"

ACCOUNTABILITY = [
    #                                                          nobody recep doct admin manag supp sysad no_role
    row("GET", "emergency/", "                                    in 200 200 200 404 404 404 404"),
    row("POST", "emergency/", "                                   in 422 422 422 404 404 404 404", reason="Fell"),
    row("GET", "emergency/banner/", "                             in 200 200 200 200 200 200 200"),
    row("GET", "emergency/review/", "                             in 404 404 200 200 404 404 404"),
    row("GET", "emergency/{opened}/", "                           in 200 404 404 404 404 404 404"),
    row("POST", "emergency/{opened}/close/", "                    in 302 404 404 404 404 404 404"),
    row("POST", "emergency/{opened}/review/", "                   in 404 404 422 422 404 404 404", outcome="?"),
    row("GET", "audit/", "                                        in 404 404 200 200 404 200 404"),
    row("GET", "audit/refused/", "                                in 404 404 200 200 200 200 404"),
    row("GET", "audit/patients/{patient}/", "                     in 404 404 200 200 404 200 404"),
    row("GET", "audit/people/{member}/", "                        in 404 404 200 200 404 200 404"),
    row("GET", "audit/export/", "                                 in 404 404 404 404 404 200 404"),
    row("POST", "audit/export/", "                                in 404 404 404 404 404 422 404", reason=""),
    row("GET", "exports/", "                                      in 404 404 200 404 404 404 404"),
    row("POST", "exports/", "                                     in 404 404 422 404 404 404 404", reason=""),
    row("GET", "patients/duplicates/", "                          in 404 404 200 404 404 404 404"),
    row("GET", "patients/{patient}/duplicates/", "                in 404 404 200 404 404 404 404"),
    row("POST", "patients/{patient}/duplicates/", "               in 404 404 200 404 404 404 404"),
    row("GET", MERGE, "                                           in 404 404 200 404 404 404 404"),
    row("POST", MERGE, "                                          in 404 404 422 404 404 404 404"),
    row("POST", APART, "                                          in 404 404 302 404 404 404 404"),
    row("POST", "patients/distinct/999999/undo/", "               in 404 404 404 404 404 404 404"),
    row("POST", "patients/merges/999999/undo/", "                 in 404 404 404 404 404 404 404"),
    row("GET", "patients/{patient}/copy/", "                      in 404 404 200 404 404 404 404"),
    row("POST", "patients/{patient}/copy/", "                     in 404 404 422 404 404 404 404", reason=""),
    row("GET", "patients/retention/", "                           in 404 404 200 404 404 404 404"),
    row("POST", "patients/{patient}/anonymise/", "                in 404 404 302 404 404 404 404", reason=""),
]
