"""Clinics: where they are, when they open, what they allow, and the notes on their days."""

from __future__ import annotations

from typing import Any, ClassVar

from django.contrib import admin
from django.contrib.admin.widgets import AdminTextInputWidget
from django.db.models import Count, F, Q, QuerySet
from django.forms import BaseModelFormSet, ModelForm
from django.http import HttpRequest
from django.utils import timezone

from scheduling.admin import locks
from scheduling.admin.base import ConfigurationAdmin, ConfigurationInline, Undeletable, actor
from scheduling.admin.use import SwitchAdmin, UseForm, switched
from scheduling.admin.website import as_frame, as_script
from scheduling.models import Clinic, ClinicClosure, DayNote, OpeningHours, PageText
from scheduling.page_texts import write_page_text
from scheduling.permissions import may
from scheduling.roles import Permission
from scheduling.roster.opening import Closing, Opening, revise_opening
from scheduling.roster.rehearsal import Rehearsal, rehearse_clinic_use


class OpeningInline(ConfigurationInline):
    """Hours and closures move booked visits, so they ask for the roster permission at this very clinic."""

    def may_write(self, request: HttpRequest, clinic: Clinic | None) -> bool:
        """A new clinic has no visits yet: whoever may add it may say when it opens."""
        if clinic is None:
            return bool(request.user.is_superuser)
        return may(actor(request), Permission.EDIT_ROSTER, clinic.pk)

    def has_add_permission(self, request: HttpRequest, obj: Clinic | None = None) -> bool:
        return self.may_write(request, obj)

    def has_change_permission(self, request: HttpRequest, obj: Clinic | None = None) -> bool:
        return self.may_write(request, obj)

    def has_delete_permission(self, request: HttpRequest, obj: Clinic | None = None) -> bool:
        return self.may_write(request, obj)


class OpeningHoursInline(OpeningInline):
    model = OpeningHours
    verbose_name_plural = "Opening hours, in the clinic's local time"


class ClosureInline(OpeningInline):
    model = ClinicClosure
    verbose_name_plural = "Closures to come (times in UTC). Visits booked then go to review."

    def get_queryset(self, request: HttpRequest) -> QuerySet[ClinicClosure]:
        return super().get_queryset(request).filter(ends_at__gt=timezone.now())


class ClinicForm(UseForm):
    class Meta:
        widgets: ClassVar = {"framed_by": AdminTextInputWidget({"class": "vLargeTextField", "size": 80})}

    def rehearse(self, changed: dict[str, bool]) -> Rehearsal:
        return rehearse_clinic_use(clinic=self.instance, in_use=changed["is_active"], by=self.by)


