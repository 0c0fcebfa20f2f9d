from django.apps import AppConfig


class AuditConfig(AppConfig):
    name = "carebridge.audit"
    label = "audit"
    verbose_name = "Audit trail"

    def ready(self) -> None:
        """Hear of every command that somebody was not allowed, and follow the accounts of members of staff."""
        from carebridge.audit import people
        from carebridge.audit.refusals import log_refused_command
        from carebridge.db import on_refusal

        on_refusal(log_refused_command)
        people.register()
