"""The schema of reminders. Models hold fields, constraints, querysets and facts about themselves; no decisions."""

from reminders.models.contact import ContactBlock, Conversation, InboundMessage
from reminders.models.provider import OutboxMessage, ProviderHealth, TrialMessage
from reminders.models.reminder import OPEN, Attempt, Reminder, State
from reminders.models.rule import TO_STAFF, Kind, Medium, MessageText, Rule, RuleVersion
from reminders.models.staff import StaffWish

__all__ = [
    "OPEN",
    "TO_STAFF",
    "Attempt",
    "ContactBlock",
    "Conversation",
    "InboundMessage",
    "Kind",
    "Medium",
    "MessageText",
    "OutboxMessage",
    "ProviderHealth",
    "Reminder",
    "Rule",
    "RuleVersion",
    "StaffWish",
    "State",
    "TrialMessage",
]
