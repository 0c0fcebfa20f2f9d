"""The form that says when a rule's message goes out, by which way and in which words. It understands input only."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from django import forms
from django.forms import BoundField

from reminders import placeholders
from reminders.kinds import AFTER_VISIT, BEFORE_VISIT, MISSED
from reminders.messages import Draft, WordingError
from reminders.models import Kind, Medium, Rule, RuleVersion
from reminders.models.rule import TO_STAFF
from reminders.rule_changes import MOST_DAYS, MOST_MINUTES, MOST_MONTHS, Terms, Words
from reminders.segments import Length, length_of
from reminders.wording import DEFAULT, LANGUAGES, Text, wording_in
from scheduling.forms import StyledForm
from scheduling.views.roster_form import ClockInput

LONGEST = {Medium.SMS: 600, Medium.EMAIL: 6000, Medium.LETTER: 6000}
WAYS = ("first", "second", "third")
AS_THEY_ARE = ("is_active", "at_time", "quiet_from", "quiet_until", "latest_minutes_before", "skip_when_booked_within")
"""Fields that say the same in the form and in a version."""
ANY_MEDIUM = [("", "No other"), *Medium.choices]


class RuleForm(StyledForm):
    """Days and minutes are typed without a sign: the kind says on which side of the visit they lie."""

    is_active = forms.BooleanField(label="Messages of this rule are sent", required=False)
    months = forms.IntegerField(label="Months after the visit", required=False, min_value=0, max_value=MOST_MONTHS)
    days = forms.IntegerField(min_value=0, max_value=MOST_DAYS, initial=0)
    minutes = forms.IntegerField(min_value=0, max_value=MOST_MINUTES, initial=0)
    at_time = forms.TimeField(label="At", required=False, widget=ClockInput())
    quiet_from = forms.TimeField(label="Quiet from", widget=ClockInput())
    quiet_until = forms.TimeField(label="until", widget=ClockInput())
    latest_minutes_before = forms.IntegerField(label="Latest, minutes before the visit", min_value=0, max_value=20160)
    skip_when_booked_within = forms.IntegerField(
        label="Leave out when booked less than so many minutes before it would go", min_value=0, max_value=20160
    )
    first = forms.ChoiceField(
        label="First by", required=False, choices=[("", "What the patient prefers"), *Medium.choices]
    )
    second = forms.ChoiceField(label="Then by", required=False, choices=ANY_MEDIUM)
    third = forms.ChoiceField(label="At last by", required=False, choices=ANY_MEDIUM)

    def __init__(self, *args: Any, kind: str, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.kind = kind
        if not self.is_after:
            del self.fields["months"]
        side = "before the visit" if self.is_before else "after the visit" if self.is_after else "later"
        self.fields["days"].label, self.fields["minutes"].label = f"Days {side}", f"and minutes {side}"
        self.fields["at_time"].help_text = "Empty: at the same time of day"
        self.fields["skip_when_booked_within"].help_text = "0: never. A day has 1440"
        for language, medium in places(kind):
            given = wording_in(language).text(kind, medium)
            body, subject = names(language, medium)
            self.fields[body] = _text_field(language, medium, given)
            if medium != Medium.SMS:
                self.fields[subject] = _subject_field(language, given)

    @property
    def is_before(self) -> bool:
        return self.kind in BEFORE_VISIT or self.kind == Kind.STAFF_TOMORROW

    @property
    def is_after(self) -> bool:
        return self.kind in AFTER_VISIT | MISSED

    def clean(self) -> dict[str, Any]:
        """The texts one by one, so that each error stands beside its own."""
        data = super().clean() or {}
        for language, medium in places(self.kind):
            body, subject = names(language, medium)
            if data.get(subject) and not data.get(body):
                self.add_error(body, "Write the text that belongs to this subject, or leave both empty.")
            self._check(body, lambda text, medium=medium: placeholders.check_text(text, medium))
            self._check(subject, placeholders.check_subject)
        media = [data.get(each, "") for each in WAYS]
        if "" in media and any(media[media.index("") :]):
            self.add_error("first", "Name the ways in order, the first one first.")
        return data

    def _check(self, name: str, check: Any) -> None:
        if text := self.cleaned_data.get(name):
            try:
                check(text)
            except WordingError as refused:
                self.add_error(name, refused.message)

    def terms(self) -> Terms:
        """What was typed, as the command takes it."""
        data = self.cleaned_data
        sign = -1 if self.is_before else 1
        return Terms(
            months=data.get("months") or 0,
            days=sign * data["days"],
            minutes=sign * data["minutes"],
            media=tuple(data[each] for each in WAYS if data.get(each)),
            **{each: data[each] for each in AS_THEY_ARE},
        )

    def texts(self) -> list[Words]:
        """The texts of one's own."""
        data = self.cleaned_data
        return [
            Words(language=language, medium=medium, body=data[body], subject=data.get(subject, ""))
            for language, medium in places(self.kind)
            for body, subject in [names(language, medium)]
            if data.get(body)
        ]

    def draft(self) -> Draft:
        """The texts as a message is made of them."""
        return Draft(self.kind, {(each.language, each.medium): Text(each.subject, each.body) for each in self.texts()})

    def version(self, rule: Rule) -> RuleVersion:
        """What was typed as a version of the rule, unsaved."""
        terms = self.terms()
        return RuleVersion(rule=rule, **{**vars(terms), "media": list(terms.media)})

    def languages(self) -> Iterator[LanguageTexts]:
        """The text fields by language, for the template."""
        for language in dict.fromkeys(language for language, _ in places(self.kind)):
            fields = [TextFields(self, *place) for place in places(self.kind) if place[0] == language]
            yield LanguageTexts(language, wording_in(language).name, wording_in(language).direction, fields)


