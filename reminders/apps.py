"""Messages to patients about their appointments: planned, delivered, answered."""

from django.apps import AppConfig


class RemindersConfig(AppConfig):
    """Messages to patients about their appointments: planned, delivered, answered."""

    name = "reminders"
