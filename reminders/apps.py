"""Messages to patients about their appointments: planned, delivered, answered."""

from django.apps import AppConfig
from django.db.models.signals import post_migrate


class RemindersConfig(AppConfig):
    """Messages to patients about their appointments: planned, delivered, answered."""

    name = "reminders"

    def ready(self) -> None:
        """Subscribe to what scheduling tells, and have the rules that come with CareBridge written after migrating."""
        from reminders import handlers, reply_records  # noqa: F401
        from reminders.defaults import install_defaults

        post_migrate.connect(install_defaults, sender=self)
