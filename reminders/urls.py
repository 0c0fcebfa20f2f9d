"""Staff screens of reminders, and the addresses that providers call."""

from __future__ import annotations

from django.urls import URLPattern, URLResolver, include, path

from reminders.views import calendar, effect, letters, narrower, operations, outbox, replies, rules, trial, wishes

app_name = "reminders"
urlpatterns: list[URLPattern | URLResolver] = [
    path("replies/", replies.replies, name="replies"),
    path("replies/<int:pk>/<slug:action>/", replies.act, name="reply-act"),
    path("messages/<uuid:key>/letter/", letters.letter, name="letter"),
    path("dev/outbox/", outbox.messages, name="outbox"),
    path("dev/outbox/<uuid:pk>/", outbox.message, name="outbox-message"),
    path("dev/outbox/<uuid:pk>/html/", outbox.html, name="outbox-html"),
    path("dev/outbox/<uuid:pk>/visit.ics", outbox.calendar, name="outbox-calendar"),
    path("reminders/mine/", wishes.my_messages, name="my-messages"),
    path("reminders/rules/", rules.rules, name="rules"),
    path("reminders/rules/<int:pk>/", rules.rule, name="rule"),
    path("reminders/rules/<int:pk>/switch/", rules.switch, name="rule-switch"),
    path("reminders/rules/<int:pk>/narrower/", narrower.narrower, name="rule-narrower"),
    path("reminders/rules/<int:pk>/trial/", trial.trial, name="rule-trial"),
    path("reminders/rules/<int:pk>/trial/mail/", trial.mail, name="rule-mail"),
    path("reminders/rules/<int:pk>/test/", trial.test, name="rule-test"),
    path("reminders/rules/<int:pk>/versions/<int:number>/", rules.version, name="rule-version"),
    path("reminders/rules/<int:pk>/versions/<int:number>/restore/", rules.restore, name="rule-restore"),
    path("reminders/tests/<uuid:key>/", trial.test_state, name="rule-test-state"),
    path("reminders/effect/", effect.effect, name="effect"),
    path("reminders/effect/export/", effect.export, name="effect-export"),
    path("reminders/", operations.operations, name="operations"),
    path("reminders/retry-all/", operations.retry_all, name="retry-all"),
    path("reminders/<int:pk>/<slug:action>/", operations.act, name="act"),
    path("reminders/visits/<str:reference>/", operations.appointment_panel, name="appointment_panel"),
    path("p/<str:token>/visit.ics", calendar.visit, name="patient-calendar"),
    path("webhooks/", include("reminders.webhooks.urls")),
]
