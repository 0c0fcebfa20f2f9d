"""Filters of the list that somebody keeps for themselves."""

from __future__ import annotations

from django.conf import settings
from django.db import models


class SavedFilter(models.Model):
    """One way in which a person narrows the list again and again. Never words: they may be somebody's name."""

    owner = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="+")
    name = models.CharField(max_length=40)
    query = models.CharField(max_length=200, help_text="As in the address of the list: clinic=3&urgency=2")

    class Meta:
        ordering = ["name"]
        constraints = [models.UniqueConstraint(fields=["owner", "name"], name="waitlist_filter_named_once")]

    def __str__(self) -> str:
        return f"Filter {self.pk}"
