"""What somebody who works here wants to be told, and by which way: each for themselves."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from django import forms
from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods

from carebridge.accounts.models import User
from carebridge.errors import InvalidInput
from carebridge.http import StaffRequest
from reminders.models import Kind, Medium, StaffWish
from reminders.staff_messages import reachable_mobile, wish_for, wish_no_more
from scheduling.forms import StyledForm

WAYS = [("", "Don’t tell me"), (Medium.EMAIL.value, Medium.EMAIL.label), (Medium.SMS.value, Medium.SMS.label)]
KINDS = (Kind.STAFF_CHANGE, Kind.STAFF_TOMORROW)


class WishesForm(StyledForm):
    """A way for each kind of message, and the number for those by SMS. Fields are named by kind."""

    staff_change = forms.ChoiceField(
        choices=WAYS,
        required=False,
        label="A change to today’s list",
        help_text="When a visit on your list, or on one you look after, changes and you have no screen open.",
    )
    staff_tomorrow = forms.ChoiceField(
        choices=WAYS, required=False, label="Tomorrow’s list", help_text="In the evening, when there are visits on it."
    )
    mobile = forms.CharField(
        max_length=20,
        required=False,
        label="Mobile number",
        help_text="For SMS, such as +44 7700 900461.",
        widget=forms.TextInput(attrs={"type": "tel", "autocomplete": "tel"}),
    )

    def clean(self) -> dict[str, Any]:
        """An SMS needs a number that can be reached; it is kept in E.164."""
        data = super().clean() or {}
        if Medium.SMS not in (data.get(kind.value) for kind in KINDS):
            return data
        try:
            data["mobile"] = reachable_mobile(data.get("mobile", ""))
        except InvalidInput as refused:
            self.add_error("mobile", refused.fields["mobile"])
        return data

    def wishes(self) -> Iterator[tuple[Kind, str, str]]:
        """Each kind with its medium, or "", and the number that goes with it."""
        for kind in KINDS:
            medium = self.cleaned_data[kind.value]
            yield kind, medium, self.cleaned_data["mobile"] if medium == Medium.SMS else ""


@login_required
@never_cache
@require_http_methods(["GET", "POST"])
def my_messages(request: StaffRequest) -> HttpResponse:
    """The wishes of whoever is signed in; there is no page for anybody else's."""
    held = {wish.kind: wish for wish in StaffWish.objects.filter(user=request.user)}
    form = WishesForm(request.POST or None, initial=_initial(held))
    if request.method == "POST" and form.is_valid():
        _save(form, held, request.user)
        messages.success(request, "Your wishes are saved.")
        return redirect("reminders:my-messages")
    return render(request, "reminders/my_messages.html", {"form": form}, status=422 if form.errors else 200)


def _initial(held: dict[str, StaffWish]) -> dict[str, str]:
    number = next((wish.mobile for wish in held.values() if wish.mobile), "")
    return {"mobile": number} | {kind: wish.medium for kind, wish in held.items()}


def _save(form: WishesForm, held: dict[str, StaffWish], user: User) -> None:
    """Carry out what differs; a wish left as it was leaves no row in the trail."""
    for kind, medium, mobile in form.wishes():
        before = held.get(kind)
        if medium and (before is None or (before.medium, before.mobile) != (medium, mobile)):
            wish_for(user=user, kind=kind, medium=medium, mobile=mobile, by=user)
        elif before is not None and not medium:
            wish_no_more(user=user, kind=kind, by=user)
