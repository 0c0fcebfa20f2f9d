"""Free times. Search and booking share this code: what search offers, booking accepts, and for the same reasons."""

from scheduling.availability.assessment import Allotment, Assessment, assess, fresh_facts
from scheduling.availability.catalogue import load_plan
from scheduling.availability.explain import Check, Explanation, explain_slot, nearest_slots
from scheduling.availability.plan import VisitPlan
from scheduling.availability.ruled_out import RuledOut, ruled_out
from scheduling.availability.search import Slot, SlotSearch, count_days, find_slots, first_available

__all__ = [
    "Allotment",
    "Assessment",
    "Check",
    "Explanation",
    "RuledOut",
    "Slot",
    "SlotSearch",
    "VisitPlan",
    "assess",
    "count_days",
    "explain_slot",
    "find_slots",
    "first_available",
    "fresh_facts",
    "load_plan",
    "nearest_slots",
    "ruled_out",
]
