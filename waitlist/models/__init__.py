"""What the waitlist keeps: who waits, which time came free, whom it was offered to, and why."""

from waitlist.models.entry import Entry, EntryStatus, OtherClinic, Outcome, Urgency
from waitlist.models.freed import Cause, FreedSlot, SlotState
from waitlist.models.offer import Decision, Offer, OfferState
from waitlist.models.sheet import ImportBatch, ImportRow, RowState
from waitlist.models.terms import ClinicTerms, terms_of

__all__ = [
    "Cause",
    "ClinicTerms",
    "Decision",
    "Entry",
    "EntryStatus",
    "FreedSlot",
    "ImportBatch",
    "ImportRow",
    "Offer",
    "OfferState",
    "OtherClinic",
    "Outcome",
    "RowState",
    "SlotState",
    "Urgency",
    "terms_of",
]
