"""What the waitlist keeps: who waits, which time came free, whom it was offered to, and why."""

from waitlist.models.entry import (
    GIVEN_UP_FOR_AN_EARLIER,
    NO_VISIT_ANY_MORE,
    Contact,
    Entry,
    EntryStatus,
    OtherClinic,
    Outcome,
    Urgency,
)
from waitlist.models.freed import Cause, FreedSlot, SlotState
from waitlist.models.offer import Decision, Offer, OfferState
from waitlist.models.saved_filter import SavedFilter
from waitlist.models.sheet import ImportBatch, ImportRow, RowState
from waitlist.models.terms import ClinicTerms, Grouping, terms_of

__all__ = [
    "GIVEN_UP_FOR_AN_EARLIER",
    "NO_VISIT_ANY_MORE",
    "Cause",
    "ClinicTerms",
    "Contact",
    "Decision",
    "Entry",
    "EntryStatus",
    "FreedSlot",
    "Grouping",
    "ImportBatch",
    "ImportRow",
    "Offer",
    "OfferState",
    "OtherClinic",
    "Outcome",
    "RowState",
    "SavedFilter",
    "SlotState",
    "Urgency",
    "terms_of",
]
