"""What patients are told when something isn't possible: by the refusal's code, in words for them."""

from __future__ import annotations

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from carebridge.errors import DomainError
from scheduling.models import CancellationReason
from scheduling.translations import translated

SENTENCES: dict[str, Promise] = {
    "link_unknown": _("This link doesn't work. Please look whether you have the whole address, or call us."),
    "link_over": _("This link has ended. Please call us and we will help."),
    "wrong_birth_date": _("That isn't the date of birth we have. Please try again."),
    "too_many_tries": _("Too many tries. Please wait a quarter of an hour, or call us."),
    "past_cutoff": _("It is too late to change this visit online. Please call us."),
    "slot_taken": _("Somebody else has just taken that time. Please choose another one."),
    "slot_held": _("Somebody else is booking that time right now. Please choose another one."),
    "slot_unavailable": _("That time isn't free any more. Please choose another one."),
    "undo_too_late": _("The visit can't be brought back any more. Please choose a new time."),
    "wrong_status": _("The visit has changed meanwhile. Please look at it again."),
    "patient_busy": _("You have another visit at that time. Please choose another one."),
    "not_open": _("This can't be booked online here. Please call us and we will help."),
    "wrong_code": _("That isn't the code that we sent. Please try again."),
    "code_over": _("This code has ended. Please choose a time again."),
    "too_many_bookings": _("Too many tries. Please wait an hour, or call us."),
    "too_young": _("This visit isn't for patients of that age. Please call us and we will help."),
    "too_old": _("This visit isn't for patients of that age. Please call us and we will help."),
    "wrong_sex": _("This visit isn't for this patient. Please call us and we will help."),
    "too_early": _("You can say that you are here from one hour before your visit."),
}
OTHERWISE = _("That didn't work. Nothing was changed: please call us and we will help.")


REASONS: dict[str, Promise] = {
    "no_longer_needed": _("I feel better"),
    "patient_request": _("The time no longer works"),
    "patient_unwell": _("I am too unwell to come"),
    "transport": _("I can't get there"),
    "other": _("Another reason"),
}
"""What a patient reads for the reasons that come with CareBridge; others stand as the clinics call them."""


def in_words(reason: CancellationReason) -> str:
    """A reason for cancelling in the reader's language."""
    return str(REASONS.get(reason.code) or translated(reason.label))


def sentence(error: DomainError) -> str:
    """The refusal in the reader's language. What staff are told may name colleagues or rules of the house."""
    return str(SENTENCES.get(error.code, OTHERWISE))
