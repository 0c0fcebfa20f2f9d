"""What scheduling refuses, each with a code for programs and a sentence for people."""

from __future__ import annotations

from carebridge.errors import Conflict, DomainError, InvalidInput, NotAllowed, NotFound


class SlotTaken(Conflict):
    """Somebody else has the doctor, the room or the equipment. `detail["nearest"]` holds up to three free times."""

    code = "slot_taken"
    message = "That time was taken a moment ago. Nothing was saved: choose one of the nearest free times."


class SlotHeld(Conflict):
    """Somebody else is booking this time right now. A hold that is refused carries `detail["nearest"]` too."""

    code = "slot_held"
    message = "A colleague is holding that time. Try another, or wait until the hold ends."


class SlotUnavailable(DomainError):
    """The schedule's rules exclude the time. `detail["reasons"]` lists every rule that does, as code and sentence."""

    code = "slot_unavailable"
    message = "That time can't be booked."


class PolicyRefused(DomainError):
    """A policy such as notice, eligibility or a cut-off says no. The code names the rule."""

    code = "policy_refused"


class WrongStatus(DomainError):
    """The appointment is not in a status from which this is possible."""

    code = "wrong_status"
    message = "The appointment's status doesn't allow this any more. Look at it again."


class StaleVersion(DomainError):
    """The caller's copy is older than the appointment (If-Match, or a screen left open)."""

    code = "stale_version"
    status = 412
    message = "The appointment was changed meanwhile. Nothing was saved: look at it again and retry."


class OverrideNotAllowed(NotAllowed):
    """The caller may not set rules aside, or gave no reason for it."""

    code = "override_not_allowed"
    message = "Setting a rule aside needs the permission for it, and a reason."


class HoldGone(Conflict):
    """The hold has expired, was released or belongs to somebody else."""

    code = "hold_gone"
    message = "Your hold on this time has ended. Check that it is still free and hold it again."


class HoldsUnavailable(Conflict):
    """Redis is down. Booking still works; only holding doesn't."""

    code = "holds_unavailable"
    status = 503
    message = "Times can't be held right now, but booking works and is safe."


class UndoTooLate(DomainError):
    """What should be undone is no longer the last thing that happened, or its effects have begun."""

    code = "undo_too_late"
    message = "This can't be undone any more."


class RosterConflict(DomainError):
    """The roster rows contradict each other, such as two clinics at the same time."""

    code = "roster_conflict"
    message = "These hours overlap other hours of the same person or room."


class DuplicatePatient(Conflict):
    """A patient with the same name and birth date is already registered."""

    code = "duplicate_patient"
    message = (
        "A patient with this name and birth date is already registered."
        " Use that record, or confirm it is another person."
    )


class ReferralKnown(InvalidInput):
    """A referral of this number is on file already."""

    code = "referral_known"
    message = "This referral is already recorded."

    def __init__(self) -> None:
        super().__init__(fields={"number": self.message})


class PmsNumberTaken(DomainError):
    """The number belongs to somebody else in the patient record system."""

    code = "pms_number_taken"
    message = "Another patient has this PMS number. Compare it once more."


class RecordsDiffer(DomainError):
    """Two records can't be one person's: they have visits at the same time. `detail["visits"]` holds the pairs."""

    code = "records_differ"


class RecordMerged(Conflict):
    """The patient's record was merged into another one a moment ago."""

    code = "record_merged"
    message = "This record was merged into another one a moment ago. Nothing was saved: open the patient again."


class IdempotencyMismatch(DomainError):
    """The Idempotency-Key was used before with another request."""

    code = "idempotency_mismatch"
    message = "This Idempotency-Key was already used for a different request. Use a new key."


class IdempotencyBusy(Conflict):
    """A request with the same Idempotency-Key is being answered right now."""

    code = "idempotency_busy"
    message = "The same request is still being worked on. Ask again in a moment."


__all__ = [
    "DuplicatePatient",
    "HoldGone",
    "HoldsUnavailable",
    "IdempotencyBusy",
    "IdempotencyMismatch",
    "InvalidInput",
    "OverrideNotAllowed",
    "PmsNumberTaken",
    "PolicyRefused",
    "RecordMerged",
    "RecordsDiffer",
    "ReferralKnown",
    "RosterConflict",
    "SlotHeld",
    "SlotTaken",
    "SlotUnavailable",
    "StaleVersion",
    "UndoTooLate",
    "WrongStatus",
]


class TooManyLookups(DomainError):
    """Somebody looked up more people of other clinics within an hour than anybody's work asks for."""

    code = "too_many_lookups"
    status = 429
    message = "Too many people were looked up in the last hour. Wait a while, or ask a clinic administrator."


class LinkUnknown(NotFound):
    """The address was not made here, or it is incomplete."""

    code = "link_unknown"
    message = "This link doesn't work. Look whether the whole address was copied, or call us."


class LinkOver(DomainError):
    """The link has done its work, was withdrawn, or is too old."""

    code = "link_over"
    status = 410
    message = "This link has ended. Call us and we will help."


class WrongBirthDate(DomainError):
    """Whoever follows the link gave another birth date than the patient's."""

    code = "wrong_birth_date"
    message = "That isn't the date of birth we have. Please try again."


class TooManyTries(DomainError):
    """Too many wrong birth dates: none is read for a while."""

    code = "too_many_tries"
    status = 429
    message = "Too many tries. Please wait a quarter of an hour, or call us."


class NotOpen(DomainError):
    """The clinic doesn't let the public do this with this type of visit."""

    code = "not_open"
    status = 404
    message = "This can't be booked online here. Call us and we will help."


class WrongCode(DomainError):
    """Another code than the one that was sent."""

    code = "wrong_code"
    message = "That isn't the code that we sent. Please try again."


class CodeOver(DomainError):
    """Too late, too many wrong codes, or used already."""

    code = "code_over"
    status = 410
    message = "This code has ended. Please choose a time again."


class TooManyBookings(DomainError):
    """More codes were asked for than anybody needs: by one address, or to one telephone or mailbox."""

    code = "too_many_bookings"
    status = 429
    message = "Too many tries. Please wait an hour, or call us."


class AlreadyHandled(Conflict):
    """A colleague was quicker."""

    code = "already_handled"
    message = "A colleague has dealt with this request already."
