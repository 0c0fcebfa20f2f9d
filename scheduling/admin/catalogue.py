"""What can be booked: services, appointment types with what they need, and reasons for cancelling."""

from __future__ import annotations

from django.contrib import admin
from django.db.models import Count, QuerySet, TextField
from django.forms import ModelForm, Textarea
from django.http import HttpRequest
from django.urls import reverse

from scheduling.admin import locks
from scheduling.admin.base import ConfigurationAdmin, ConfigurationInline, Undeletable
from scheduling.models import (
    AppointmentType,
    CancellationReason,
    Offering,
    OnlineBooking,
    Question,
    Requirement,
    Service,
    Speciality,
    Translation,
)


@admin.register(Speciality)
class SpecialityAdmin(Undeletable):
    list_display = ("name",)
    search_fields = ("name",)


@admin.register(Service)
class ServiceAdmin(Undeletable):
    list_display = ("name", "speciality", "type_count", "is_active")
    list_filter = ("is_active", "speciality")
    list_select_related = ("speciality",)
    search_fields = ("name", "speciality__name")
    autocomplete_fields = ("speciality",)

    def get_queryset(self, request: HttpRequest) -> QuerySet[Service]:
        return super().get_queryset(request).annotate(types_n=Count("appointment_types"))

    @admin.display(description="appointment types", ordering="types_n")
    def type_count(self, service: Service) -> int:
        return service.types_n  # type: ignore[attr-defined]

    def save_model(self, request: HttpRequest, obj: Service, form: ModelForm, change: bool) -> None:
        # A service that is switched off takes its types out of booking.
        locks.edit_types(AppointmentType.objects.filter(service=obj.pk).values_list("pk", flat=True) if change else ())
        super().save_model(request, obj, form, change)


class RequirementInline(ConfigurationInline):
    model = Requirement
    autocomplete_fields = ("category", "resource")
    verbose_name_plural = "What the visit needs beside the doctor (minutes from its start; before it: negative)"


class QuestionInline(ConfigurationInline):
    model = Question
    can_delete = False  # switched off instead: answers were given to it
    fields = ("text", "kind", "choices", "is_required", "is_active", "position")
    formfield_overrides = {TextField: {"widget": Textarea(attrs={"rows": 3, "cols": 26})}}
    verbose_name_plural = "What patients are asked before the visit, on the page of their link"


@admin.register(AppointmentType)
class AppointmentTypeAdmin(Undeletable):
    list_display = ("name", "service", "code", "modality", "duration_minutes", "buffers", "needs", "is_active")
    list_filter = ("is_active", "modality", "patient_kind", "requires_referral", "service")
    list_select_related = ("service",)
    search_fields = ("name", "code", "service__name")
    autocomplete_fields = ("service",)
    inlines = (RequirementInline, QuestionInline)
    fieldsets = (
        (None, {"fields": ("service", ("name", "code"), ("modality", "is_active"), "preparation")}),
        (
            "How long",
            {
                "description": "Booked visits keep the length they were booked with.",
                "fields": (
                    ("duration_minutes", "start_step_minutes"),
                    ("buffer_before_minutes", "buffer_after_minutes"),
                    ("doctor_from_minute", "doctor_to_minute"),
                ),
            },
        ),
        (
            "When it may be booked or changed",
            {
                "description": "Empty: as the clinic says.",
                "fields": (
                    ("min_notice_minutes", "max_advance_days"),
                    ("cancel_cutoff_minutes", "reschedule_cutoff_minutes"),
                ),
            },
        ),
        ("For whom", {"fields": (("min_age", "max_age", "sex"), ("patient_kind", "requires_referral"))}),
    )

    def get_queryset(self, request: HttpRequest) -> QuerySet[AppointmentType]:
        return super().get_queryset(request).prefetch_related("requirements__category", "requirements__resource")

    @admin.display(description="buffers")
    def buffers(self, row: AppointmentType) -> str:
        return f"{row.buffer_before_minutes} + {row.buffer_after_minutes} min"

    @admin.display(description="needs")
    def needs(self, row: AppointmentType) -> str:
        return ", ".join(str(requirement) for requirement in row.requirements.all()) or "–"

    def save_model(self, request: HttpRequest, obj: AppointmentType, form: ModelForm, change: bool) -> None:
        locks.edit_types([obj.pk])
        super().save_model(request, obj, form, change)


@admin.register(Offering)
class OfferingAdmin(ConfigurationAdmin):
    clinic_path = "clinic"
    list_display = ("doctor", "appointment_type", "clinic", "duration_minutes", "is_active")
    list_filter = ("is_active", "clinic", "appointment_type__service")
    list_select_related = ("doctor", "appointment_type__service", "clinic")
    search_fields = ("doctor__family_name", "doctor__given_name", "appointment_type__name")
    autocomplete_fields = ("doctor", "appointment_type")

    def save_model(self, request: HttpRequest, obj: Offering, form: ModelForm, change: bool) -> None:
        locks.edit_types([obj.appointment_type_id, form.initial.get("appointment_type")])
        super().save_model(request, obj, form, change)

    def delete_model(self, request: HttpRequest, obj: Offering) -> None:
        locks.edit_types([obj.appointment_type_id])
        super().delete_model(request, obj)

    def delete_queryset(self, request: HttpRequest, queryset: QuerySet[Offering]) -> None:
        locks.edit_types(queryset.values_list("appointment_type", flat=True))
        super().delete_queryset(request, queryset)


@admin.register(OnlineBooking)
class OnlineBookingAdmin(ConfigurationAdmin):
    clinic_path = "clinic"
    list_display = ("appointment_type", "clinic", "mode")
    list_editable = ("mode",)
    list_filter = ("clinic", "mode", "appointment_type__service")
    list_select_related = ("appointment_type__service", "clinic")
    search_fields = ("appointment_type__name", "appointment_type__service__name")
    autocomplete_fields = ("appointment_type",)

    def view_on_site(self, obj: OnlineBooking) -> str:
        """The public page that the switch opens."""
        page = reverse("scheduling:public-clinic", args=[obj.clinic.code])
        return f"{page}?type={obj.appointment_type_id}"


@admin.register(CancellationReason)
class CancellationReasonAdmin(Undeletable):
    list_display = ("label", "code", "by_patient", "position", "is_active")
    list_filter = ("is_active", "by_patient")
    list_editable = ("position",)
    search_fields = ("label", "code")


@admin.register(Translation)
class TranslationAdmin(ConfigurationAdmin):
    list_display = ("source", "language", "text")
    list_filter = ("language",)
    list_editable = ("text",)
    search_fields = ("source", "text")
