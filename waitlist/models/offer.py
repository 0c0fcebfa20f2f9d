"""Whom a time was offered to, and how that was decided."""

from __future__ import annotations

from typing import TYPE_CHECKING, Self

from django.conf import settings
from django.db import models
from django.db.models import Q

from scheduling.models import Appointment
from waitlist.models.entry import Entry
from waitlist.models.freed import FreedSlot

if TYPE_CHECKING:
    from carebridge.accounts.models import User


class Decision(models.Model):
    """One look at who should be offered a time, with everything that it was made of, so that it can be made again.

    `candidates` holds the facts of everybody it suited, as `matching.stored` writes them, in the order in which they
    came; `skipped` why those before the chosen one were not offered it: entry id and code. `chosen` is empty when
    nobody was. Points and seed are those of that moment.
    """

    slot = models.ForeignKey(FreedSlot, on_delete=models.PROTECT, related_name="decisions")
    chosen = models.ForeignKey(Entry, on_delete=models.PROTECT, null=True, blank=True, related_name="decisions")
    candidates = models.JSONField()
    skipped = models.JSONField(default=list)
    points = models.JSONField()
    seed = models.CharField(max_length=64)
    made_at = models.DateTimeField()
    made_by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, null=True, related_name="+")
    reason = models.CharField(max_length=160, blank=True, help_text="Of a person who chose otherwise")

    class Meta:
        ordering = ["made_at", "id"]

    def __str__(self) -> str:
        return f"Decision {self.pk}"


class OfferState(models.TextChoices):
    APPROVAL = "approval", "Waits for a person to agree"
    SENT = "sent", "Waits for the patient"
    ACCEPTED = "accepted", "Accepted"
    DECLINED = "declined", "Declined"
    EXPIRED = "expired", "No answer in time"
    SKIPPED = "skipped", "Skipped by a person"
    WITHDRAWN = "withdrawn", "Withdrawn"


OPEN_OFFERS = (OfferState.APPROVAL, OfferState.SENT)


class OfferQuerySet(models.QuerySet["Offer"]):
    def visible_to(self, user: User) -> Self:
        """Offers at clinics whose waitlist the user may see."""
        from scheduling.permissions import clinic_ids_with
        from scheduling.roles import Permission

        return self.filter(slot__clinic__in=clinic_ids_with(user, Permission.SEE_WAITLIST))

    def open(self) -> Self:
        """Those that keep a time for somebody."""
        return self.filter(state__in=OPEN_OFFERS)


class Offer(models.Model):
    """A time kept for one person: `appointment` is pending for them until they answer or it lapses."""

    decision = models.OneToOneField(Decision, on_delete=models.PROTECT, related_name="offer")
    slot = models.ForeignKey(FreedSlot, on_delete=models.PROTECT, related_name="offers")
    entry = models.ForeignKey(Entry, on_delete=models.PROTECT, related_name="offers")
    appointment = models.OneToOneField(Appointment, on_delete=models.PROTECT, related_name="+")
    state = models.CharField(max_length=10, choices=OfferState.choices)
    needs = models.CharField(max_length=20, blank=True, help_text="Why a person must agree")
    made_at = models.DateTimeField()
    ended_at = models.DateTimeField(null=True, blank=True)
    ended_by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, null=True, related_name="+")
    reason = models.CharField(max_length=160, blank=True, help_text="Of a person who skipped or withdrew it")

    objects = OfferQuerySet.as_manager()

    class Meta:
        ordering = ["made_at", "id"]
        constraints = [
            models.UniqueConstraint(
                fields=["slot"], condition=Q(state__in=OPEN_OFFERS), name="waitlist_one_person_at_a_time"
            ),
            models.UniqueConstraint(fields=["slot", "entry"], name="waitlist_offered_once_to_each"),
            models.CheckConstraint(
                condition=Q(state__in=OPEN_OFFERS, ended_at__isnull=True)
                | (~Q(state__in=OPEN_OFFERS) & Q(ended_at__isnull=False)),
                name="waitlist_offer_ended_or_not",
            ),
        ]
        indexes = [models.Index(fields=["entry"], condition=Q(state__in=OPEN_OFFERS), name="waitlist_open_offers")]

    def __str__(self) -> str:
        return f"Offer {self.pk}"
