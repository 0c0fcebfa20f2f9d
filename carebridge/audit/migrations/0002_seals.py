import django.contrib.postgres.indexes
import pgtrigger.compiler
import pgtrigger.migrations
from django.conf import settings
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("audit", "0001_log_entry"),
        ("contenttypes", "0002_remove_content_type_name"),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.CreateModel(
            name="Seal",
            fields=[
                (
                    "position",
                    models.BigIntegerField(
                        help_text="1, 2, 3… without gaps: the order of sealing", primary_key=True, serialize=False
                    ),
                ),
                ("entry_id", models.BigIntegerField(unique=True)),
                ("row_hash", models.BinaryField(max_length=32)),
                ("chain_hash", models.BinaryField(max_length=32)),
                ("sealed_at", models.DateTimeField()),
            ],
            options={
                "ordering": ["position"],
            },
        ),
        migrations.CreateModel(
            name="Unsealed",
            fields=[
                ("entry_id", models.BigIntegerField(primary_key=True, serialize=False)),
            ],
            options={
                "verbose_name_plural": "unsealed",
            },
        ),
        pgtrigger.migrations.RemoveTrigger(
            model_name="logentry",
            name="append_only",
        ),
        migrations.AddField(
            model_name="logentry",
            name="patient_id",
            field=models.UUIDField(blank=True, help_text="Whom it is about", null=True),
        ),
        migrations.AddField(
            model_name="logentry",
            name="refused",
            field=models.BooleanField(db_default=False, default=False, help_text="It was tried, and not allowed"),
        ),
        migrations.AddIndex(
            model_name="logentry",
            index=models.Index(
                condition=models.Q(("patient_id__isnull", False)), fields=["patient_id", "-id"], name="audit_of_patient"
            ),
        ),
        migrations.AddIndex(
            model_name="logentry",
            index=models.Index(condition=models.Q(("refused", True)), fields=["timestamp"], name="audit_refused"),
        ),
        migrations.AddIndex(
            model_name="logentry",
            index=django.contrib.postgres.indexes.GinIndex(
                condition=models.Q(("event__in", ("patient.searched", "patient.listed", "appointment.listed"))),
                fields=["additional_data"],
                name="audit_of_patients",
                opclasses=["jsonb_path_ops"],
            ),
        ),
        pgtrigger.migrations.AddTrigger(
            model_name="logentry",
            trigger=pgtrigger.compiler.Trigger(
                name="append_only",
                sql=pgtrigger.compiler.UpsertTriggerSql(
                    func="\nIF TG_OP = 'DELETE' AND current_setting('carebridge.purging_audit', true) = 'on'\n   AND OLD.timestamp < now() - interval '365 days'\n   AND EXISTS (SELECT 1 FROM audit_seal WHERE entry_id = OLD.id) THEN\n    RETURN OLD;\nEND IF;\nRAISE EXCEPTION 'The audit trail is append-only: % refused', TG_OP;\n",
                    hash="1881bc8b1582bb9462db01bbc1a3dad4308e48e8",
                    operation="UPDATE OR DELETE",
                    pgid="pgtrigger_append_only_63997",
                    table="audit_logentry",
                    when="BEFORE",
                ),
            ),
        ),
        pgtrigger.migrations.AddTrigger(
            model_name="logentry",
            trigger=pgtrigger.compiler.Trigger(
                name="queue_for_seal",
                sql=pgtrigger.compiler.UpsertTriggerSql(
                    func="INSERT INTO audit_unsealed (entry_id) VALUES (NEW.id); RETURN NULL;",
                    hash="eebf690349f0e8460fb1c6f595d1372eb99638d2",
                    operation="INSERT",
                    pgid="pgtrigger_queue_for_seal_dae0f",
                    table="audit_logentry",
                    when="AFTER",
                ),
            ),
        ),
        pgtrigger.migrations.AddTrigger(
            model_name="seal",
            trigger=pgtrigger.compiler.Trigger(
                name="append_only",
                sql=pgtrigger.compiler.UpsertTriggerSql(
                    func="RAISE EXCEPTION 'pgtrigger: Cannot update or delete rows from % table', TG_TABLE_NAME;",
                    hash="425da599b8e4cf7384a383a64e17697a9d08a345",
                    operation="UPDATE OR DELETE",
                    pgid="pgtrigger_append_only_4de12",
                    table="audit_seal",
                    when="BEFORE",
                ),
            ),
        ),
        # Rows from before there were seals are sealed first, in the order of their ids.
        migrations.RunSQL(
            "INSERT INTO audit_unsealed (entry_id) SELECT id FROM audit_logentry ON CONFLICT DO NOTHING",
            migrations.RunSQL.noop,
        ),
    ]
