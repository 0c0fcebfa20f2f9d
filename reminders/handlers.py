"""What reminders do when something happens to an appointment: rows only, in the change's own transaction."""

from __future__ import annotations

from dataclasses import replace

from django.db.models import Q
from django.utils import timezone

from carebridge.events import DomainEvent, handles, handles_after_commit
from reminders import jobs, planning, reasons, replanning, staff_messages
from reminders.kinds import AFTER_VISIT, BEFORE_VISIT, MISSED
from reminders.models import Kind, OutboxMessage, Reminder, State
from reminders.models.reminder import OPEN
from scheduling import events
from scheduling.models import Appointment, BookingInvitation, Cancellation, Status

KNOW_ANYWAY = (Status.PENDING, Status.CHECKED_IN)
"""Of a visit cancelled from these nobody needs a message: it never was firm, or its patient stands at the desk."""


@handles(events.AppointmentBooked, events.AppointmentConfirmed)
def plan_messages(event: events.AppointmentEvent) -> None:
    """A firm visit: everything it needs. A pending one gets nothing until it is confirmed, unless it is offered."""
    planning.plan_new(event)
    # Here and not in a handler of its own, whose savepoint would cost every booking two statements.
    _tell_staff_of_visit(event)


@handles(events.AppointmentRescheduled)
def plan_moved(event: events.AppointmentRescheduled) -> None:
    """Nothing more about the old time; word of the new one, and what leads up to it."""
    planning.withdraw(event.old_appointment_id, reasons.MOVED)
    planning.plan_new(event, announced_by=Kind.RESCHEDULED)
    _tell_staff_of_visit(event)


@handles(events.AppointmentCancelled)
def plan_cancelled(event: events.AppointmentCancelled) -> None:
    """Nothing more about the visit but that it is cancelled, once that can no longer be undone at a click."""
    planning.withdraw(event.appointment_id, reasons.CANCELLED)
    if event.before in KNOW_ANYWAY or event.status != Status.CANCELLED:
        return
    cancellation = Cancellation.objects.get(appointment=event.appointment_id, undone_at=None)
    visit = planning.Visit.of_event(event)
    now = max(timezone.now(), cancellation.effects_due_at)
    wanted = planning.drafts(visit, {Kind.CANCELLED}, now=now, told_at=cancellation.effects_due_at)
    planning.write(wanted)


@handles(events.CancellationUndone)
def plan_again(event: events.CancellationUndone) -> None:
    """As if it had never been cancelled; and word of that, if the patient was told so already."""
    told = planning.take_back(event.appointment_id, {Kind.CANCELLED})
    planning.revive(event.appointment_id, {reasons.CANCELLED}, now=timezone.now())
    if told:
        visit = planning.Visit.of_event(event)
        planning.write(planning.drafts(visit, {Kind.BOOKED}, now=timezone.now(), told_at=event.at))
    if event.status == Status.REQUIRES_REVIEW:
        planning.withdraw(event.appointment_id, reasons.IN_REVIEW)


@handles(events.AppointmentExpired)
def forget_lapsed(event: events.AppointmentExpired) -> None:
    """A time that was never firm: nothing is said."""
    planning.withdraw(event.appointment_id, reasons.EXPIRED)


@handles(events.AppointmentOffered)
def plan_offer(event: events.AppointmentOffered) -> None:
    """A time is kept for somebody who waits: they hear of it at once."""
    visit = planning.Visit.of_event(event)
    planning.write(planning.drafts(visit, {Kind.OFFER}, now=timezone.now(), told_at=event.at))


@handles(events.AttendanceConfirmed)
def ask_no_more(event: events.AttendanceConfirmed) -> None:
    """Who has said that they come is not asked again."""
    planning.withdraw(event.appointment_id, reasons.ALREADY_CONFIRMED, kinds={Kind.CONFIRM_REQUEST})


@handles(events.PatientCheckedIn, events.VisitStarted)
def stop_reminding(event: events.AppointmentEvent) -> None:
    """The patient is here: no reminder, and no word about a visit missed."""
    planning.withdraw(event.appointment_id, reasons.ARRIVED, kinds=BEFORE_VISIT | MISSED | {Kind.BOOKED})


@handles(events.VisitCompleted)
def plan_afterwards(event: events.VisitCompleted) -> None:
    """What is said after a visit: thanks, instructions, the next one to book."""
    planning.withdraw(event.appointment_id, reasons.COMPLETED)
    if event.status == Status.COMPLETED:
        visit = planning.Visit.of_event(event)
        planning.write(planning.drafts(visit, AFTER_VISIT, now=timezone.now()))


@handles(events.PatientDidNotAttend)
def plan_missed(event: events.PatientDidNotAttend) -> None:
    """Nobody came: we write the next morning, unless it turns out otherwise."""
    planning.withdraw(event.appointment_id, reasons.VISIT_OVER)
    if event.status == Status.NO_SHOW:
        visit = planning.Visit.of_event(event)
        planning.write(planning.drafts(visit, MISSED, now=timezone.now()))


