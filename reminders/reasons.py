"""Why a message was not sent, or failed: the codes that rows keep, and the words that screens show."""

from __future__ import annotations

from collections.abc import Mapping

CANCELLED = "cancelled"
MOVED = "moved"
COMPLETED = "completed"
ARRIVED = "arrived"
EXPIRED = "expired"
IN_REVIEW = "in_review"
UNDONE = "undone"
SAID_IN_ANSWER = "said_in_answer"
ALREADY_CONFIRMED = "already_confirmed"
BOOKED_AGAIN = "booked_again"
BLOCKED_BY_HAND = "blocked_by_hand"
OPTED_OUT = "opted_out"
NO_CONSENT = "no_consent"
NO_CONTACT = "no_contact"
NO_TIME_LEFT = "no_time_left"
CONFIRMATION_SAYS_IT = "confirmation_says_it"
RULE_OFF = "rule_off"
RULE_CHANGED = "rule_changed"
VISIT_OVER = "visit_over"
WORDING_ERROR = "wording_error"
PROVIDER_REFUSED = "provider_refused"
TOO_MANY_TRIES = "too_many_tries"
PATIENT_GONE = "patient_gone"
SCREEN_OPEN = "screen_open"
NOT_WANTED = "not_wanted"
INVITATION_OVER = "invitation_over"

WORDS: Mapping[str, str] = {
    CANCELLED: "The visit was cancelled",
    MOVED: "The visit was moved to another time",
    COMPLETED: "The visit has taken place",
    ARRIVED: "The patient is here",
    EXPIRED: "The visit was never confirmed and has lapsed",
    IN_REVIEW: "The visit is in review; it goes out if the visit stays",
    UNDONE: "What it told of was taken back",
    SAID_IN_ANSWER: "The patient was told in the answer to their message",
    ALREADY_CONFIRMED: "The patient has said that they will come",
    BOOKED_AGAIN: "The patient has a later visit for the same service",
    BLOCKED_BY_HAND: "Somebody blocked it",
    OPTED_OUT: "The patient asked for no messages",
    NO_CONSENT: "The patient has not agreed to messages this way",
    NO_CONTACT: "There is no number or address to write to",
    INVITATION_OVER: "The invitation was used or withdrawn",
    NO_TIME_LEFT: "No time to send it was left before the visit",
    CONFIRMATION_SAYS_IT: "Booked so late that the confirmation says it",
    RULE_OFF: "Its rule was switched off",
    RULE_CHANGED: "Its rule was changed; planned anew",
    VISIT_OVER: "The visit is over",
    WORDING_ERROR: "Its text could not be made",
    PROVIDER_REFUSED: "The provider refused it",
    TOO_MANY_TRIES: "It was tried too often",
    PATIENT_GONE: "The patient's record was anonymised",
    SCREEN_OPEN: "The person had the schedule open",
    NOT_WANTED: "The person doesn't want such messages",
}


def words_for(code: str) -> str:
    """The sentence for a code, without full stop; the code itself if it is not one of ours (a provider's)."""
    return WORDS.get(code, code)
