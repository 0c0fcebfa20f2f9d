"""Narrowing the trail: who, where, what, when, about which patient."""

from __future__ import annotations

from datetime import UTC, datetime, time, timedelta
from typing import Any

import django_filters
from django import forms
from django.db.models import Q, QuerySet

from carebridge.accounts.models import User
from carebridge.audit.directory import Reach, directory
from carebridge.audit.models import LogEntry
from carebridge.audit.words import EVENTS, NOS

SIGNING_IN = Q(event__startswith="sign_") | Q(event__startswith="session.") | Q(event__startswith="factor.")
SIGNING_IN |= Q(event__startswith="password.")
RIGHTS = Q(event__startswith="membership.") | Q(event__startswith="token.") | Q(event__startswith="service_account.")
RIGHTS |= Q(event__startswith="invitation.")

KINDS: dict[str, tuple[str, Q]] = {
    "looked": ("Looked at", Q(action=LogEntry.Action.ACCESS, refused=False) & ~SIGNING_IN),
    "changed": ("Changed", Q(action__lt=LogEntry.Action.ACCESS, refused=False) & ~SIGNING_IN),
    "refused": ("Refused", Q(refused=True) | Q(event__in=NOS)),
    "emergency": ("Emergency access", Q(event__startswith="emergency.")),
    "exported": ("Exports", Q(event__endswith=".exported")),
    "rights": ("Roles, invitations, tokens", RIGHTS),
    "signing_in": ("Signing in", SIGNING_IN),
}


def _input(kind: str = "text") -> dict[str, str]:
    return {"class": "input", "type": kind} if kind != "select" else {"class": "input"}


class TrailFilter(django_filters.FilterSet):
    """The filters of every screen of the trail, and of its export. Days are UTC days, both included."""

    person = django_filters.ModelChoiceFilter(
        field_name="actor",
        label="Person",
        queryset=lambda request: people_within(request.audit_reach),
        empty_label="Anybody",
        widget=forms.Select(attrs=_input("select")),
    )
    clinic = django_filters.ChoiceFilter(
        field_name="clinic_id", label="Clinic", empty_label="All", widget=forms.Select(attrs=_input("select"))
    )
    kind = django_filters.ChoiceFilter(
        label="What",
        method="filter_kind",
        empty_label="Everything",
        choices=[(key, label) for key, (label, _) in KINDS.items()],
        widget=forms.Select(attrs=_input("select")),
    )
    event = django_filters.ChoiceFilter(
        label="Event", empty_label="Any", choices=sorted(EVENTS.items()), widget=forms.Select(attrs=_input("select"))
    )
    since = django_filters.DateFilter(label="From", method="filter_since", widget=forms.DateInput(attrs=_input("date")))
    until = django_filters.DateFilter(label="To", method="filter_until", widget=forms.DateInput(attrs=_input("date")))
    reference = django_filters.CharFilter(
        label="Patient of appointment",
        method="filter_reference",
        max_length=16,
        widget=forms.TextInput(attrs={**_input(), "placeholder": "CB-9R4W-6XTK", "autocomplete": "off"}),
    )

    class Meta:
        model = LogEntry
        fields: list[str] = []

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.filters["clinic"].extra["choices"] = list(self.request.audit_reach.clinics.items())

    def filter_kind(self, rows: QuerySet[LogEntry], name: str, value: str) -> QuerySet[LogEntry]:
        """Rows of one kind."""
        return rows.filter(KINDS[value][1])

    def filter_since(self, rows: QuerySet[LogEntry], name: str, value: Any) -> QuerySet[LogEntry]:
        """From the beginning of a day."""
        return rows.filter(timestamp__gte=datetime.combine(value, time(), tzinfo=UTC))

    def filter_until(self, rows: QuerySet[LogEntry], name: str, value: Any) -> QuerySet[LogEntry]:
        """To the end of a day."""
        return rows.filter(timestamp__lt=datetime.combine(value + timedelta(days=1), time(), tzinfo=UTC))

    def filter_reference(self, rows: QuerySet[LogEntry], name: str, value: str) -> QuerySet[LogEntry]:
        """Rows about the patient of that appointment; none when there is no such appointment within reach."""
        patient = directory().patient_by_reference(value.strip(), self.request.audit_reach.clinics)
        return rows.about_patient(patient) if patient else rows.none()  # type: ignore[attr-defined]


def people_within(reach: Reach) -> QuerySet[User]:
    """Members of the clinics within reach, by name."""
    return User.objects.filter(pk__in=reach.people).order_by("last_name", "first_name", "username")
