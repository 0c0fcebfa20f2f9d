"""Free times. Search and booking share this code: what search offers, booking accepts, and for the same reasons."""

from scheduling.availability.assessment import (
    Allotment,
    Assessment,
    assess,
    booked_already,
    fresh_facts,
    fresh_source,
)
from scheduling.availability.catalogue import load_plan
from scheduling.availability.explain import Check, Explanation, explain_slot, nearest_slots
from scheduling.availability.facts import FactSource
from scheduling.availability.month import MonthOfTimes, find_month
from scheduling.availability.plan import VisitPlan
from scheduling.availability.ruled_out import RuledOut, ruled_out
from scheduling.availability.search import Slot, count_days, find_slots, find_slots_of_types, first_available
from scheduling.availability.wanted import SlotSearch, TimesOfDay

__all__ = [
    "Allotment",
    "Assessment",
    "Check",
    "Explanation",
    "FactSource",
    "MonthOfTimes",
    "RuledOut",
    "Slot",
    "SlotSearch",
    "TimesOfDay",
    "VisitPlan",
    "assess",
    "booked_already",
    "count_days",
    "explain_slot",
    "find_month",
    "find_slots",
    "find_slots_of_types",
    "first_available",
    "fresh_facts",
    "fresh_source",
    "load_plan",
    "nearest_slots",
    "ruled_out",
]
