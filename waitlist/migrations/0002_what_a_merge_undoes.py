import django.db.models.deletion
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("scheduling", "0010_words_of_clinics_on_pages"),
        ("waitlist", "0001_entries"),
    ]

    operations = [
        migrations.AddField(
            model_name="entry",
            name="came_from",
            field=models.ForeignKey(
                blank=True,
                editable=False,
                help_text="The record that joined, if it was merged into the patient's since",
                null=True,
                on_delete=django.db.models.deletion.PROTECT,
                related_name="+",
                to="scheduling.patient",
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
                    ("joined", "Two records of one patient waited for it"),
                ],
                max_length=12,
            ),
        ),
    ]
