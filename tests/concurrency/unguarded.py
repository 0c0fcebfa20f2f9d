"""The site without its guards against collisions, to prove that the races would see one.

Only tests serve this. Commands lock nothing, and the ledger's constraint must be dropped beside it.
"""

from carebridge.asgi import application
from scheduling import ledger, placement

ledger.lock_resources = lambda ids: []  # type: ignore[assignment]
placement.lock_patient = lambda patient_id: None  # type: ignore[assignment]

__all__ = ["application"]
