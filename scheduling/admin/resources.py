"""Everything that can be busy: doctors with their places and what they perform, rooms, equipment, staff."""

from __future__ import annotations

from django.contrib import admin
from django.db.models import Q, QuerySet
from django.forms import BaseModelFormSet, ModelForm
from django.http import HttpRequest

from scheduling.admin import locks
from scheduling.admin.base import ConfigurationInline, Undeletable, actor, reach
from scheduling.admin.use import SwitchAdmin, UseForm, switched
from scheduling.models import Doctor, DoctorClinic, Offering, Resource, ResourceCategory
from scheduling.models.resource import ResourceKind
from scheduling.roster.in_use import revise_use
from scheduling.roster.rehearsal import Rehearsal, rehearse_use


@admin.register(ResourceCategory)
class ResourceCategoryAdmin(Undeletable):
    list_display = ("name", "kind")
    list_filter = ("kind",)
    search_fields = ("name",)


def used_at(clinics: list[int]) -> Q:
    """Resources at these clinics. A doctor's has no clinic of its own: it counts wherever the doctor serves."""
    served = DoctorClinic.objects.filter(clinic__in=clinics).values("doctor__resource")
    return Q(clinic__in=clinics) | Q(pk__in=served)


class ResourceForm(UseForm):
    def rehearse(self, changed: dict[str, bool]) -> Rehearsal:
        return rehearse_use(
            resource=self.instance,
            by=self.by,
            in_use=changed.get("is_active"),
            keeps_own_hours=changed.get("keeps_own_hours"),
        )


@admin.register(Resource)
class ResourceAdmin(SwitchAdmin, Undeletable):
    form = ResourceForm
    list_display = ("name", "kind", "clinic", "category_names", "fixed_in", "keeps_own_hours", "is_active")
    list_filter = ("kind", "is_active", "clinic", "categories")
    list_select_related = ("clinic", "fixed_in")
    search_fields = ("name", "clinic__name", "categories__name")
    autocomplete_fields = ("categories", "fixed_in")
    fieldsets = (
        (None, {"fields": (("name", "kind"), ("clinic", "is_active"), "move_visits", "categories")}),
        (
            "Where and when",
            {
                "description": "Off: there whenever its clinic is open. On: add its working hours, or it never works.",
                "fields": ("keeps_own_hours", "fixed_in"),
            },
        ),
    )

    def get_queryset(self, request: HttpRequest) -> QuerySet[Resource]:
        rows = super().get_queryset(request).prefetch_related("categories")
        clinics = reach(request, self.permission)
        return rows if clinics is None else rows.filter(used_at(clinics))

    @admin.display(description="categories")
    def category_names(self, resource: Resource) -> str:
        return ", ".join(category.name for category in resource.categories.all()) or "–"

    def get_readonly_fields(self, request: HttpRequest, obj: Resource | None = None) -> tuple[str, ...]:
        """What bookings rely on stays: a room can't become a device, nor move to another clinic once used."""
        if obj is None:
            return ()
        return ("kind", "clinic") if obj.kind == ResourceKind.DOCTOR or obj.allocations.exists() else ("kind",)

    def save_model(self, request: HttpRequest, obj: Resource, form: ModelForm, change: bool) -> None:
        """Being in use goes by its command first, which locks appointments before the resource."""
        if change and (changed := switched(form)):
            revise_use(
                resource=obj,
                by=actor(request),
                in_use=changed.get("is_active"),
                keeps_own_hours=changed.get("keeps_own_hours"),
            )
        locks.edit_resources([obj.pk])
        if change:
            obj.refresh_from_db(fields=["schedule_version"])
        super().save_model(request, obj, form, change)


class PlaceInline(ConfigurationInline):
    model = DoctorClinic
    autocomplete_fields = ("usual_room",)
    verbose_name_plural = "Clinics served"


class OfferingInline(ConfigurationInline):
    model = Offering
    autocomplete_fields = ("appointment_type",)
    verbose_name_plural = "What this person performs, where (empty minutes: as the type says)"

    def get_queryset(self, request: HttpRequest) -> QuerySet[Offering]:
        return super().get_queryset(request).select_related("appointment_type__service", "clinic")


class DoctorForm(UseForm):
    def rehearse(self, changed: dict[str, bool]) -> Rehearsal:
        return rehearse_use(resource=self.instance.resource, by=self.by, in_use=changed["is_active"])


@admin.register(Doctor)
class DoctorAdmin(SwitchAdmin, Undeletable):
    form = DoctorForm
    clinic_path = "clinics"
    list_display = ("family_name", "given_name", "title", "profession", "clinic_names", "speciality_names", "is_active")
    list_filter = ("is_active", "profession", "clinics", "specialities")
    search_fields = ("family_name", "given_name", "specialities__name")
    autocomplete_fields = ("specialities", "user")
    exclude = ("resource",)
    inlines = (PlaceInline, OfferingInline)
    fieldsets = (
        (None, {"fields": (("title", "given_name", "family_name"), ("profession", "sex", "is_active"), "move_visits")}),
        ("What patients choose by", {"fields": ("specialities", "languages")}),
        ("Sign-in", {"description": "The account that sees this list as its own.", "fields": ("user",)}),
    )

    def get_queryset(self, request: HttpRequest) -> QuerySet[Doctor]:
        return super().get_queryset(request).select_related("resource").prefetch_related("clinics", "specialities")

    @admin.display(description="clinics")
    def clinic_names(self, doctor: Doctor) -> str:
        return ", ".join(clinic.name for clinic in doctor.clinics.all()) or "–"

    @admin.display(description="specialities")
    def speciality_names(self, doctor: Doctor) -> str:
        return ", ".join(each.name for each in doctor.specialities.all()) or "–"

    def get_autocomplete_fields(self, request: HttpRequest) -> tuple[str, ...]:
        """Accounts are searched by those who may see them: superusers."""
        return ("specialities", "user") if request.user.is_superuser else ("specialities",)

    def get_readonly_fields(self, request: HttpRequest, obj: Doctor | None = None) -> tuple[str, ...]:
        return () if request.user.is_superuser else ("user",)

    def save_model(self, request: HttpRequest, obj: Doctor, form: ModelForm, change: bool) -> None:
        """A doctor's resource comes and goes with the doctor, under the same name."""
        if not change:
            obj.resource = Resource(kind=ResourceKind.DOCTOR, keeps_own_hours=True)
        else:
            if switched(form):
                revise_use(resource=obj.resource, by=actor(request), in_use=obj.is_active)
            locks.edit_types(obj.offerings.values_list("appointment_type", flat=True))
            locks.edit_resources([obj.resource_id])
            obj.resource.refresh_from_db()
        obj.resource.name, obj.resource.is_active = obj.full_name, obj.is_active
        obj.resource.save()
        obj.resource_id = obj.resource.pk
        super().save_model(request, obj, form, change)

    def save_formset(self, request: HttpRequest, form: ModelForm, formset: BaseModelFormSet, change: bool) -> None:
        if formset.model is Offering:
            locks.edit_types(
                each.cleaned_data["appointment_type"].pk
                for each in formset.forms
                if each.has_changed() and each.cleaned_data.get("appointment_type")
            )
        super().save_formset(request, form, formset, change)
