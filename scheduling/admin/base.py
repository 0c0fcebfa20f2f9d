"""What every admin page shares: who may open it, which rows they see, and how a refusal is shown."""

from __future__ import annotations

from typing import Any

from django.contrib import admin, messages
from django.core.exceptions import NON_FIELD_ERRORS
from django.db import models
from django.forms import ModelForm
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect

from carebridge.accounts.models import User
from carebridge.db import constraint_errors
from carebridge.errors import DomainError
from scheduling.permissions import clinic_ids_with
from scheduling.roles import Permission

ABOUT_PATIENTS = frozenset(
    {
        Permission.SEE_SCHEDULE,
        Permission.SEE_PATIENTS,
        Permission.SEE_CONTACTS,
        Permission.SEE_NOTES,
        Permission.SEE_HISTORY,
        Permission.SEE_WAITLIST,
    }
)


def actor(request: HttpRequest) -> User:
    """The signed-in member of staff; the admin site lets nobody else in."""
    return request.user  # type: ignore[return-value]


def reach(request: HttpRequest, permission: Permission) -> list[int] | None:
    """Ids of the clinics where the user holds the permission; None means every clinic.

    A superuser reaches every clinic's configuration. Patients and their visits need a role, whoever asks.
    """
    user = actor(request)
    return None if user.is_superuser and permission not in ABOUT_PATIENTS else clinic_ids_with(user, permission)


class RefusalMixin:
    """Shows what a command refuses on the form itself, with everything that was typed still there."""

    def changeform_view(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        try:
            with constraint_errors():
                return super().changeform_view(request, *args, **kwargs)  # type: ignore[misc]
        except DomainError as refusal:
            # The transaction is rolled back; the second pass only renders the form with the sentence in it.
            request.refusal = refusal  # type: ignore[attr-defined]
            return super().changeform_view(request, *args, **kwargs)  # type: ignore[misc]

    def get_form(self, request: HttpRequest, obj: Any = None, change: bool = False, **kwargs: Any) -> type[ModelForm]:
        form = super().get_form(request, obj, change=change, **kwargs)  # type: ignore[misc]
        refusal = getattr(request, "refusal", None)
        return refused(form, refusal) if refusal else form

    def delete_view(self, request: HttpRequest, object_id: str, extra_context: Any = None) -> HttpResponse:
        try:
            with constraint_errors():
                return super().delete_view(request, object_id, extra_context)  # type: ignore[misc]
        except DomainError as refusal:
            messages.error(request, refusal.message)
            return HttpResponseRedirect(request.path.removesuffix("delete/") + "change/")


def refused(form: type[ModelForm], refusal: DomainError) -> type[ModelForm]:
    """The same form, whose validation now also says why the command refused."""

    class RefusedForm(form):  # type: ignore[misc, valid-type]
        def clean(self) -> Any:
            cleaned = super().clean()
            known = {name: sentence for name, sentence in refusal.fields.items() if name in self.fields}
            for name, sentence in (known or {NON_FIELD_ERRORS: refusal.message}).items():
                self.add_error(None if name == NON_FIELD_ERRORS else name, sentence)
            return cleaned

    return RefusedForm


class ConfigurationAdmin(RefusalMixin, admin.ModelAdmin):
    """A page for people who may configure some clinic. `clinic_path` narrows rows to the clinics they configure."""

    permission = Permission.CONFIGURE
    clinic_path = ""
    """Lookup from the row to its clinic; empty for the group's common catalogue."""
    shared = False
    """Rows of no clinic (path is null) belong to everybody who configures one."""
    list_per_page = 50
    show_full_result_count = False
    save_on_top = True

    def may_open(self, request: HttpRequest, obj: models.Model | None = None) -> bool:
        """Whether the user configures a clinic, and this row's clinic if there is a row."""
        clinics = reach(request, self.permission)
        if clinics is None or obj is None or not obj.pk:
            return clinics is None or bool(clinics)
        return bool(clinics) and self.get_queryset(request).filter(pk=obj.pk).exists()

    def get_queryset(self, request: HttpRequest) -> models.QuerySet:
        rows = super().get_queryset(request)
        clinics = reach(request, self.permission)
        if clinics is None or not self.clinic_path:
            return rows
        mine = models.Q(**{f"{self.clinic_path}__in": clinics})
        if self.shared:
            mine |= models.Q(**{f"{self.clinic_path}__isnull": True})
        # A subquery rather than a join: rows with several clinics stay single.
        return rows.filter(pk__in=self.model._default_manager.filter(mine).values("pk"))

    def _get_obj_does_not_exist_redirect(self, request: HttpRequest, opts: Any, object_id: str) -> HttpResponse:
        """Unseen and unknown are the same answer, here as everywhere."""
        raise Http404

    def has_module_permission(self, request: HttpRequest) -> bool:
        return request.user.is_staff and self.may_open(request)

    def has_view_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return self.may_open(request, obj)

    def has_add_permission(self, request: HttpRequest) -> bool:
        return self.may_open(request)

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return self.may_open(request, obj)

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return self.may_open(request, obj)

    def formfield_for_foreignkey(self, db_field: models.ForeignKey, request: HttpRequest, **kwargs: Any) -> Any:
        """A clinic can only be one of those the user configures."""
        clinics = reach(request, self.permission)
        if db_field.related_model._meta.label == "scheduling.Clinic" and clinics is not None:
            kwargs["queryset"] = db_field.related_model._default_manager.filter(pk__in=clinics)
        return super().formfield_for_foreignkey(db_field, request, **kwargs)


class Undeletable(ConfigurationAdmin):
    """Rows that history points at: they are switched off, never deleted."""

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False


class ReadOnlyAdmin(ConfigurationAdmin):
    """Rows that only commands write. The page shows; it has nothing to save."""

    save_on_top = False

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False


class ConfigurationInline(admin.TabularInline):
    """Rows edited on their owner's page by whoever may open that page."""

    extra = 0
    parent_permission = Permission.CONFIGURE

    def may_open(self, request: HttpRequest) -> bool:
        """Whether the user configures some clinic; the owner's page has checked which."""
        clinics = reach(request, self.parent_permission)
        return clinics is None or bool(clinics)

    def has_view_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return self.may_open(request)

    def has_add_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return self.may_open(request)

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return self.may_open(request)

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return self.may_open(request)


class ReadOnlyInline(ConfigurationInline):
    """Rows shown on their owner's page, written by commands only."""

    def get_readonly_fields(self, request: HttpRequest, obj: Any = None) -> Any:
        return self.fields or ()

    def has_add_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False
