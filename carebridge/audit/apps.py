from django.apps import AppConfig


class AuditConfig(AppConfig):
    name = "carebridge.audit"
    label = "audit"
    verbose_name = "Audit trail"
