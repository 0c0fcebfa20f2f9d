import django.db.models.deletion
from django.conf import settings
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("scheduling", "0009_questions_before_a_visit"),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.CreateModel(
            name="PageText",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                (
                    "place",
                    models.CharField(
                        choices=[
                            ("visit", "On the page of a visit, below what can be done"),
                            ("too_late", "When it is too late to change a visit online"),
                            ("cancelled", "Once the patient has cancelled"),
                            ("footer", "At the foot of every page"),
                        ],
                        max_length=12,
                    ),
                ),
                (
                    "language",
                    models.CharField(
                        choices=[
                            ("en", "English"),
                            ("fr", "Français"),
                            ("de", "Deutsch"),
                            ("es", "Español"),
                            ("pl", "Polski"),
                            ("ar", "العربية"),
                        ],
                        max_length=2,
                    ),
                ),
                ("version", models.PositiveIntegerField(editable=False)),
                (
                    "text",
                    models.TextField(blank=True, help_text="Empty: what CareBridge says, or nothing", max_length=600),
                ),
                ("written_at", models.DateTimeField(editable=False)),
                (
                    "clinic",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE, related_name="page_texts", to="scheduling.clinic"
                    ),
                ),
                (
                    "written_by",
                    models.ForeignKey(
                        editable=False,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
            ],
            options={
                "ordering": ["clinic", "place", "language", "-version"],
                "constraints": [
                    models.UniqueConstraint(
                        fields=("clinic", "place", "language", "version"), name="page_text_version_once"
                    )
                ],
            },
        ),
    ]
