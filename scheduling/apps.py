from django.apps import AppConfig


class SchedulingConfig(AppConfig):
    name = "scheduling"
    verbose_name = "Scheduling"

    def ready(self) -> None:
        """Subscribe to our own events, and tell the audit what to follow and whose it is."""
        from carebridge.audit import directory
        from scheduling import (
            audit_directory,
            audited,
            handlers,  # noqa: F401
        )

        audited.register()
        directory.register(audit_directory.SchedulingDirectory())
