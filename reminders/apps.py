"""Messages to patients about their appointments: planned, delivered, answered."""

from django.apps import AppConfig
from django.db.models.signals import post_migrate


class RemindersConfig(AppConfig):
    """Messages to patients about their appointments: planned, delivered, answered."""

    name = "reminders"

    def ready(self) -> None:
        """Hear what scheduling tells, join its rail and its copies of data, and have the first rules written."""
        from reminders import handlers, navigation, reply_records  # noqa: F401 - the first only has to be there
        from reminders.defaults import install_defaults
        from reminders.queries.offered import told_of_offers
        from scheduling.navigation import show_entries
        from scheduling.patient_copy import add_part
        from waitlist.queries.told import say_how_told

        show_entries(navigation.entries)
        add_part("replies", reply_records.copy_of_replies)
        say_how_told(told_of_offers)
        post_migrate.connect(install_defaults, sender=self)
