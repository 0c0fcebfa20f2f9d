from django.db import migrations, models


class Migration(migrations.Migration):
    """The right to book into the group's other clinics, held by a membership."""

    dependencies = [
        ("scheduling", "0002_emergency_access"),
    ]

    operations = [
        migrations.AlterModelOptions(
            name="clinic",
            options={
                "ordering": ["position", "name"],
                "permissions": [
                    ("receptionist_at", "Works here as receptionist"),
                    ("doctor_at", "Works here as doctor"),
                    ("clinic_administrator_at", "Works here as clinic administrator"),
                    ("operations_manager_at", "Works here as operations manager"),
                    ("support_at", "Works here as support"),
                    ("system_administrator_at", "Works here as system administrator"),
                    ("books_elsewhere", "Books from here into the group's other clinics"),
                ],
            },
        ),
        migrations.AddField(
            model_name="clinicmembership",
            name="books_elsewhere",
            field=models.BooleanField(
                db_default=False,
                default=False,
                help_text="From here also into the group's other clinics, seeing nothing else",
            ),
        ),
    ]
