"""Questions before the visit, answered by its patient."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from django import forms
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods

from scheduling.links import live_visit
from scheduling.models.question import LONGEST_ANSWER, Question
from scheduling.questions import Asked, answer_questions, asked_of, choices_of
from scheduling.translations import translated
from scheduling.views.self_service.door import Visitor, page, visit_page
from scheduling.views.self_service.shown import ShownVisit


class QuestionsForm(forms.Form):
    """A field for each question, named `question-<id>`."""

    def __init__(self, asked: Sequence[Asked], data: object = None) -> None:
        super().__init__(data)  # type: ignore[arg-type]
        self.asked = asked
        self.fields = {f"question-{each.question.pk}": _field(each) for each in asked}

    def answers(self) -> dict[int, str]:
        """What was answered, by question id."""
        return {each.question.pk: self.cleaned_data[f"question-{each.question.pk}"] for each in self.asked}


def _field(asked: Asked) -> forms.Field:
    question = asked.question
    about: dict[str, Any] = {
        "label": translated(question.text),
        "required": question.is_required,
        "initial": asked.answer,
        "error_messages": {"required": _("Please answer this.")},
    }
    if offered := choices_of(question):
        words = {"yes": _("Yes"), "no": _("No")} if question.kind == Question.Kind.YES_NO else {}
        shown = [(each, words.get(each) or translated(each)) for each in offered]
        return forms.ChoiceField(**about, choices=shown, widget=forms.RadioSelect)
    return forms.CharField(**about, max_length=LONGEST_ANSWER, widget=forms.Textarea(attrs={"rows": 3, "dir": "auto"}))


@require_http_methods(["GET", "HEAD", "POST"])
@visit_page
def answer(request: HttpRequest, visitor: Visitor) -> HttpResponse:
    """All questions on one page, with what was answered before."""
    visit = live_visit(visitor.link)
    form = QuestionsForm(asked_of(visit), request.POST if request.method == "POST" else None)
    if form.is_valid():
        answer_questions(appointment=visit, answers=form.answers())
        return redirect("scheduling:patient-link", token=visitor.token)
    shown = ShownVisit(visit, visitor.language, visitor.now)
    context = {"form": form, "shown": shown, "clinic": visit.clinic}
    return page(request, visitor, "questions", context, status=422 if form.errors else 200)
