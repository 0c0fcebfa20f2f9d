"""Have a message's rule version checked when the message is written, not when the booking commits.

Otherwise a version that is gone would undo the booking itself, instead of failing the handler that is run again.
"""

from django.db import migrations

CHANGE = """
DO $$
DECLARE found text;
BEGIN
    SELECT conname INTO STRICT found FROM pg_constraint
    WHERE contype = 'f' AND conrelid = 'reminders_reminder'::regclass AND confrelid = 'reminders_ruleversion'::regclass;
    EXECUTE format('ALTER TABLE reminders_reminder ALTER CONSTRAINT %I DEFERRABLE INITIALLY {when}', found);
END $$
"""


class Migration(migrations.Migration):
    dependencies = [("reminders", "0001_messages_and_rules")]

    operations = [
        migrations.RunSQL(CHANGE.replace("{when}", "IMMEDIATE"), CHANGE.replace("{when}", "DEFERRED"), elidable=False)
    ]
