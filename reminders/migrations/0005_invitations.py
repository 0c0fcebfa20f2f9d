import django.db.models.deletion
from django.conf import settings
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("reminders", "0004_tests_to_oneself_months_and_indexes"),
        ("scheduling", "0006_patient_links"),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.RemoveConstraint(
            model_name="reminder",
            name="reminder_known_kind",
        ),
        migrations.RemoveConstraint(
            model_name="rule",
            name="rule_known_kind",
        ),
        migrations.AddField(
            model_name="reminder",
            name="invitation",
            field=models.ForeignKey(
                blank=True,
                db_index=False,
                null=True,
                on_delete=django.db.models.deletion.PROTECT,
                related_name="reminders",
                to="scheduling.bookinginvitation",
            ),
        ),
        migrations.AlterField(
            model_name="reminder",
            name="kind",
            field=models.CharField(
                choices=[
                    ("booked", "Booked"),
                    ("preparation", "How to prepare"),
                    ("upcoming", "48 hours before"),
                    ("confirm_request", "Please confirm"),
                    ("same_day", "Same day"),
                    ("rescheduled", "Moved"),
                    ("cancelled", "Cancelled"),
                    ("offer", "Offer of an earlier time"),
                    ("invitation", "Please choose a time"),
                    ("no_show", "Missed visit"),
                    ("thanks", "After the visit"),
                    ("follow_up", "Follow-up to book"),
                    ("recall", "Recall"),
                    ("feedback", "Feedback"),
                    ("staff_change", "To staff: change today"),
                    ("staff_tomorrow", "To staff: tomorrow's list"),
                ],
                max_length=16,
            ),
        ),
        migrations.AlterField(
            model_name="rule",
            name="kind",
            field=models.CharField(
                choices=[
                    ("booked", "Booked"),
                    ("preparation", "How to prepare"),
                    ("upcoming", "48 hours before"),
                    ("confirm_request", "Please confirm"),
                    ("same_day", "Same day"),
                    ("rescheduled", "Moved"),
                    ("cancelled", "Cancelled"),
                    ("offer", "Offer of an earlier time"),
                    ("invitation", "Please choose a time"),
                    ("no_show", "Missed visit"),
                    ("thanks", "After the visit"),
                    ("follow_up", "Follow-up to book"),
                    ("recall", "Recall"),
                    ("feedback", "Feedback"),
                    ("staff_change", "To staff: change today"),
                    ("staff_tomorrow", "To staff: tomorrow's list"),
                ],
                max_length=16,
            ),
        ),
        migrations.AddConstraint(
            model_name="reminder",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    (
                        "kind__in",
                        [
                            "booked",
                            "preparation",
                            "upcoming",
                            "confirm_request",
                            "same_day",
                            "rescheduled",
                            "cancelled",
                            "offer",
                            "invitation",
                            "no_show",
                            "thanks",
                            "follow_up",
                            "recall",
                            "feedback",
                            "staff_change",
                            "staff_tomorrow",
                        ],
                    )
                ),
                name="reminder_known_kind",
            ),
        ),
        migrations.AddConstraint(
            model_name="reminder",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    models.Q(("invitation__isnull", False), ("kind", "invitation")),
                    models.Q(models.Q(("kind", "invitation"), _negated=True), ("invitation__isnull", True)),
                    _connector="OR",
                ),
                name="reminder_invites_to_something",
            ),
        ),
        migrations.AddConstraint(
            model_name="rule",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    (
                        "kind__in",
                        [
                            "booked",
                            "preparation",
                            "upcoming",
                            "confirm_request",
                            "same_day",
                            "rescheduled",
                            "cancelled",
                            "offer",
                            "invitation",
                            "no_show",
                            "thanks",
                            "follow_up",
                            "recall",
                            "feedback",
                            "staff_change",
                            "staff_tomorrow",
                        ],
                    )
                ),
                name="rule_known_kind",
            ),
        ),
    ]