@handles(events.StatusUndone)
def take_step_back(event: events.StatusUndone) -> None:
    """A step of the visit was a slip: what followed from it is withdrawn, what it stopped goes on."""
    planning.withdraw(event.appointment_id, reasons.UNDONE, kinds=AFTER_VISIT | MISSED)
    if event.status == Status.CONFIRMED:
        planning.revive(event.appointment_id, {reasons.ARRIVED, reasons.VISIT_OVER}, now=timezone.now())


@handles(events.ReviewRequired)
def wait_for_review(event: events.ReviewRequired) -> None:
    """Whether the visit stays is open: nobody is told to come to it."""
    planning.withdraw(event.appointment_id, reasons.IN_REVIEW)


@handles(events.ReviewResolved)
def go_on_after_review(event: events.ReviewResolved) -> None:
    """The visit stays as it was."""
    if event.status == Status.CONFIRMED:
        planning.revive(event.appointment_id, {reasons.IN_REVIEW}, now=timezone.now())


@handles(events.StartRederived)
def follow_the_law(event: events.StartRederived) -> None:
    """The same time on the clock is another instant: what was counted from it is counted again."""
    planning.follow_start(event.appointment_id, event.starts_at)
    replanning.replan(Appointment.objects.filter(pk=event.appointment_id), now=timezone.now())


@handles(events.PatientChanged)
def follow_the_patient(event: events.PatientChanged) -> None:
    """Two records were merged or parted: messages about the visit are the one's whose visit it is."""
    about = Reminder.objects.filter(appointment=event.appointment_id, patient__isnull=False)
    about.exclude(patient=event.patient_id).update(patient=event.patient_id)


@handles(events.PatientAnonymised)
def forget_the_person(event: events.PatientAnonymised) -> None:
    """Nothing is sent any more, and no copy of what was sent is kept."""
    theirs = Reminder.objects.filter(Q(patient=event.patient_id) | Q(appointment__patient=event.patient_id), user=None)
    OutboxMessage.objects.filter(key__in=theirs.values("key")).delete()
    theirs.filter(state__in=OPEN - {State.SENDING}).update(state=State.SUPPRESSED, reason=reasons.PATIENT_GONE)


def _tell_staff_of_visit(event: events.AppointmentEvent) -> None:
    """A visit more on today's list."""
    if event.status == Status.CONFIRMED and staff_messages.is_today(event):
        staff_messages.tell_of_change(event, doctor_ids=[event.doctor_id], due_at=event.at)


@handles(events.AppointmentRescheduled)
def tell_staff_of_gap(event: events.AppointmentRescheduled) -> None:
    """A visit less on the list it has left, if that was today's. Whoever hears of its new time needs no second word."""
    staff_messages.take_back_word(event.old_appointment_id)
    if (event.old_doctor_id, event.old_day) == (event.doctor_id, event.day):
        return
    old = Appointment.objects.get(pk=event.old_appointment_id)
    left = replace(
        event,
        appointment_id=old.pk,
        clinic_id=old.clinic_id,
        doctor_id=old.doctor_id,
        day=old.local_date,
        starts_at=old.starts_at,
        ends_at=old.ends_at,
        time_zone=old.time_zone,
    )
    if staff_messages.is_today(left):
        staff_messages.tell_of_change(left, doctor_ids=[old.doctor_id], due_at=event.at)


@handles(events.AppointmentCancelled)
def tell_staff_of_cancellation(event: events.AppointmentCancelled) -> None:
    """A visit less on today's list, once that stands."""
    staff_messages.take_back_word(event.appointment_id)
    if event.before != Status.PENDING and staff_messages.is_today(event):
        cancellation = Cancellation.objects.filter(appointment=event.appointment_id, undone_at=None).first()
        if cancellation:
            due_at = cancellation.effects_due_at
            staff_messages.tell_of_change(event, doctor_ids=[event.doctor_id], due_at=due_at)


@handles(events.CancellationUndone)
def say_nothing_to_staff(event: events.CancellationUndone) -> None:
    """Undone before anybody was told; or else told again, as a visit more."""
    told = Reminder.objects.filter(appointment=event.appointment_id, kind=Kind.STAFF_CHANGE, state=State.SENT).exists()
    staff_messages.take_back_word(event.appointment_id)
    if told and staff_messages.is_today(event):
        staff_messages.tell_of_change(event, doctor_ids=[event.doctor_id], due_at=event.at)


@handles(events.PatientInvited)
def plan_invitation(event: events.PatientInvited) -> None:
    """The patient gets the link by which to choose a time."""
    invitation = BookingInvitation.objects.select_related("clinic").get(pk=event.invitation_id)
    planning.plan_invitation(invitation, at=event.at)


@handles_after_commit(
    events.PatientInvited,
    events.AppointmentBooked,
    events.AppointmentConfirmed,
    events.AppointmentOffered,
    events.AppointmentRescheduled,
    events.AppointmentCancelled,
    events.CancellationUndone,
)
def send_soon(event: DomainEvent) -> None:
    """Word of a change is due at once."""
    jobs.nudge()


@handles_after_commit(events.CodeWanted)
def send_code(event: events.CodeWanted) -> None:
    """Somebody looks at a page and waits."""
    jobs.nudge(jobs.send_codes)
