"""Patients waiting for an earlier time: entries, matching and offers of freed slots."""

from django.apps import AppConfig


class WaitlistConfig(AppConfig):
    """Patients waiting for an earlier time: entries, matching and offers of freed slots."""

    name = "waitlist"
