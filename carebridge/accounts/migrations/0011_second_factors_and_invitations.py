import django.db.models.deletion
from django.conf import settings
from django.db import migrations, models


def mark_demo_people(apps, schema_editor):
    """Demo copies made before: their invented people, told by a domain that no real mail address can have."""
    logins = ["reception", "doctor", "clinicadmin", "manager", "support", "sysadmin"]
    people = apps.get_model("accounts", "User").objects.filter(username__in=logins)
    people.filter(email__endswith="@carebridge.example").update(is_demo=True)


class Migration(migrations.Migration):
    dependencies = [
        ("accounts", "0010_tokens"),
    ]

    operations = [
        migrations.AddField(
            model_name="user",
            name="is_demo",
            field=models.BooleanField(
                default=False,
                db_default=False,
                editable=False,
                help_text="An invented person of the demo clinics. Where the demo is switched on they need no second factor.",
            ),
        ),
        migrations.RunPython(mark_demo_people, migrations.RunPython.noop, elidable=True),
        migrations.CreateModel(
            name="Invitation",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("digest", models.CharField(editable=False, max_length=64, unique=True)),
                ("created_at", models.DateTimeField()),
                ("expires_at", models.DateTimeField()),
                ("used_at", models.DateTimeField(blank=True, null=True)),
                (
                    "invited_by",
                    models.ForeignKey(
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
                (
                    "user",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="invitations",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
            ],
            options={
                "constraints": [
                    models.UniqueConstraint(
                        condition=models.Q(("used_at", None)), fields=("user",), name="invitation_one_open_per_person"
                    ),
                    models.CheckConstraint(
                        condition=models.Q(("expires_at__gt", models.F("created_at"))),
                        name="invitation_ends_after_it_begins",
                    ),
                ],
            },
        ),
    ]
