import datetime
import django.db.models.deletion
from django.conf import settings
from django.db import migrations, models


class Migration(migrations.Migration):
    initial = True

    dependencies = [
        ("scheduling", "0010_words_of_clinics_on_pages"),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.CreateModel(
            name="Entry",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                (
                    "doctor_is_must",
                    models.BooleanField(default=False, help_text="Nobody else will do; otherwise a wish"),
                ),
                (
                    "urgency",
                    models.PositiveSmallIntegerField(choices=[(0, "Routine"), (1, "Soon"), (2, "Urgent")], default=0),
                ),
                ("urgency_reason", models.CharField(blank=True, max_length=160)),
                ("latest_day", models.DateField(blank=True, help_text="The last day that would still help", null=True)),
                (
                    "status",
                    models.CharField(
                        choices=[("active", "Waiting"), ("paused", "Paused"), ("closed", "Closed")],
                        default="active",
                        max_length=8,
                    ),
                ),
                (
                    "outcome",
                    models.CharField(
                        blank=True,
                        choices=[
                            ("booked", "Booked"),
                            ("withdrew", "No longer wants it"),
                            ("unreachable", "Could not be reached"),
                            ("mistake", "Entered by mistake"),
                        ],
                        max_length=12,
                    ),
                ),
                ("waiting_since", models.DateTimeField()),
                ("paused_at", models.DateTimeField(blank=True, null=True)),
                ("paused_for", models.DurationField(default=datetime.timedelta)),
                ("closed_at", models.DateTimeField(blank=True, null=True)),
                (
                    "appointment_type",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT, related_name="+", to="scheduling.appointmenttype"
                    ),
                ),
                (
                    "clinic",
                    models.ForeignKey(
                        db_index=False,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to="scheduling.clinic",
                    ),
                ),
                (
                    "created_by",
                    models.ForeignKey(
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
                (
                    "doctor",
                    models.ForeignKey(
                        blank=True,
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to="scheduling.doctor",
                    ),
                ),
                (
                    "patient",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="waitlist_entries",
                        to="scheduling.patient",
                    ),
                ),
                (
                    "urgency_set_by",
                    models.ForeignKey(
                        blank=True,
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
            ],
            options={
                "verbose_name_plural": "entries",
                "ordering": ["waiting_since", "id"],
                "indexes": [models.Index(fields=["clinic", "status"], name="waitlist_clinic_status")],
                "constraints": [
                    models.CheckConstraint(
                        condition=models.Q(("urgency__in", [0, 1, 2])), name="waitlist_known_urgency"
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            ("urgency", 0), models.Q(("urgency_reason", ""), _negated=True), _connector="OR"
                        ),
                        name="waitlist_urgency_has_reason",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            models.Q(
                                ("closed_at__isnull", True),
                                ("outcome", ""),
                                ("paused_at__isnull", True),
                                ("status", "active"),
                            ),
                            models.Q(
                                ("closed_at__isnull", True),
                                ("outcome", ""),
                                ("paused_at__isnull", False),
                                ("status", "paused"),
                            ),
                            models.Q(
                                ("closed_at__isnull", False),
                                ("status", "closed"),
                                models.Q(("outcome", ""), _negated=True),
                            ),
                            _connector="OR",
                        ),
                        name="waitlist_status_says_since_when",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(("doctor_is_must", False), ("doctor__isnull", False), _connector="OR"),
                        name="waitlist_must_names_doctor",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            ("paused_at__isnull", True), ("paused_at__gte", models.F("waiting_since")), _connector="OR"
                        ),
                        name="waitlist_pause_after",
                    ),
                    models.UniqueConstraint(
                        condition=models.Q(("status", "closed"), _negated=True),
                        fields=("patient", "appointment_type", "clinic"),
                        name="waitlist_open_once",
                    ),
                ],
            },
        ),
    ]
