"""Patients waiting for a visit: who, for what, since when, and who comes first."""

from django.apps import AppConfig


class WaitlistConfig(AppConfig):
    """Patients waiting for a visit: who, for what, since when, and who comes first."""

    name = "waitlist"

    def ready(self) -> None:
        """Hear what scheduling tells of patients, and join its rail."""
        from auditlog.registry import auditlog

        from scheduling.navigation import show_entries
        from scheduling.patient_copy import add_part
        from scheduling.views.free_time import offer_uses
        from scheduling.views.patients import show_on_record
        from scheduling.views.self_service.entrance import show_first
        from scheduling.views.self_service.visits import show_beside
        from scheduling.withheld import withhold
        from waitlist import entries, freed, handlers, navigation, patient_pages  # noqa: F401 - the handlers only have to be there
        from waitlist.models import ClinicTerms

        auditlog.register(ClinicTerms, m2m_fields={"approve_types"})
        show_entries(navigation.entries)
        offer_uses(navigation.uses)
        show_on_record(navigation.on_record)
        withhold(freed.withheld)
        show_first(patient_pages.offer_page)
        show_beside(patient_pages.earlier_part)
        add_part("waitlist", entries.copy_of_entries)
