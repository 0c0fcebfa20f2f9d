"""Who works where, in which role. Granted and revoked by the commands; a membership is never edited."""

from __future__ import annotations

from django.contrib import admin, messages
from django.db.models import QuerySet
from django.forms import ModelForm
from django.http import HttpRequest

from carebridge.accounts.models import Role
from carebridge.errors import DomainError
from scheduling.admin.base import ConfigurationAdmin, actor
from scheduling.memberships import grant_membership, revoke_membership
from scheduling.models import ClinicMembership


@admin.register(ClinicMembership)
class ClinicMembershipAdmin(ConfigurationAdmin):
    clinic_path = "clinic"
    list_display = ("user", "role", "clinic", "granted_at", "granted_by")
    list_filter = ("role", "clinic")
    list_select_related = ("user", "clinic", "granted_by")
    search_fields = ("user__username", "user__first_name", "user__last_name")
    fields = ("user", "clinic", "role")

    def has_change_permission(self, request: HttpRequest, obj: ClinicMembership | None = None) -> bool:
        """Revoke one and grant another, so that the trail tells who held what when."""
        return False

    def save_model(self, request: HttpRequest, obj: ClinicMembership, form: ModelForm, change: bool) -> None:
        granted = grant_membership(user=obj.user, clinic=obj.clinic, role=Role(obj.role), by=actor(request))
        obj.pk, obj._state.adding = granted.pk, False

    def delete_model(self, request: HttpRequest, obj: ClinicMembership) -> None:
        revoke_membership(user=obj.user, clinic=obj.clinic, role=Role(obj.role), by=actor(request))

    def delete_queryset(self, request: HttpRequest, queryset: QuerySet[ClinicMembership]) -> None:
        for membership in queryset.select_related("user", "clinic"):
            try:
                self.delete_model(request, membership)
            except DomainError as refusal:
                messages.error(request, f"{membership}: {refusal.message}")
