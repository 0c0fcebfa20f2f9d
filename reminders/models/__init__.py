"""The schema of reminders. Models hold fields, constraints, querysets and facts about themselves; no decisions."""

from reminders.models.contact import ContactBlock, Conversation, InboundMessage
from reminders.models.provider import OutboxMessage, ProviderHealth
from reminders.models.reminder import Attempt, Reminder, State
from reminders.models.rule import Kind, Medium, MessageText, Rule, RuleVersion
from reminders.models.staff import StaffWish

__all__ = [
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
]
