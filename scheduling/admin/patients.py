"""Patients and their referrals: seen by those of their clinics, corrected through the command, never deleted.

There is no search box: what is searched for would end up in the address of the page. People are searched on the
staff screens, which send it in the body.
"""

from __future__ import annotations

from django.contrib import admin
from django.db.models import QuerySet
from django.forms import ModelForm
from django.http import HttpRequest

from scheduling.admin.base import ConfigurationAdmin, ReadOnlyAdmin, ReadOnlyInline, actor, reach
from scheduling.models import Patient, Referral
from scheduling.models.patient import PatientClinic
from scheduling.patients import update_patient
from scheduling.permissions import clinic_ids_with
from scheduling.roles import Permission


class KnownAtInline(ReadOnlyInline):
    model = PatientClinic
    fields = ("clinic", "since")
    verbose_name_plural = "Known at"


class ReferralInline(ReadOnlyInline):
    model = Referral
    fields = ("number", "service", "referrer", "valid_from", "valid_until", "visits_allowed")


@admin.register(Patient)
class PatientAdmin(ConfigurationAdmin):
    permission = Permission.SEE_PATIENTS
    clinic_path = "clinics__clinic"
    list_display = ("family_name", "given_name", "birth_date", "pms_number", "is_active")
    list_filter = ("is_active", "language", "preferred_channel")
    inlines = (KnownAtInline, ReferralInline)
    list_per_page = 25
    fieldsets = (
        (None, {"fields": (("given_name", "family_name"), ("birth_date", "sex"), "pms_number")}),
        (
            "How to reach them",
            {
                "fields": (
                    ("mobile", "phone", "email"),
                    ("address", "postcode"),
                    ("language", "preferred_channel", "preferred_times"),
                    ("consents_to_sms", "consents_to_email"),
                    ("access_needs", "contact_note"),
                )
            },
        ),
        ("Record", {"fields": (("is_active", "merged_into", "created_at", "version"),)}),
    )
    readonly_fields = ("is_active", "merged_into", "created_at", "version")

    def has_add_permission(self, request: HttpRequest) -> bool:
        """People are registered at the desk, where lookalikes are compared first."""
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Patient | None = None) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: Patient | None = None) -> bool:
        """A superuser without a role at one of the patient's clinics may look, not correct."""
        mine = clinic_ids_with(actor(request), Permission.EDIT_PATIENTS)
        if obj is None:
            return bool(mine)
        return obj.clinics.filter(clinic__in=mine).exists()

    def save_model(self, request: HttpRequest, obj: Patient, form: ModelForm, change: bool) -> None:
        update_patient(patient=obj, by=actor(request), **{name: form.cleaned_data[name] for name in form.changed_data})


@admin.register(Referral)
class ReferralAdmin(ReadOnlyAdmin):
    permission = Permission.SEE_PATIENTS
    list_display = ("number", "service", "valid_from", "valid_until", "visits_allowed")
    list_filter = ("service", "valid_until")
    list_select_related = ("service",)
    search_fields = ("number",)
    date_hierarchy = "valid_until"

    def get_queryset(self, request: HttpRequest) -> QuerySet[Referral]:
        rows = super().get_queryset(request)
        if reach(request, self.permission) is None:
            return rows
        return rows.filter(patient__in=Patient.objects.visible_to(actor(request)))
