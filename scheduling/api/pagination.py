"""Lists come in pages that follow a cursor, so that rows added meanwhile neither repeat nor vanish."""

from __future__ import annotations

from functools import reduce
from typing import Any

from django.core.exceptions import ValidationError
from django.db.models import QuerySet
from rest_framework.exceptions import NotFound
from rest_framework.pagination import Cursor, CursorPagination
from rest_framework.request import Request

from carebridge.errors import InvalidInput


class Pages(CursorPagination):
    """`{"next", "previous", "results"}`; `limit` rows to a page, in the view's own `page_order`."""

    page_size = 100
    page_size_query_param = "limit"
    page_size_query_description = "Rows to a page: 1 to 500, by default 100."
    max_page_size = 500
    cursor_query_description = "From `next` or `previous` of another page; opaque."

    def get_page_size(self, request: Request) -> int:
        """The rows to a page. Raises InvalidInput outside 1 to 500 (the framework would guess)."""
        return read_limit(request, default=self.page_size, maximum=self.max_page_size)

    def get_ordering(self, request: Request, queryset: QuerySet[Any], view: Any) -> tuple[str, ...]:
        """The view's `page_order`: its last field is unique, so that no row is skipped."""
        return view.page_order

    def _get_position_from_instance(self, instance: Any, ordering: tuple[str, ...]) -> str:
        # The framework doesn't follow relations here, and services order their types.
        return str(reduce(getattr, ordering[0].lstrip("-").split("__"), instance))

    def decode_cursor(self, request: Request) -> Cursor | None:
        """The place that the cursor names. Raises NotFound for one that no page gave out."""
        cursor = super().decode_cursor(request)
        if cursor is not None and cursor == Cursor(offset=0, reverse=False, position=None):
            raise NotFound(self.invalid_cursor_message)
        return cursor

    def paginate_queryset(self, queryset: QuerySet[Any], request: Request, view: Any = None) -> list[Any] | None:
        """One page of rows. Raises InvalidInput for a cursor that no page gave out."""
        try:
            return super().paginate_queryset(queryset, request, view=view)
        except (NotFound, ValidationError, ValueError) as error:
            raise InvalidInput(fields={"cursor": "Take the address of a page from `next` or `previous`."}) from error

    def get_schema_operation_parameters(self, view: Any) -> list[dict[str, Any]]:
        """The two query parameters as OpenAPI describes them, limits included."""
        limits = {"type": "integer", "minimum": 1, "maximum": self.max_page_size, "default": self.page_size}
        return [
            _parameter("cursor", self.cursor_query_description, {"type": "string"}),
            _parameter("limit", self.page_size_query_description, limits),
        ]


def read_limit(request: Request, *, default: int, maximum: int) -> int:
    """The `limit` of a query. Raises InvalidInput unless it is a whole number from 1 to `maximum`."""
    text = request.query_params.get("limit", str(default))
    if not (text.isascii() and text.isdigit() and len(text) < 9 and 1 <= int(text) <= maximum):
        raise InvalidInput(fields={"limit": f"Use a whole number from 1 to {maximum:,}."})
    return int(text)


def _parameter(name: str, description: str, schema: dict[str, Any]) -> dict[str, Any]:
    return {"name": name, "in": "query", "required": False, "description": description, "schema": schema}
