"""Writing many rows at once with PostgreSQL's COPY, without making a model instance of each."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

from django.db import connection, models
from django.db.models.fields import NOT_PROVIDED
from psycopg.types.json import Jsonb


def copy_in(model: type[models.Model], rows: Iterable[Mapping[str, object]]) -> None:
    """Insert rows given as mappings of column attributes (`clinic_id`); what a row leaves out gets the default.

    Defaults are worked out once for all rows, so anything that differs by row (keys, uuids, times) must be given.
    """
    fields = model._meta.concrete_fields
    columns = ", ".join(connection.ops.quote_name(str(field.column)) for field in fields)
    table = connection.ops.quote_name(model._meta.db_table)
    defaults = [(field.attname, _default(field)) for field in fields]
    # All rows first: while a COPY is open the connection answers no query that making a row might ask.
    rows = list(rows)
    with connection.cursor() as cursor, cursor.copy(f"COPY {table} ({columns}) FROM STDIN") as copy:
        for row in rows:
            copy.write_row([row.get(name, default) for name, default in defaults])


def as_json(value: Mapping[str, object]) -> Jsonb:
    """The value of a JSON column."""
    return Jsonb(value)


def _default(field: models.Field) -> object:
    return field.get_default() if field.default is not NOT_PROVIDED or field.empty_strings_allowed else None


def reserve_keys(model: type[models.Model], count: int) -> Sequence[int]:
    """So many fresh primary keys, ascending."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT nextval(pg_get_serial_sequence(%s, %s)) FROM generate_series(1, %s)",
            [model._meta.db_table, model._meta.pk.column, count],
        )
        return [key for (key,) in cursor.fetchall()]