@admin.register(Clinic)
class ClinicAdmin(SwitchAdmin, Undeletable):
    form = ClinicForm
    clinic_path = "pk"
    list_display = ("name", "code", "city", "time_zone", "phone", "doctor_count", "room_count", "is_active")
    list_filter = ("is_active", "time_zone", "step_free_access")
    search_fields = ("name", "code", "city", "postcode")
    inlines = (OpeningHoursInline, ClosureInline)
    fieldsets = (
        (None, {"fields": (("name", "code"), ("position", "is_active"), "move_visits", "time_zone")}),
        (
            "Where it is",
            {
                "fields": (
                    "address",
                    ("postcode", "city", "floor"),
                    ("phone", "email"),
                    "directions",
                    ("latitude", "longitude", "step_free_access"),
                )
            },
        ),
        (
            "What it allows",
            {
                "description": "An appointment type may say otherwise for itself.",
                "fields": (
                    ("min_notice_minutes", "max_advance_days"),
                    ("cancel_cutoff_minutes", "reschedule_cutoff_minutes"),
                    ("max_open_appointments", "travel_minutes", "override_needs_sign_off"),
                ),
            },
        ),
        (
            "On the clinic's own website",
            {
                "description": "Show public booking there: name the site, save, put one of these into its page.",
                "fields": ("framed_by", "as_script", "as_frame"),
            },
        ),
    )

    def get_queryset(self, request: HttpRequest) -> QuerySet[Clinic]:
        return (
            super()
            .get_queryset(request)
            .annotate(
                doctors_n=Count("doctor_places", distinct=True),
                rooms_n=Count("resources", filter=Q(resources__kind="room"), distinct=True),
            )
        )

    @admin.display(description="doctors", ordering="doctors_n")
    def doctor_count(self, clinic: Clinic) -> int:
        return clinic.doctors_n  # type: ignore[attr-defined]

    @admin.display(description="rooms", ordering="rooms_n")
    def room_count(self, clinic: Clinic) -> int:
        return clinic.rooms_n  # type: ignore[attr-defined]

    def has_add_permission(self, request: HttpRequest) -> bool:
        """A new clinic has no administrator of its own yet."""
        return bool(request.user.is_superuser)

    def get_readonly_fields(self, request: HttpRequest, obj: Clinic | None = None) -> tuple[str, ...]:
        """Moving a clinic to another zone would move every booked wall-clock time."""
        fixed = ("as_script", "as_frame")
        return ("time_zone", *fixed) if obj and obj.appointments.exists() else fixed

    @admin.display(description="as a script, which fits its height")
    def as_script(self, clinic: Clinic) -> str:
        return as_script(clinic)

    @admin.display(description="or as a frame")
    def as_frame(self, clinic: Clinic) -> str:
        return as_frame(clinic)

    def save_model(self, request: HttpRequest, obj: Clinic, form: ModelForm, change: bool) -> None:
        """A new clinic is saved at once; an old one after its hours, which must lock appointments before the clinic."""
        if not change:
            super().save_model(request, obj, form, change)

    def save_related(
        self, request: HttpRequest, form: ModelForm, formsets: list[BaseModelFormSet], change: bool
    ) -> None:
        obj = form.instance
        hours, closures = (next(f for f in formsets if f.model is model) for model in (OpeningHours, ClinicClosure))
        by = actor(request) if change else None  # nobody holds a role at a new clinic yet
        in_use = switched(form).get("is_active") if change else None
        if hours.has_changed() or closures.has_changed() or in_use is not None:
            revise_opening(
                clinic=obj,
                by=by,
                hours=[_opening(row) for row in _kept(hours)] if hours.has_changed() else None,
                close=[_closing(row) for row in _kept(closures) if row.has_changed()],
                reopen=[row.instance for row in closures.initial_forms if row.has_changed()],
                in_use=in_use,
            )
        _remember(hours)
        _remember(closures)
        if change:
            locks.edit_clinics([obj.pk])
            columns = {field.name for field in Clinic._meta.fields}
            obj.save(update_fields=columns.intersection(form.changed_data) or None)
            Clinic.objects.filter(pk=obj.pk).update(schedule_version=F("schedule_version") + 1)


def _kept(formset: BaseModelFormSet) -> list[Any]:
    """Forms whose rows should exist afterwards."""
    return [
        form
        for form in formset.forms
        if form.cleaned_data and not form.cleaned_data.get("DELETE") and (form.instance.pk or form.has_changed())
    ]


def _remember(formset: BaseModelFormSet) -> None:
    """What Django's log of the page wants to know, and `save()` would have set."""
    formset.new_objects = [form.instance for form in formset.extra_forms if form.has_changed()]
    formset.changed_objects = [
        (form.instance, form.changed_data) for form in formset.initial_forms if form.has_changed()
    ]
    formset.deleted_objects = [form.instance for form in formset.deleted_forms]


def _opening(form: Any) -> Opening:
    data = form.cleaned_data
    return Opening(data["weekday"], data["starts"], data["ends"], data["valid_from"], data["valid_until"])


def _closing(form: Any) -> Closing:
    data = form.cleaned_data
    return Closing(data["starts_at"], data["ends_at"], data["reason"])


@admin.register(DayNote)
class DayNoteAdmin(ConfigurationAdmin):
    clinic_path = "clinic"
    list_display = ("day", "clinic", "doctor", "text", "written_by")
    list_filter = ("clinic", "day")
    list_select_related = ("clinic", "doctor", "written_by")
    search_fields = ("text",)
    autocomplete_fields = ("doctor",)
    date_hierarchy = "day"
    fields = ("clinic", "doctor", "day", "text")

    def save_model(self, request: HttpRequest, obj: DayNote, form: ModelForm, change: bool) -> None:
        obj.written_by = obj.written_by or actor(request)
        super().save_model(request, obj, form, change)


@admin.register(PageText)
class PageTextAdmin(Undeletable):
    """A change is added as a new version; the older ones stay to be read."""

    clinic_path = "clinic"
    list_display = ("place", "clinic", "language", "version", "text", "written_by", "written_at")
    list_filter = ("clinic", "place", "language")
    list_select_related = ("clinic", "written_by")
    fields = ("clinic", "place", "language", "text")

    def has_change_permission(self, request: HttpRequest, obj: PageText | None = None) -> bool:
        return False

    def save_model(self, request: HttpRequest, obj: PageText, form: ModelForm, change: bool) -> None:
        said = {name: form.cleaned_data[name] for name in ("clinic", "place", "language", "text")}
        # The page that follows speaks of what was written.
        obj.__dict__.update(write_page_text(**said, by=actor(request)).__dict__)
