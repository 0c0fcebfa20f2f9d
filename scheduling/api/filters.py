"""What lists can be narrowed by. An unreadable value is refused, an id that the caller can't see is not found."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, date, datetime, time
from typing import Any

import django_filters
from django import forms
from django.core.exceptions import ValidationError
from django.db.models import Model, Q, QuerySet
from django_filters.rest_framework import FilterSet
from drf_spectacular.utils import extend_schema_field

from carebridge.accounts.models import User
from carebridge.errors import InvalidInput, NotFound
from scheduling.api.base import UNSEEN
from scheduling.api.fields import parse_day, parse_id
from scheduling.models import Patient

Rows = Callable[[User], QuerySet[Any]]


class IdsFormField(forms.MultipleChoiceField):
    """Ids given once or several times."""

    def to_python(self, value: Any) -> list[int]:
        """The ids as numbers. Raises ValidationError."""
        try:
            return [parse_id(each) for each in value or () if each]
        except ValueError as error:
            raise ValidationError(str(error), code="invalid") from error

    def validate(self, value: Any) -> None:
        """Whether the rows exist is the filter's business, which knows who asks."""


@extend_schema_field({"type": "array", "items": {"type": "integer", "minimum": 1}})
class IdsFilter(django_filters.Filter):
    """Rows that belong to any of the named rows. Raises NotFound for one that the caller can't see."""

    field_class = IdsFormField

    def __init__(self, *args: Any, rows: Rows, **kwargs: Any) -> None:
        self.rows = rows
        super().__init__(*args, **kwargs)

    def filter(self, qs: QuerySet[Any], value: list[int]) -> QuerySet[Any]:
        """Narrow the rows; nothing given narrows nothing."""
        if not value:
            return qs
        wanted = set(value)
        known = set(self.rows(self.parent.request.user).filter(pk__in=wanted).values_list("pk", flat=True))
        if wanted - known:
            raise NotFound(fields={self.name: UNSEEN})
        narrowed = qs.filter(**{f"{self.field_name}__in": wanted})
        return narrowed.distinct() if self.distinct else narrowed

    @property
    def name(self) -> str:
        """The parameter as clients write it."""
        return next(name for name, each in self.parent.filters.items() if each is self)


class DayFormField(forms.CharField):
    """A day as YYYY-MM-DD and nothing else: `3/4/26` means two days to two people."""

    def clean(self, value: Any) -> Any:
        """The day, or None when absent. Raises ValidationError."""
        text = super().clean(value)
        try:
            return parse_day(text) if text else None
        except ValueError as error:
            raise ValidationError(str(error), code="invalid") from error


@extend_schema_field({"type": "string", "format": "date"})
class DayFilter(django_filters.Filter):
    field_class = DayFormField


class AboutVisits(FilterSet):
    """For lists of what has to do with patients' visits, from one day to another."""

    patient = django_filters.UUIDFilter(method="filter_patient", label="Id of a patient")

    def filter_patient(self, rows: QuerySet[Any], name: str, value: Any) -> QuerySet[Any]:
        """Rows of one patient. Raises NotFound for one that the caller can't see at all."""
        theirs = rows.filter(patient=value)
        if not Patient.objects.visible_to(self.request.user).filter(pk=value).exists() and not theirs.exists():
            raise NotFound(fields={"patient": "We know no such patient at your clinics."})
        return theirs

    def filter_queryset(self, queryset: QuerySet[Any]) -> QuerySet[Any]:
        """Narrow by everything. Raises InvalidInput when the days are the wrong way round."""
        first, last = self.form.cleaned_data.get("from"), self.form.cleaned_data.get("to")
        if first and last and last < first:
            raise InvalidInput("The last day lies before the first.", fields={"to": "Choose a day not before `from`."})
        return super().filter_queryset(queryset)


def midnight(day: date) -> datetime:
    """Where the day begins in UTC: a day more on either side holds it in any zone."""
    return datetime.combine(day, time(), tzinfo=UTC)


def search_words(rows: QuerySet[Any], text: str, *fields: str) -> QuerySet[Any]:
    """Rows in which each word of the text occurs in some of the fields."""
    for word in text.split()[:8]:
        found = Q()
        for field in fields:
            found |= Q(**{f"{field}__icontains": word})
        rows = rows.filter(found)
    return rows


def search_filter() -> django_filters.CharFilter:
    """The `search` parameter of a list; the filter set says in `filter_search` what is searched."""
    return django_filters.CharFilter(method="filter_search", max_length=80, label="Words to look for")


def visible(model: type[Model]) -> Rows:
    """The rows of a model that a person may see."""
    return lambda user: model.objects.visible_to(user)  # type: ignore[attr-defined]
