import django.db.models.deletion
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("scheduling", "0008_self_bookings"),
    ]

    operations = [
        migrations.CreateModel(
            name="Question",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("text", models.CharField(help_text="As the patient reads it", max_length=200)),
                (
                    "kind",
                    models.CharField(
                        choices=[("text", "In their own words"), ("yes_no", "Yes or no"), ("choice", "One of these")],
                        default="text",
                        max_length=8,
                    ),
                ),
                ("choices", models.TextField(blank=True, help_text="What there is to choose from; one line each")),
                ("is_required", models.BooleanField(default=False)),
                ("is_active", models.BooleanField(default=True, help_text="Off: asked no more; answers stay")),
                ("position", models.PositiveSmallIntegerField(default=0)),
                (
                    "appointment_type",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="questions",
                        to="scheduling.appointmenttype",
                    ),
                ),
            ],
            options={
                "ordering": ["position", "id"],
            },
        ),
        migrations.CreateModel(
            name="Answer",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("asked", models.CharField(max_length=200)),
                ("text", models.CharField(max_length=500)),
                ("answered_at", models.DateTimeField()),
                (
                    "appointment",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT, related_name="answers", to="scheduling.appointment"
                    ),
                ),
                (
                    "question",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT, related_name="answers", to="scheduling.question"
                    ),
                ),
            ],
            options={
                "ordering": ["question__position", "question_id"],
            },
        ),
        migrations.AddConstraint(
            model_name="question",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    models.Q(("kind", "choice"), models.Q(("choices", ""), _negated=True)),
                    models.Q(models.Q(("kind", "choice"), _negated=True), ("choices", "")),
                    _connector="OR",
                ),
                name="question_choices",
                violation_error_message="Give the choices of a question that has some, and of no other.",
            ),
        ),
        migrations.AddConstraint(
            model_name="answer",
            constraint=models.UniqueConstraint(fields=("appointment", "question"), name="answer_once"),
        ),
    ]
