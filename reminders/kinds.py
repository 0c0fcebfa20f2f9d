"""When in a visit's life each kind of message has its place: what its moment counts from, and what ends its sense."""

from __future__ import annotations

from reminders.models import Kind

BEFORE_VISIT = frozenset({Kind.PREPARATION, Kind.UPCOMING, Kind.CONFIRM_REQUEST, Kind.SAME_DAY})
"""Counted from the start of the visit, and pointless once it has begun."""
AFTER_VISIT = frozenset({Kind.THANKS, Kind.FOLLOW_UP, Kind.RECALL, Kind.FEEDBACK})
"""Counted from its end, and only said if it took place."""
TO_BOOK = frozenset({Kind.FOLLOW_UP, Kind.RECALL})
"""Asks the patient to book, which whoever has a later visit for the same service need not."""
MISSED = frozenset({Kind.NO_SHOW})
"""Counted from its end, and only said if nobody came."""
TELLING = frozenset({Kind.BOOKED, Kind.RESCHEDULED, Kind.CANCELLED, Kind.OFFER, Kind.INVITATION, Kind.STAFF_CHANGE})
"""Counted from the event they tell of."""
CANNOT_WAIT = frozenset({Kind.RESCHEDULED, Kind.CANCELLED})
"""Without it somebody comes in vain: where no time is left to write, a person must call."""
JOINED = BEFORE_VISIT | {Kind.BOOKED}
"""Said once for all visits of a patient on one day at one clinic."""
