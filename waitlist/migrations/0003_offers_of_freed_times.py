import datetime
import django.contrib.postgres.fields
import django.core.validators
import django.db.models.deletion
import django.db.models.expressions
from django.conf import settings
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("scheduling", "0010_words_of_clinics_on_pages"),
        ("waitlist", "0002_what_a_merge_undoes"),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.CreateModel(
            name="ClinicTerms",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("urgency_points", models.PositiveSmallIntegerField(default=40)),
                ("waiting_points", models.PositiveSmallIntegerField(default=30)),
                ("service_points", models.PositiveSmallIntegerField(default=10)),
                ("location_points", models.PositiveSmallIntegerField(default=10)),
                ("doctor_points", models.PositiveSmallIntegerField(default=5)),
                ("times_points", models.PositiveSmallIntegerField(default=5)),
                (
                    "offers_at_once",
                    models.PositiveSmallIntegerField(
                        default=2,
                        help_text="The most that one person is asked about at a time",
                        validators=[django.core.validators.MinValueValidator(1)],
                    ),
                ),
                (
                    "shortest_answer_minutes",
                    models.PositiveSmallIntegerField(default=15, help_text="Somebody has at least so long"),
                ),
                (
                    "longest_answer_minutes",
                    models.PositiveSmallIntegerField(default=1440, help_text="And never longer"),
                ),
                (
                    "too_close_minutes",
                    models.PositiveSmallIntegerField(
                        default=60, help_text="So long before its start a time is offered by telephone only"
                    ),
                ),
                ("quiet_from", models.TimeField(default=datetime.time(21, 0))),
                ("quiet_until", models.TimeField(default=datetime.time(8, 0))),
                (
                    "approve_urgent",
                    models.BooleanField(default=True, help_text="A person agrees before urgent patients are asked"),
                ),
                (
                    "approve_under_age",
                    models.PositiveSmallIntegerField(default=16, help_text="And before patients younger than this"),
                ),
            ],
            options={
                "verbose_name": "terms of the waitlist",
                "verbose_name_plural": "terms of the waitlist",
            },
        ),
        migrations.CreateModel(
            name="Decision",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("candidates", models.JSONField()),
                ("skipped", models.JSONField(default=list)),
                ("points", models.JSONField()),
                ("seed", models.CharField(max_length=64)),
                ("made_at", models.DateTimeField()),
                ("reason", models.CharField(blank=True, help_text="Of a person who chose otherwise", max_length=160)),
            ],
            options={
                "ordering": ["made_at", "id"],
            },
        ),
        migrations.CreateModel(
            name="FreedSlot",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                (
                    "cause",
                    models.CharField(
                        choices=[
                            ("cancelled", "Visit cancelled"),
                            ("moved", "Visit moved"),
                            ("opened", "Time opened"),
                            ("by_hand", "Offered by hand"),
                        ],
                        max_length=10,
                    ),
                ),
                ("starts_at", models.DateTimeField()),
                ("ends_at", models.DateTimeField()),
                (
                    "state",
                    models.CharField(
                        choices=[
                            ("waiting", "To be matched"),
                            ("offered", "Offered"),
                            ("filled", "Taken up"),
                            ("nobody", "Nobody it suits"),
                            ("call", "Too close to offer: call"),
                            ("gone", "No longer free"),
                            ("withdrawn", "Not free after all"),
                        ],
                        default="waiting",
                        max_length=10,
                    ),
                ),
                ("freed_at", models.DateTimeField()),
                ("due_at", models.DateTimeField()),
            ],
            options={
                "ordering": ["due_at", "id"],
            },
        ),
        migrations.CreateModel(
            name="Offer",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                (
                    "state",
                    models.CharField(
                        choices=[
                            ("approval", "Waits for a person to agree"),
                            ("sent", "Waits for the patient"),
                            ("accepted", "Accepted"),
                            ("declined", "Declined"),
                            ("expired", "No answer in time"),
                            ("skipped", "Skipped by a person"),
                            ("withdrawn", "Withdrawn"),
                        ],
                        max_length=10,
                    ),
                ),
                ("needs", models.CharField(blank=True, help_text="Why a person must agree", max_length=20)),
                ("made_at", models.DateTimeField()),
                ("ended_at", models.DateTimeField(blank=True, null=True)),
                (
                    "reason",
                    models.CharField(blank=True, help_text="Of a person who skipped or withdrew it", max_length=160),
                ),
            ],
            options={
                "ordering": ["made_at", "id"],
            },
        ),
        migrations.CreateModel(
            name="OtherClinic",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("place", models.PositiveSmallIntegerField()),
            ],
            options={
                "ordering": ["place"],
            },
        ),
        migrations.AddField(
            model_name="entry",
            name="channel",
            field=models.CharField(
                choices=[
                    ("phone", "Phone"),
                    ("desk", "Desk"),
                    ("email", "E-mail"),
                    ("web", "Web"),
                    ("link", "Patient link"),
                    ("api", "API"),
                    ("waitlist", "Waitlist"),
                    ("import", "Import"),
                ],
                default="desk",
                max_length=8,
            ),
        ),
        migrations.AddField(
            model_name="entry",
            name="earliest_day",
            field=models.DateField(blank=True, help_text="The first day that suits", null=True),
        ),
        migrations.AddField(
            model_name="entry",
            name="from_time",
            field=models.TimeField(blank=True, null=True),
        ),
        migrations.AddField(
            model_name="entry",
            name="is_sensitive",
            field=models.BooleanField(default=False, help_text="A person agrees before anything is offered"),
        ),
        migrations.AddField(
            model_name="entry",
            name="notice_minutes",
            field=models.PositiveIntegerField(default=0, help_text="How long before a visit the patient must know"),
        ),
        migrations.AddField(
            model_name="entry",
            name="referral",
            field=models.ForeignKey(
                blank=True,
                null=True,
                on_delete=django.db.models.deletion.PROTECT,
                related_name="+",
                to="scheduling.referral",
            ),
        ),
        migrations.AddField(
            model_name="entry",
            name="until_time",
            field=models.TimeField(blank=True, null=True),
        ),
        migrations.AddField(
            model_name="entry",
            name="visit",
            field=models.ForeignKey(
                blank=True,
                null=True,
                on_delete=django.db.models.deletion.PROTECT,
                related_name="+",
                to="scheduling.appointment",
            ),
        ),
        migrations.AddField(
            model_name="entry",
            name="weekdays",
            field=django.contrib.postgres.fields.ArrayField(
                base_field=models.PositiveSmallIntegerField(),
                blank=True,
                default=list,
                help_text="From 0 for Monday; none: any day",
                size=None,
            ),
        ),
        migrations.AlterField(
            model_name="entry",
            name="outcome",
            field=models.CharField(
                blank=True,
                choices=[
                    ("booked", "Booked"),
                    ("withdrew", "No longer wants it"),
                    ("unreachable", "Could not be reached"),
                    ("mistake", "Entered by mistake"),
                    ("too_late", "The last day that would have helped is over"),
                    ("joined", "Two records of one patient waited for it"),
                ],
                max_length=12,
            ),
        ),
        migrations.AddIndex(
            model_name="entry",
            index=models.Index(
                condition=models.Q(("status", "active")),
                fields=["appointment_type", "clinic"],
                name="waitlist_active_by_type",
            ),
        ),
        migrations.AddConstraint(
            model_name="entry",
            constraint=models.CheckConstraint(
                condition=models.Q(("weekdays__contained_by", [0, 1, 2, 3, 4, 5, 6])),
                name="waitlist_weekdays_of_a_week",
            ),
        ),
        migrations.AddConstraint(
            model_name="entry",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    ("earliest_day__isnull", True),
                    ("latest_day__isnull", True),
                    ("earliest_day__lte", models.F("latest_day")),
                    _connector="OR",
                ),
                name="waitlist_days_in_order",
            ),
        ),
        migrations.AddConstraint(
            model_name="entry",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    ("from_time__isnull", True),
                    ("until_time__isnull", True),
                    ("from_time__lte", models.F("until_time")),
                    _connector="OR",
                ),
                name="waitlist_times_in_order",
            ),
        ),
        migrations.AddField(
            model_name="clinicterms",
            name="clinic",
            field=models.OneToOneField(
                on_delete=django.db.models.deletion.CASCADE, related_name="waitlist_terms", to="scheduling.clinic"
            ),
        ),
        migrations.AddField(
            model_name="decision",
            name="chosen",
            field=models.ForeignKey(
                blank=True,
                null=True,
                on_delete=django.db.models.deletion.PROTECT,
                related_name="decisions",
                to="waitlist.entry",
            ),
        ),
        migrations.AddField(
            model_name="decision",
            name="made_by",
            field=models.ForeignKey(
                null=True, on_delete=django.db.models.deletion.PROTECT, related_name="+", to=settings.AUTH_USER_MODEL
            ),
        ),
        migrations.AddField(
            model_name="freedslot",
            name="appointment",
            field=models.ForeignKey(
                blank=True,
                null=True,
                on_delete=django.db.models.deletion.PROTECT,
                related_name="+",
                to="scheduling.appointment",
            ),
        ),
        migrations.AddField(
            model_name="freedslot",
            name="appointment_type",
            field=models.ForeignKey(
                on_delete=django.db.models.deletion.PROTECT, related_name="+", to="scheduling.appointmenttype"
            ),
        ),
        migrations.AddField(
            model_name="freedslot",
            name="clinic",
            field=models.ForeignKey(
                on_delete=django.db.models.deletion.PROTECT, related_name="+", to="scheduling.clinic"
            ),
        ),
        migrations.AddField(
            model_name="freedslot",
            name="doctor",
            field=models.ForeignKey(
                on_delete=django.db.models.deletion.PROTECT, related_name="+", to="scheduling.doctor"
            ),
        ),
        migrations.AddField(
            model_name="decision",
            name="slot",
            field=models.ForeignKey(
                on_delete=django.db.models.deletion.PROTECT, related_name="decisions", to="waitlist.freedslot"
            ),
        ),
        migrations.AddField(
            model_name="offer",
            name="appointment",
            field=models.OneToOneField(
                on_delete=django.db.models.deletion.PROTECT, related_name="+", to="scheduling.appointment"
            ),
        ),
        migrations.AddField(
            model_name="offer",
            name="decision",
            field=models.OneToOneField(
                on_delete=django.db.models.deletion.PROTECT, related_name="offer", to="waitlist.decision"
            ),
        ),
        migrations.AddField(
            model_name="offer",
            name="ended_by",
            field=models.ForeignKey(
                null=True, on_delete=django.db.models.deletion.PROTECT, related_name="+", to=settings.AUTH_USER_MODEL
            ),
        ),
        migrations.AddField(
            model_name="offer",
            name="entry",
            field=models.ForeignKey(
                on_delete=django.db.models.deletion.PROTECT, related_name="offers", to="waitlist.entry"
            ),
        ),
        migrations.AddField(
            model_name="offer",
            name="slot",
            field=models.ForeignKey(
                on_delete=django.db.models.deletion.PROTECT, related_name="offers", to="waitlist.freedslot"
            ),
        ),
        migrations.AddField(
            model_name="otherclinic",
            name="clinic",
            field=models.ForeignKey(
                on_delete=django.db.models.deletion.PROTECT, related_name="+", to="scheduling.clinic"
            ),
        ),
        migrations.AddField(
            model_name="otherclinic",
            name="entry",
            field=models.ForeignKey(
                on_delete=django.db.models.deletion.CASCADE, related_name="other_clinics", to="waitlist.entry"
            ),
        ),
        migrations.AddConstraint(
            model_name="clinicterms",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    (
                        "urgency_points",
                        django.db.models.expressions.CombinedExpression(
                            django.db.models.expressions.CombinedExpression(
                                django.db.models.expressions.CombinedExpression(
                                    django.db.models.expressions.CombinedExpression(
                                        django.db.models.expressions.CombinedExpression(
                                            models.Value(100), "-", models.F("waiting_points")
                                        ),
                                        "-",
                                        models.F("service_points"),
                                    ),
                                    "-",
                                    models.F("location_points"),
                                ),
                                "-",
                                models.F("doctor_points"),
                            ),
                            "-",
                            models.F("times_points"),
                        ),
                    )
                ),
                name="waitlist_points_make_100",
                violation_error_message="The points of the six factors must add up to 100.",
            ),
        ),
        migrations.AddConstraint(
            model_name="clinicterms",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    ("shortest_answer_minutes__gte", 1),
                    ("longest_answer_minutes__gte", models.F("shortest_answer_minutes")),
                ),
                name="waitlist_answer_times_in_order",
            ),
        ),
        migrations.AddIndex(
            model_name="freedslot",
            index=models.Index(condition=models.Q(("state", "waiting")), fields=["due_at"], name="waitlist_slots_due"),
        ),
        migrations.AddIndex(
            model_name="freedslot",
            index=models.Index(fields=["clinic", "starts_at"], name="waitlist_slots_of_clinic"),
        ),
        migrations.AddConstraint(
            model_name="freedslot",
            constraint=models.CheckConstraint(
                condition=models.Q(("ends_at__gt", models.F("starts_at"))), name="waitlist_slot_has_length"
            ),
        ),
        migrations.AddConstraint(
            model_name="freedslot",
            constraint=models.UniqueConstraint(
                condition=models.Q(("state__in", ("waiting", "offered"))),
                fields=("appointment",),
                name="waitlist_freed_once_at_a_time",
            ),
        ),
        migrations.AddIndex(
            model_name="offer",
            index=models.Index(
                condition=models.Q(("state__in", ("approval", "sent"))), fields=["entry"], name="waitlist_open_offers"
            ),
        ),
        migrations.AddConstraint(
            model_name="offer",
            constraint=models.UniqueConstraint(
                condition=models.Q(("state__in", ("approval", "sent"))),
                fields=("slot",),
                name="waitlist_one_person_at_a_time",
            ),
        ),
        migrations.AddConstraint(
            model_name="offer",
            constraint=models.UniqueConstraint(fields=("slot", "entry"), name="waitlist_offered_once_to_each"),
        ),
        migrations.AddConstraint(
            model_name="offer",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    models.Q(("ended_at__isnull", True), ("state__in", ("approval", "sent"))),
                    models.Q(models.Q(("state__in", ("approval", "sent")), _negated=True), ("ended_at__isnull", False)),
                    _connector="OR",
                ),
                name="waitlist_offer_ended_or_not",
            ),
        ),
        migrations.AddConstraint(
            model_name="otherclinic",
            constraint=models.UniqueConstraint(fields=("entry", "clinic"), name="waitlist_clinic_named_once"),
        ),
        migrations.AddConstraint(
            model_name="otherclinic",
            constraint=models.UniqueConstraint(fields=("entry", "place"), name="waitlist_place_taken_once"),
        ),
        migrations.AddConstraint(
            model_name="otherclinic",
            constraint=models.CheckConstraint(
                condition=models.Q(("place__gte", 2)), name="waitlist_first_choice_is_the_entrys"
            ),
        ),
    ]
