"""The site with faults in it whose exceptions name the patient, and a job that fails in the same way."""

from __future__ import annotations

import os
from typing import Any

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "carebridge.settings")

FAULT = "explode"


def failing_job(patient_id: str) -> None:
    """Reads the patient and fails with their name in its mouth."""
    from scheduling.models import Patient

    patient = Patient.objects.get(pk=patient_id)
    raise ValueError(f"Could not write to {patient.full_name}, {patient.mobile}")


def faulty(command: Any) -> Any:
    """The command, which fails when its reason says so, with another error behind the error."""

    def run(*, patient: Any, reason: str, **rest: Any) -> Any:
        if FAULT in reason:
            try:
                raise KeyError(patient.full_name)
            except KeyError as error:
                raise RuntimeError(f"{patient.full_name}, born {patient.birth_date}: {reason}") from error
        return command(patient=patient, reason=reason, **rest)

    return run


def __getattr__(name: str) -> Any:
    """The ASGI application, made when the server asks for it: the test imports this module for its job only."""
    if name != "application":
        raise AttributeError(name)
    from carebridge.asgi import application
    from scheduling.views import patient_rights

    patient_rights.release_patient_data = faulty(patient_rights.release_patient_data)
    return application
