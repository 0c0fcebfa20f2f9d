"""The waitlist in the admin: a clinic's terms to change; entries, freed times and offers to look at."""

from __future__ import annotations

from django import forms
from django.contrib import admin

from scheduling.admin.base import ConfigurationAdmin, ReadOnlyAdmin
from scheduling.roles import Permission
from waitlist.models import ClinicTerms, Decision, Entry, FreedSlot, Grouping, Offer
from waitlist.models.terms import usual_groupings


class ClinicTermsForm(forms.ModelForm):
    compared = forms.MultipleChoiceField(
        label="Groups",
        choices=Grouping.choices,
        required=False,
        initial=usual_groupings,
        widget=forms.CheckboxSelectMultiple,
    )


@admin.register(ClinicTerms)
class ClinicTermsAdmin(ConfigurationAdmin):
    form = ClinicTermsForm
    clinic_path = "clinic"
    list_display = ("clinic", "offers_at_once", "shortest_answer_minutes", "longest_answer_minutes")
    list_select_related = ("clinic",)
    filter_horizontal = ("approve_types",)
    fieldsets = (
        (None, {"fields": ("clinic",)}),
        (
            "Who comes first",
            {
                "description": "Points of each factor; together they make 100.",
                "fields": (
                    ("urgency_points", "waiting_points", "service_points"),
                    ("location_points", "doctor_points", "times_points"),
                ),
            },
        ),
        (
            "How they are asked",
            {
                "fields": (
                    ("offers_at_once", "too_close_minutes"),
                    ("shortest_answer_minutes", "longest_answer_minutes"),
                    ("quiet_from", "quiet_until"),
                )
            },
        ),
        ("When a person agrees first", {"fields": (("approve_urgent", "approve_under_age"), "approve_types")}),
        (
            "Who is compared",
            {
                "description": "Where one group is asked less than four fifths as often as another, the waitlist "
                "says so. Groups of fewer than ten people are left out.",
                "fields": ("compared",),
            },
        ),
    )


@admin.register(Entry)
class EntryAdmin(ReadOnlyAdmin):
    permission = Permission.SEE_WAITLIST
    clinic_path = "clinic"
    list_display = ("id", "appointment_type", "clinic", "urgency", "status", "waiting_since")
    list_filter = ("status", "urgency", "clinic")
    list_select_related = ("appointment_type__service", "clinic")


@admin.register(FreedSlot)
class FreedSlotAdmin(ReadOnlyAdmin):
    permission = Permission.SEE_WAITLIST
    clinic_path = "clinic"
    list_display = ("id", "clinic", "doctor", "starts_at", "cause", "state")
    list_filter = ("state", "cause", "clinic")
    list_select_related = ("clinic", "doctor__resource")


@admin.register(Decision)
class DecisionAdmin(ReadOnlyAdmin):
    permission = Permission.SEE_WAITLIST
    clinic_path = "slot__clinic"
    list_display = ("id", "slot", "chosen", "made_by", "made_at", "reason")
    list_filter = ("slot__clinic",)
    list_select_related = ("slot", "chosen", "made_by")


@admin.register(Offer)
class OfferAdmin(ReadOnlyAdmin):
    permission = Permission.SEE_WAITLIST
    clinic_path = "slot__clinic"
    list_display = ("id", "slot", "state", "needs", "made_at", "ended_at")
    list_filter = ("state", "slot__clinic")
    list_select_related = ("slot",)
