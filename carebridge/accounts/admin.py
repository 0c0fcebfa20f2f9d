"""Who may sign in: users, their roles' names, API tokens. Which clinics they work for is scheduling's business."""

from __future__ import annotations

from collections.abc import Callable
from typing import cast

from django.contrib import admin, messages
from django.contrib.auth.admin import UserAdmin as BaseUserAdmin
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse

from carebridge.accounts.helping import take_factors, unlock_account
from carebridge.accounts.models import User
from carebridge.accounts.sessions import sign_out_everywhere
from carebridge.errors import DomainError


@admin.register(User)
class UserAdmin(BaseUserAdmin):
    """Users are deactivated, never deleted."""

    list_display = ("username", "first_name", "last_name", "email", "is_active", "is_staff", "last_login")
    list_filter = ("is_active", "is_staff")
    actions = ("unlock", "take_away_factors", "sign_out")

    def has_delete_permission(self, request: object, obj: User | None = None) -> bool:
        """The audit trail points at users for good."""
        return False

    def user_change_password(self, request: HttpRequest, id: str, form_url: str = "") -> HttpResponse:
        """As Django's; a new password ends the person's sessions and API tokens, as it does when they change it."""
        response = super().user_change_password(request, id, form_url)
        if request.method == "POST" and response.status_code == 302:
            person = User.objects.get(pk=id)
            sign_out_everywhere(user=person, by=cast(User, request.user), keep=request.session.session_key)
        return response

    @admin.action(description="Unlock after failed sign-ins", permissions=["change"])
    def unlock(self, request: HttpRequest, queryset: QuerySet[User]) -> None:
        self._for_each(request, queryset, unlock_account, "Unlocked")

    @admin.action(description="Take away the second factor (lost phone or key)", permissions=["change"])
    def take_away_factors(self, request: HttpRequest, queryset: QuerySet[User]) -> None:
        self._for_each(request, queryset, take_factors, "Second factor taken away")

    @admin.action(description="Sign out everywhere", permissions=["change"])
    def sign_out(self, request: HttpRequest, queryset: QuerySet[User]) -> None:
        self._for_each(request, queryset, sign_out_everywhere, "Signed out everywhere")

    def _for_each(self, request: HttpRequest, people: QuerySet[User], command: Callable[..., int], done: str) -> None:
        for user in people:
            try:
                command(user=user, by=request.user)
            except DomainError as refused:
                messages.error(request, f"{user}: {refused.message}")
            else:
                messages.success(request, f"{done}: {user}")
