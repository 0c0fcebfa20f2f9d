"""What must hold of offers at every instant, asked of the rows and not of the code that wrote them."""

from __future__ import annotations

from tests.concurrency.checks import IN_NO_SLOT_OR_IN_TWO, TWICE_AT_ONCE, number

KEPT_FOR_NOBODY = """
    SELECT count(*) FROM scheduling_appointment v WHERE v.status = 'pending' AND v.channel = 'waitlist'
       AND NOT EXISTS (SELECT FROM waitlist_offer o WHERE o.appointment_id = v.id AND o.ended_at IS NULL)
"""
OFFERED_BUT_NOT_KEPT = """
    SELECT count(*) FROM waitlist_offer o JOIN scheduling_appointment v ON v.id = o.appointment_id
      JOIN waitlist_freedslot s ON s.id = o.slot_id
     WHERE o.ended_at IS NULL AND (v.status <> 'pending' OR v.expires_at IS NULL OR s.state <> 'offered')
"""
OFFERED_TO_NOBODY = """
    SELECT count(*) FROM waitlist_freedslot s WHERE s.state = 'offered'
       AND NOT EXISTS (SELECT FROM waitlist_offer o WHERE o.slot_id = s.id AND o.ended_at IS NULL)
"""
ACCEPTED_TWICE = """
    SELECT count(*) FROM (SELECT slot_id FROM waitlist_offer WHERE state = 'accepted'
                           GROUP BY slot_id HAVING count(*) > 1) twice
"""
ACCEPTED_BY_HALVES = """
    SELECT count(*) FROM waitlist_offer o JOIN scheduling_appointment v ON v.id = o.appointment_id
      JOIN waitlist_freedslot s ON s.id = o.slot_id JOIN waitlist_entry e ON e.id = o.entry_id
     WHERE o.state = 'accepted'
       AND (v.status IN ('pending', 'expired') OR s.state <> 'filled' OR e.status <> 'closed')
"""
ENDED_BUT_STILL_KEPT = """
    SELECT count(*) FROM waitlist_offer o JOIN scheduling_appointment v ON v.id = o.appointment_id
     WHERE o.state IN ('declined', 'expired', 'skipped', 'withdrawn') AND v.status NOT IN ('expired', 'cancelled')
"""
NOT_TOLD = """
    SELECT count(*) FROM waitlist_offer o
     WHERE o.state IN ('sent', 'accepted')
       AND NOT EXISTS (SELECT FROM reminders_reminder m WHERE m.appointment_id = o.appointment_id AND m.kind =
                       ANY(CASE o.state WHEN 'sent' THEN '{offer}' ELSE '{booked,rescheduled}'::varchar[] END))
"""
FREED_AND_FORGOTTEN = """
    SELECT count(*) FROM scheduling_appointment v
     WHERE (v.status = 'rescheduled' OR v.status = 'cancelled' AND EXISTS (
                SELECT FROM scheduling_cancellation c WHERE c.appointment_id = v.id AND c.undone_at IS NULL))
       AND NOT EXISTS (SELECT FROM waitlist_freedslot s WHERE s.appointment_id = v.id AND s.state <> 'withdrawn')
"""
MOVED_BY_HALVES = """
    SELECT count(*) FROM scheduling_appointment old WHERE old.status = 'rescheduled'
       AND NOT EXISTS (SELECT FROM scheduling_appointment v WHERE v.moved_from_id = old.id)
"""
UNHEARD = "SELECT count(*) FROM scheduling_handlerfailure"

PROMISES = {
    "a time is kept for nobody": KEPT_FOR_NOBODY,
    "what is offered isn't kept": OFFERED_BUT_NOT_KEPT,
    "a time is set aside and nobody has it": OFFERED_TO_NOBODY,
    "a time is accepted twice": ACCEPTED_TWICE,
    "a yes is half done": ACCEPTED_BY_HALVES,
    "a time stays kept after its offer": ENDED_BUT_STILL_KEPT,
    "a message was not written": NOT_TOLD,
    "a time that came free is forgotten": FREED_AND_FORGOTTEN,
    "a visit was given up for none": MOVED_BY_HALVES,
    "a visit holds no time, or two": IN_NO_SLOT_OR_IN_TWO,
    "a doctor has two at once": TWICE_AT_ONCE,
    "an event went unheard": UNHEARD,
}


def broken_promises() -> list[str]:
    """In words, whatever should never be so and is."""
    return [words for words, sql in PROMISES.items() if number(sql)]
