from django.apps import AppConfig


class SchedulingConfig(AppConfig):
    name = "scheduling"
    verbose_name = "Scheduling"

    def ready(self) -> None:
        """Subscribe to our own events and tell the audit which configuration to follow."""
        from scheduling import (
            audited,
            handlers,  # noqa: F401
        )

        audited.register()
