import django.db.models.deletion
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("scheduling", "0011_sites_that_frame_public_booking"),
        ("waitlist", "0004_lists_on_their_way"),
    ]

    operations = [
        migrations.AlterField(
            model_name="freedslot",
            name="appointment_type",
            field=models.ForeignKey(
                blank=True,
                null=True,
                on_delete=django.db.models.deletion.PROTECT,
                related_name="+",
                to="scheduling.appointmenttype",
            ),
        ),
        migrations.AddField(
            model_name="freedslot",
            name="part_of",
            field=models.ForeignKey(
                blank=True,
                null=True,
                on_delete=django.db.models.deletion.PROTECT,
                related_name="parts",
                to="waitlist.freedslot",
            ),
        ),
    ]
