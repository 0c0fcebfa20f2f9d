"""Switching something off moves the visits booked with it: the page says which, and asks once more."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, ClassVar

from django.contrib import admin
from django.core.exceptions import ValidationError
from django.forms import BooleanField, CheckboxInput, HiddenInput, ModelForm
from django.http import HttpRequest

from carebridge.accounts.models import User
from carebridge.errors import DomainError
from scheduling.admin.base import actor
from scheduling.models import Appointment
from scheduling.roster.rehearsal import Displaced, Rehearsal

NAMED = 8
"""More visits than this are counted; a longer list is read by nobody."""


class UseForm(ModelForm):
    """Refuses to save a change that sends visits to review until the person has seen them and says yes."""

    by: ClassVar[User]
    move_visits = BooleanField(required=False, label="Yes, send these visits to review", widget=HiddenInput)

    def rehearse(self, changed: dict[str, bool]) -> Rehearsal | None:
        """What the command would do. Subclasses say which it is."""
        raise NotImplementedError

    def clean(self) -> Any:
        cleaned = super().clean()
        changed = switched(self) if self.instance.pk and not self.errors else {}
        if changed and not self.cleaned_data["move_visits"]:
            try:
                preview = self.rehearse(changed)
            except DomainError as refusal:
                raise ValidationError(refusal.message) from refusal
            if preview and preview.displaced:
                self.fields["move_visits"].widget = CheckboxInput()
                self.add_error("move_visits", list(sentences(preview)))
        return cleaned


def switched(form: ModelForm) -> dict[str, bool]:
    """Of the fields that say when something can be used at all, those that were changed, as they should be."""
    wanted = ("is_active", "keeps_own_hours")
    return {name: form.cleaned_data[name] for name in wanted if name in form.changed_data}


def sentences(preview: Rehearsal) -> Iterator[str]:
    """The preview, line by line: how many visits, who can't be told, and the first of them by name."""
    visits = "1 visit" if preview.displaced == 1 else f"{preview.displaced} visits"
    yield f"{visits} to come would go to review. Tick the box and save again to go on."
    if preview.unreachable:
        yield f"Of these patients {preview.unreachable} can't be reached by text, e-mail or phone."
    yield from (_line(each.appointment, each) for each in preview.visits[:NAMED])
    if (more := preview.displaced - len(preview.visits[:NAMED])) and preview.visits:
        yield f"… and {more} more."


def _line(visit: Appointment, each: Displaced) -> str:
    facts = (f"{visit.local_start:%a %-d %b %H:%M}", visit.reference, visit.doctor.short_name, each.patient_name)
    return " · ".join(filter(None, facts))


class SwitchAdmin(admin.ModelAdmin):
    """A page whose form is a UseForm: it knows who asks."""

    def get_form(self, request: HttpRequest, obj: Any = None, change: bool = False, **kwargs: Any) -> type[ModelForm]:
        form = super().get_form(request, obj, change=change, **kwargs)
        form.by = actor(request)  # type: ignore[attr-defined]
        return form
