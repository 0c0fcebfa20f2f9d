"""Messages to patients about their appointments: planned, delivered, answered."""

from django.apps import AppConfig
from django.db.models.signals import post_migrate


class RemindersConfig(AppConfig):
    """Messages to patients about their appointments: planned, delivered, answered."""

    name = "reminders"

    def ready(self) -> None:
        """Hear what scheduling tells, join the rail, and have the first rules written after migrating."""
        from reminders import handlers, navigation, reply_records  # noqa: F401
        from reminders.defaults import install_defaults
        from scheduling.navigation import show_entries

        show_entries(navigation.entries)
        post_migrate.connect(install_defaults, sender=self)