@dataclass(frozen=True)
class TextFields:
    """The fields of one text."""

    form: RuleForm
    language: str
    medium: Medium

    @property
    def body(self) -> BoundField:
        return self.form[names(self.language, self.medium)[0]]

    @property
    def subject(self) -> BoundField | None:
        return None if self.medium == Medium.SMS else self.form[names(self.language, self.medium)[1]]

    @property
    def is_own(self) -> bool:
        return bool(self.body.value())

    @property
    def length(self) -> Length | None:
        """About how long an SMS gets: with a value of usual length in each place."""
        if self.medium != Medium.SMS:
            return None
        given = wording_in(self.language).text(self.form.kind, self.medium).body
        return length_of(placeholders.filled_roughly(self.body.value() or given))


@dataclass(frozen=True)
class LanguageTexts:
    """The texts of one language."""

    code: str
    name: str
    direction: str
    texts: list[TextFields]

    @property
    def own(self) -> int:
        return sum(each.is_own for each in self.texts)

    @property
    def has_errors(self) -> bool:
        return any(each.body.errors or (each.subject and each.subject.errors) for each in self.texts)


def values_of(version: RuleVersion) -> Mapping[str, Any]:
    """What the form shows of a saved version."""
    values = {each: getattr(version, each) for each in AS_THEY_ARE}
    values |= {"months": version.months, "days": abs(version.days), "minutes": abs(version.minutes)}
    values |= dict(zip(WAYS, version.media, strict=False))
    for text in version.texts.all():
        body, subject = names(text.language, text.medium)
        values |= {body: text.body, subject: text.subject}
    return values


def places(kind: str) -> list[tuple[str, Medium]]:
    """The languages and media in which a kind is written: to staff in English, and no letters."""
    if kind in TO_STAFF:
        return [(DEFAULT, Medium.SMS), (DEFAULT, Medium.EMAIL)]
    return [(language, medium) for language in LANGUAGES for medium in Medium]


def names(language: str, medium: str) -> tuple[str, str]:
    """The names of the fields for a text's body and subject."""
    return f"text_{language}_{medium}", f"subject_{language}_{medium}"


def _text_field(language: str, medium: Medium, given: Text) -> forms.CharField:
    attrs = {"rows": 3 if medium == Medium.SMS else 5, "placeholder": given.body, "lang": language, "dir": "auto"}
    return forms.CharField(
        label=medium.label, required=False, max_length=LONGEST[medium], widget=forms.Textarea(attrs=attrs)
    )


def _subject_field(language: str, given: Text) -> forms.CharField:
    attrs = {"placeholder": given.subject, "lang": language, "dir": "auto"}
    return forms.CharField(label="Subject", required=False, max_length=160, widget=forms.TextInput(attrs=attrs))
