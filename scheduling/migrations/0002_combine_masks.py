from django.db import migrations

# PostgreSQL has no bitwise OR of bytea; a command marks time as taken in one statement with this.
COMBINE_MASKS = """
CREATE FUNCTION scheduling_combine_masks(one bytea, other bytea) RETURNS bytea LANGUAGE sql IMMUTABLE STRICT AS $$
    SELECT string_agg(set_byte('\\x00'::bytea, 0, get_byte(one, i) | get_byte(other, i)), ''::bytea ORDER BY i)
    FROM generate_series(0, 35) AS i
$$
"""


class Migration(migrations.Migration):
    dependencies = [("scheduling", "0001_schedule")]

    operations = [migrations.RunSQL(COMBINE_MASKS, "DROP FUNCTION scheduling_combine_masks(bytea, bytea)")]
