from django.contrib import admin
from django.contrib.auth.admin import UserAdmin as BaseUserAdmin

from carebridge.accounts.models import User


@admin.register(User)
class UserAdmin(BaseUserAdmin):
    """Users are deactivated, never deleted."""

    list_display = ("username", "first_name", "last_name", "email", "is_active", "is_staff", "last_login")
    list_filter = ("is_active", "is_staff")

    def has_delete_permission(self, request: object, obj: User | None = None) -> bool:
        """The audit trail points at users for good."""
        return False
