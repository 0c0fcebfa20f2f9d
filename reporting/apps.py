"""Figures about the clinics' work: summaries, charts and exports."""

from django.apps import AppConfig


class ReportingConfig(AppConfig):
    """Figures about the clinics' work: summaries, charts and exports."""

    name = "reporting"
