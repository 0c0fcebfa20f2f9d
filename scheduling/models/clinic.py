"""A place that patients come to: where it is, when it opens, whom it employs, what it allows."""

from __future__ import annotations

import zoneinfo
from typing import TYPE_CHECKING, Self

from django.conf import settings
from django.contrib.postgres.fields import ArrayField
from django.core.validators import MaxValueValidator
from django.db import models
from django.db.models import Q
from guardian.models import UserObjectPermissionBase

from carebridge.accounts.models import Role
from scheduling.models.fields import Weekday, in_order, validate_origin, validate_time_zone

if TYPE_CHECKING:
    from carebridge.accounts.models import User


class ClinicQuerySet(models.QuerySet["Clinic"]):
    def visible_to(self, user: User) -> Self:
        """Clinics where the user holds any role."""
        from scheduling.permissions import clinic_ids_with
        from scheduling.roles import Permission

        return self.filter(pk__in=clinic_ids_with(user, Permission.SEE_DIRECTORY))

    def active(self) -> Self:
        return self.filter(is_active=True)


class Clinic(models.Model):
    """An outpatient location with one time zone. Its local hours follow the zone's law, daylight saving included."""

    name = models.CharField(max_length=80, unique=True)
    code = models.SlugField(max_length=12, unique=True, help_text="Short, stable, used in exports and links")
    position = models.PositiveSmallIntegerField(default=0, help_text="Order in lists; key 1 to 6 on the board")
    time_zone = models.CharField(max_length=64, default="Europe/London", validators=[validate_time_zone])
    is_active = models.BooleanField(default=True)

    address = models.CharField(max_length=120, blank=True)
    city = models.CharField(max_length=60, blank=True)
    postcode = models.CharField(max_length=12, blank=True)
    floor = models.CharField(max_length=40, blank=True)
    phone = models.CharField(max_length=24, blank=True)
    email = models.EmailField(blank=True)
    directions = models.TextField(blank=True, help_text="How to get there and where to park, in words")
    latitude = models.DecimalField(max_digits=8, decimal_places=5, null=True, blank=True)
    longitude = models.DecimalField(max_digits=8, decimal_places=5, null=True, blank=True)
    step_free_access = models.BooleanField(default=False)

    min_notice_minutes = models.PositiveIntegerField(default=0, help_text="No booking closer to now than this")
    max_advance_days = models.PositiveSmallIntegerField(default=365, validators=[MaxValueValidator(1095)])
    cancel_cutoff_minutes = models.PositiveIntegerField(default=24 * 60, help_text="Later cancellations count as late")
    reschedule_cutoff_minutes = models.PositiveIntegerField(default=24 * 60)
    max_open_appointments = models.PositiveSmallIntegerField(default=10, help_text="Future visits a patient may hold")
    travel_minutes = models.PositiveSmallIntegerField(default=0, help_text="Between this clinic and another, for staff")
    override_needs_sign_off = models.BooleanField(default=False, help_text="A second person must agree to overrides")

    framed_by = ArrayField(
        models.CharField(max_length=120, validators=[validate_origin]),
        verbose_name="sites that may show it",
        default=list,
        blank=True,
        size=10,
        help_text="Such as https://www.example.org, separated by commas. Browsers refuse every other site.",
    )

    schedule_version = models.PositiveBigIntegerField(
        default=0, editable=False, help_text="Raised by hours and closures"
    )

    objects = ClinicQuerySet.as_manager()

    class Meta:
        ordering = ["position", "name"]
        # Membership of a clinic in a role is one of these, held on the clinic object.
        permissions = [
            *((f"{role.value}_at", f"Works here as {role.label.lower()}") for role in Role),
            ("books_elsewhere", "Books from here into the group's other clinics"),
        ]

    def __str__(self) -> str:
        return self.name

    @property
    def zone(self) -> zoneinfo.ZoneInfo:
        """The time zone of the clinic's local hours."""
        return zoneinfo.ZoneInfo(self.time_zone)


class ClinicUserObjectPermission(UserObjectPermissionBase):
    """django-guardian's object permission on a clinic, with a real foreign key so that lookups are one join."""

    content_object = models.ForeignKey(Clinic, on_delete=models.CASCADE)

    class Meta(UserObjectPermissionBase.Meta):
        verbose_name = "clinic object permission"


class ClinicMembership(models.Model):
    """Why a person holds a role at a clinic: since when and by whom. The right itself is the object permission."""

    user = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="memberships")
    clinic = models.ForeignKey(Clinic, on_delete=models.PROTECT, related_name="memberships")
    role = models.CharField(max_length=32, choices=Role.choices)
    books_elsewhere = models.BooleanField(
        default=False, db_default=False, help_text="From here also into the group's other clinics, seeing nothing else"
    )
    granted_at = models.DateTimeField(auto_now_add=True)
    granted_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+", null=True, blank=True
    )

    class Meta:
        ordering = ["clinic__position", "role", "user__last_name"]
        constraints = [
            models.UniqueConstraint(fields=["user", "clinic", "role"], name="membership_once"),
            models.CheckConstraint(condition=Q(role__in=Role.values), name="membership_known_role"),
        ]

    def __str__(self) -> str:
        return f"{self.get_role_display()} at clinic {self.clinic_id}"


class OpeningHours(models.Model):
    """When a clinic is open in a normal week, in its own local time."""

    clinic = models.ForeignKey(Clinic, on_delete=models.CASCADE, related_name="opening_hours")
    weekday = models.PositiveSmallIntegerField(choices=Weekday.choices)
    starts = models.TimeField()
    ends = models.TimeField()
    valid_from = models.DateField(null=True, blank=True)
    valid_until = models.DateField(null=True, blank=True, help_text="Last day on which this holds")

    class Meta:
        ordering = ["clinic", "weekday", "starts"]
        verbose_name_plural = "opening hours"
        constraints = [in_order("opening_hours_in_order", "starts", "ends")]

    def __str__(self) -> str:
        return f"{self.get_weekday_display()} {self.starts:%H:%M} to {self.ends:%H:%M}"


class ClinicClosure(models.Model):
    """Time when a clinic is shut although its hours say open: holidays, training, a burst pipe."""

    clinic = models.ForeignKey(Clinic, on_delete=models.CASCADE, related_name="closures")
    starts_at = models.DateTimeField()
    ends_at = models.DateTimeField()
    reason = models.CharField(max_length=120)

    class Meta:
        ordering = ["clinic", "starts_at"]
        constraints = [in_order("clinic_closure_in_order", "starts_at", "ends_at")]
        indexes = [models.Index(fields=["clinic", "ends_at"], name="clinic_closure_until")]

    def __str__(self) -> str:
        return self.reason


class DayNote(models.Model):
    """A note on a clinic's day, or on one doctor's day there, such as "fire drill at 11"."""

    clinic = models.ForeignKey(Clinic, on_delete=models.CASCADE, related_name="day_notes")
    doctor = models.ForeignKey("Doctor", on_delete=models.CASCADE, null=True, blank=True, related_name="day_notes")
    day = models.DateField()
    text = models.CharField(max_length=240)
    written_by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, null=True, related_name="+")
    written_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        ordering = ["day", "id"]
        indexes = [models.Index(fields=["clinic", "day"], name="day_note_day")]

    def __str__(self) -> str:
        return f"Note for {self.day}"
