"""Patients waiting for a visit: who, for what, since when, and who comes first."""

from django.apps import AppConfig


class WaitlistConfig(AppConfig):
    """Patients waiting for a visit: who, for what, since when, and who comes first."""

    name = "waitlist"

    def ready(self) -> None:
        """Hear what scheduling tells of patients, and join its rail."""
        from scheduling.navigation import show_entries
        from waitlist import handlers, navigation  # noqa: F401 - the first only has to be there

        show_entries(navigation.entries)
