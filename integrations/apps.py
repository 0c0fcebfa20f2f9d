"""Talk with other systems: practice management, FHIR, calendars, webhooks."""

from django.apps import AppConfig


class IntegrationsConfig(AppConfig):
    """Talk with other systems: practice management, FHIR, calendars, webhooks."""

    name = "integrations"
