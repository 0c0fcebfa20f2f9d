"""Data leaving the house as a spreadsheet: with a reason, limited, marked with who took it and when, and recorded.

Whether somebody may export is asked by the door, before. It then calls `export_sheet`, which does the rest in one
step, so that no export leaves unrecorded.
"""

from __future__ import annotations

import csv
import io
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from datetime import datetime
from functools import partial
from itertools import islice
from typing import Any

from django.db import transaction
from django.http import HttpResponse
from django.utils import timezone

from carebridge.accounts.models import User
from carebridge.audit.trail import Action, log_change
from carebridge.errors import DomainError, InvalidInput
from carebridge.workbooks import workbook

MOST_ROWS = 10_000
SHORTEST_REASON = 10
"""Letters: enough to say something, too many for "x"."""
FORMULA = "=+-@\t\r\n＝＋－＠"
"""A cell that begins so is run by spreadsheet programs; a name or note may have been typed to do just that."""


class TooManyRows(DomainError):
    """The export would be larger than the limit; nothing was exported."""

    code = "too_many_rows"

    def __init__(self, limit: int) -> None:
        super().__init__(f"An export holds {limit:,} rows at most. Narrow the filters. Nothing was exported.")


def export_sheet(
    *,
    form: str,
    name: str,
    columns: Sequence[str],
    rows: Iterable[Sequence[Any]],
    reason: str,
    by: User,
    filters: Mapping[str, Any] | None = None,
    clinic_id: int | None = None,
    limit: int = MOST_ROWS,
) -> HttpResponse:
    """The rows as a file to download, recorded in the audit trail as `<name>.exported` before it leaves.

    `form` is one of FORMS. `rows` is read lazily, up to one more than `limit`. `filters` tells the trail what was
    asked for: ids, codes and dates, nothing typed about a person. Raises InvalidInput without a reason, TooManyRows
    beyond the limit.
    """
    reason = " ".join(reason.split())
    if len(reason) < SHORTEST_REASON:
        raise InvalidInput(fields={"reason": "Say what the export is for."})
    found = list(islice(rows, limit + 1))
    if len(found) > limit:
        raise TooManyRows(limit)
    now = timezone.now()
    with transaction.atomic():
        log_change(
            by,
            event=f"{name}.exported",
            by=by,
            action=Action.ACCESS,
            clinic_id=clinic_id,
            facts={"rows": len(found), "reason": reason, "filters": {k: str(v) for k, v in (filters or {}).items()}},
        )
    kind, body = FORMS[form]
    response = HttpResponse(body(_marked(columns, found, _watermark(by, now, reason, len(found)))), content_type=kind)
    response["Content-Disposition"] = f'attachment; filename="carebridge-{name}-{now:%Y%m%d-%H%M}.{form}"'
    response["Cache-Control"] = "no-store"
    return response


def neutral(value: Any) -> Any:
    """The value as a cell that no spreadsheet program runs: text that begins a formula gets an apostrophe before it."""
    if value is None or isinstance(value, bool | int | float):
        return value
    text = value.isoformat() if hasattr(value, "isoformat") else str(value)
    return f"'{text}" if text.lstrip(" ")[:1] in FORMULA and text.strip(" ") else text


def _watermark(by: User, now: datetime, reason: str, count: int) -> str:
    who = f"{by.get_full_name()} ({by.get_username()})" if by.get_full_name() else by.get_username()
    return f"Confidential. Exported by {who} on {now:%Y-%m-%d %H:%M} UTC, {count} rows. Reason: {reason}"


def _marked(columns: Sequence[str], rows: Sequence[Sequence[Any]], watermark: str) -> Iterator[list[Any]]:
    """The sheet, with who took it above and below, so that neither half of it goes about without."""
    yield [neutral(watermark)]
    yield [neutral(each) for each in columns]
    for row in rows:
        yield [neutral(cell) for cell in row]
    yield [neutral(watermark)]


def _csv(rows: Iterable[Sequence[Any]]) -> bytes:
    # The mark in front tells spreadsheet programs that the text is UTF-8.
    file = io.StringIO()
    file.write("\ufeff")
    csv.writer(file).writerows(rows)
    return file.getvalue().encode()


FORMS: Mapping[str, tuple[str, Callable[[Iterable[Sequence[Any]]], bytes]]] = {
    "csv": ("text/csv", _csv),
    "xlsx": ("application/vnd.openxmlformats-officedocument.spreadsheetml.sheet", workbook),
}
"""How a sheet may leave: by the ending of the file's name, its type and who makes it."""

export_csv = partial(export_sheet, form="csv")
