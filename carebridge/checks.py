"""System checks of our own: what must be so before clinics' data may be served."""

from django.conf import settings
from django.core.checks import CheckMessage, Error, Tags, Warning, register
from django.db import connection


@register(Tags.security, deploy=True)
def production_is_guarded(**kwargs: object) -> list[CheckMessage]:
    """Refuse a production set-up that shows tracebacks, believes any Host header or uses a local key."""
    found: list[CheckMessage] = []
    if not settings.PRODUCTION:
        found.append(Warning("CAREBRIDGE_ENV is not 'production'.", id="carebridge.W001"))
    if settings.DEBUG:
        found.append(Error("DEBUG shows patients' data in tracebacks.", id="carebridge.E001"))
    if not settings.ALLOWED_HOSTS or "*" in settings.ALLOWED_HOSTS:
        found.append(Error("ALLOWED_HOSTS must name the site's hosts.", id="carebridge.E002"))
    if not settings.RATE_LIMITS:
        found.append(Warning("RATE_LIMITS is off.", id="carebridge.W002"))
    return found


@register(Tags.database)
def database_is_postgresql(**kwargs: object) -> list[CheckMessage]:
    """Insist on PostgreSQL: its exclusion constraint is what keeps two patients out of one slot."""
    if connection.vendor == "postgresql":
        return []
    return [Error("CareBridge needs PostgreSQL; its guarantees live there.", id="carebridge.E003")]
