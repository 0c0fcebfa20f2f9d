"""Writing many rows at once with PostgreSQL's COPY."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from operator import attrgetter
from typing import TypeVar

from django.db import connection, models
from psycopg.types.json import Jsonb

M = TypeVar("M", bound=models.Model)


def copy_in(model: type[M], rows: Iterable[M]) -> None:
    """Insert unsaved instances as they stand: nothing is filled in, so times and keys must be set."""
    fields = model._meta.concrete_fields
    columns = ", ".join(connection.ops.quote_name(field.column) for field in fields)
    table = connection.ops.quote_name(model._meta.db_table)
    values = attrgetter(*(field.attname for field in fields))
    as_json = [place for place, field in enumerate(fields) if isinstance(field, models.JSONField)]
    # All rows first: while a COPY is open the connection answers no query that making a row might ask.
    rows = list(rows)
    with connection.cursor() as cursor, cursor.copy(f"COPY {table} ({columns}) FROM STDIN") as copy:
        for row in rows:
            line = list(values(row))
            for place in as_json:
                line[place] = Jsonb(line[place])
            copy.write_row(line)


def reserve_keys(model: type[models.Model], count: int) -> Sequence[int]:
    """So many fresh primary keys, ascending."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT nextval(pg_get_serial_sequence(%s, %s)) FROM generate_series(1, %s)",
            [model._meta.db_table, model._meta.pk.column, count],
        )
        return [key for (key,) in cursor.fetchall()]
