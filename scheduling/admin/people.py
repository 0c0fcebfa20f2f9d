"""Who works where, in which role. Granted and revoked by the commands; a membership is never edited."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any
from uuid import UUID

from django.contrib import admin, messages
from django.core.exceptions import PermissionDenied
from django.db.models import QuerySet
from django.forms import ModelForm
from django.http import Http404, HttpRequest, HttpResponse
from django.template.response import TemplateResponse
from django.urls import URLPattern, path, reverse
from django.utils.html import format_html

from carebridge.accounts.models import Role, User
from carebridge.errors import DomainError
from scheduling.admin.access import access_of, role_table
from scheduling.admin.base import ConfigurationAdmin, actor
from scheduling.memberships import (
    allow_booking_elsewhere,
    disallow_booking_elsewhere,
    grant_membership,
    revoke_membership,
)
from scheduling.models import ClinicMembership
from scheduling.roles import Permission


@admin.register(ClinicMembership)
class ClinicMembershipAdmin(ConfigurationAdmin):
    permission = Permission.GRANT_ACCESS
    clinic_path = "clinic"
    list_display = ("user", "role", "clinic", "books_elsewhere", "granted_at", "granted_by", "what_they_may")
    list_filter = ("role", "clinic", "books_elsewhere")
    list_select_related = ("user", "clinic", "granted_by")
    search_fields = ("user__username", "user__first_name", "user__last_name")
    fields = ("user", "clinic", "role")
    actions = ("allow_elsewhere", "disallow_elsewhere")
    change_list_template = "admin/scheduling/clinicmembership/list.html"

    def get_urls(self) -> list[URLPattern]:
        """With what a person can do, and the table of roles."""
        own = [
            path("people/<uuid:pk>/", self.admin_site.admin_view(self.person), name="access-person"),
            path("roles/", self.admin_site.admin_view(self.roles), name="access-roles"),
        ]
        return [*own, *super().get_urls()]

    @admin.display(description="what they can do")
    def what_they_may(self, membership: ClinicMembership) -> str:
        url = reverse("admin:access-person", args=[membership.user_id])
        return format_html('<a href="{}">Show<span class="visually-hidden"> for {}</span></a>', url, membership.user)

    def person(self, request: HttpRequest, pk: UUID) -> HttpResponse:
        """What this person can do, where, and why: of the clinics whose roles the reader hands out."""
        self._require_opening(request)
        held = self.get_queryset(request).filter(user=pk).select_related("clinic", "granted_by", "user")
        person = User.objects.filter(pk=pk).first()
        if person is None or not (held or actor(request).is_superuser):
            raise Http404
        context = {"access": access_of(person, held), "title": "What this person can do, where and why"}
        return self._page(request, "person", context)

    def roles(self, request: HttpRequest) -> HttpResponse:
        """The table of roles, as in docs/permissions.md."""
        self._require_opening(request)
        heads = [*(role.label for role in Role), "Own list"]
        return self._page(request, "roles", {"table": role_table(), "heads": heads, "title": "What each role may do"})

    def _require_opening(self, request: HttpRequest) -> None:
        if not self.may_open(request):
            raise PermissionDenied

    def _page(self, request: HttpRequest, name: str, context: dict[str, Any]) -> HttpResponse:
        template = f"admin/scheduling/clinicmembership/{name}.html"
        return TemplateResponse(request, template, {**self.admin_site.each_context(request), **context})

    def has_change_permission(self, request: HttpRequest, obj: ClinicMembership | None = None) -> bool:
        """Revoke one and grant another, so that the trail tells who held what when."""
        return False

    def save_model(self, request: HttpRequest, obj: ClinicMembership, form: ModelForm, change: bool) -> None:
        granted = grant_membership(user=obj.user, clinic=obj.clinic, role=Role(obj.role), by=actor(request))
        obj.pk, obj._state.adding = granted.pk, False

    def delete_model(self, request: HttpRequest, obj: ClinicMembership) -> None:
        revoke_membership(user=obj.user, clinic=obj.clinic, role=Role(obj.role), by=actor(request))

    def delete_queryset(self, request: HttpRequest, queryset: QuerySet[ClinicMembership]) -> None:
        self._each(request, queryset, lambda row: self.delete_model(request, row))

    @admin.action(description="Let them book into the group's other clinics", permissions=["delete"])
    def allow_elsewhere(self, request: HttpRequest, queryset: QuerySet[ClinicMembership]) -> None:
        self._each(request, queryset, lambda row: allow_booking_elsewhere(membership=row, by=actor(request)))

    @admin.action(description="Let them book at this clinic only", permissions=["delete"])
    def disallow_elsewhere(self, request: HttpRequest, queryset: QuerySet[ClinicMembership]) -> None:
        self._each(request, queryset, lambda row: disallow_booking_elsewhere(membership=row, by=actor(request)))

    def _each(
        self, request: HttpRequest, queryset: QuerySet[ClinicMembership], command: Callable[[ClinicMembership], object]
    ) -> None:
        """Run a command per row: one refusal stops nobody else's."""
        for membership in queryset.select_related("user", "clinic"):
            try:
                command(membership)
            except DomainError as refusal:
                messages.error(request, f"{membership}: {refusal.message}")
