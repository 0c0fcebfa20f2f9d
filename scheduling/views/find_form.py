"""What the finder looks for: the form, and the lists it offers."""

from __future__ import annotations

from datetime import date, time, timedelta
from typing import Any, cast

from django import forms
from django.db.models import QuerySet

from carebridge.accounts.models import User
from scheduling.forms import DayInput, StyledForm
from scheduling.models import AppointmentType, Clinic, Doctor, Offering, Service

PARTS: dict[str, tuple[str, time, time]] = {
    "morning": ("Mornings", time(0), time(12)),
    "afternoon": ("Afternoons", time(12), time(16)),
    "late": ("After 16:00", time(16), time.max),
}
"""Parts of a day on the clinic's clock: label, from, before."""

DEFAULT_HORIZON = timedelta(days=17)
LONGEST_RANGE = timedelta(days=92)


class FindForm(StyledForm):
    """What to look for. Every list offers only what the user may book; `choices` loads them once."""

    patient = forms.UUIDField(required=False, widget=forms.HiddenInput)
    patient_text = forms.CharField(required=False, max_length=80)
    move = forms.CharField(required=False, max_length=16, widget=forms.HiddenInput)
    service = forms.TypedChoiceField(coerce=int, required=False, empty_value=None)
    type = forms.TypedChoiceField(coerce=int, required=False, empty_value=None, widget=forms.RadioSelect)
    doctor = forms.TypedChoiceField(coerce=int, required=False, empty_value=None)
    clinic = forms.TypedMultipleChoiceField(
        label="Clinics", coerce=int, required=False, widget=forms.CheckboxSelectMultiple
    )
    from_day = forms.DateField(label="From", required=False, widget=DayInput())
    to_day = forms.DateField(label="To", required=False, widget=DayInput())
    part = forms.MultipleChoiceField(
        label="Time of day",
        required=False,
        choices=[(key, label) for key, (label, _, _) in PARTS.items()],
        widget=forms.CheckboxSelectMultiple,
    )
    step_free = forms.BooleanField(label="Step-free access", required=False)
    sort = forms.ChoiceField(
        required=False, choices=[("soonest", "Soonest"), ("same", "Same doctor"), ("nearest", "Nearest")]
    )

    def __init__(self, data: Any, *, user: User, clinics: list[Clinic], today: date) -> None:
        self.user = user
        self.clinics = clinics
        self.today = today
        super().__init__(data)
        self._offer_choices()

    def add_prefix(self, field_name: str) -> str:
        """Short names in addresses: ?from=…&to=…"""
        return {"from_day": "from", "to_day": "to"}.get(field_name, field_name)

    def _offer_choices(self) -> None:
        ids = [clinic.pk for clinic in self.clinics]
        self.services = list(
            Service.objects.filter(
                is_active=True, appointment_types__offerings__clinic__in=ids, appointment_types__is_active=True
            ).distinct()
        )
        self.types = list(
            AppointmentType.objects.visible_to(self.user)
            .bookable()
            .filter(service=self._chosen("service"), offerings__clinic__in=ids, offerings__is_active=True)
            .distinct()
            .select_related("service__speciality")
            .prefetch_related("requirements__category", "requirements__resource")
            .order_by("id")
            if self._chosen("service")
            else []
        )
        self.doctors = list(Doctor.objects.visible_to(self.user).active().filter(pk__in=self._performers(ids)))
        self.choice("service").choices = [("", "Choose a service"), *((s.pk, s.name) for s in self.services)]
        self.choice("type").choices = [(t.pk, t.name) for t in self.types]
        self.choice("doctor").choices = [("", "Any doctor"), *((d.pk, d.full_name) for d in self.doctors)]
        self.choice("clinic").choices = [(c.pk, c.name) for c in self.clinics]

    def choice(self, name: str) -> forms.ChoiceField:
        """A field that offers choices, as such."""
        return cast(forms.ChoiceField, self.fields[name])

    def _performers(self, clinic_ids: list[int]) -> QuerySet:
        performed = Offering.objects.filter(clinic__in=clinic_ids, is_active=True, appointment_type__is_active=True)
        if self.chosen_type is not None:
            performed = performed.filter(appointment_type=self.chosen_type)
        return performed.values("doctor")

    def _chosen(self, name: str) -> int | None:
        value = str(self.data.get(name, ""))
        return int(value) if value.isdecimal() and len(value) < 10 else None

    @property
    def chosen_type(self) -> AppointmentType | None:
        """The type ticked, or the first of the service: choosing a service is enough to see times."""
        wanted = self._chosen("type")
        return next((each for each in self.types if each.pk == wanted), self.types[0] if self.types else None)

    @property
    def chosen_clinics(self) -> list[Clinic]:
        """Clinics to search; none ticked means all of them."""
        ticked = set(self.data.getlist("clinic")) if hasattr(self.data, "getlist") else set()
        wanted = [clinic for clinic in self.clinics if str(clinic.pk) in ticked] or self.clinics
        return [clinic for clinic in wanted if clinic.step_free_access or "step_free" not in self.data]

    def clean(self) -> dict[str, Any]:
        """Fill in days and put them in order; a day before today is today."""
        values = super().clean() or {}
        first = max(values.get("from_day") or self.today, self.today)
        last = values.get("to_day") or first + DEFAULT_HORIZON
        if last < first:
            self.add_error("to_day", "This is before the first day.")
        if last - first > LONGEST_RANGE:
            self.add_error("to_day", "Search at most 93 days at a time.")
        return {**values, "from_day": first, "to_day": last}
