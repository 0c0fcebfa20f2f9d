"""Django admin: where clinics are configured. Appointments and rosters change through their commands only."""

from scheduling.admin import appointments, catalogue, clinics, patients, people, records, resources, rosters  # noqa: F401
